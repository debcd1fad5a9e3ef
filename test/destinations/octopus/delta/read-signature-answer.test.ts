import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { readSignatureAnswer } from '../../../../pipe/destinations/octopus/delta/read-signature-answer.ts';
import { type Signature, SignatureParser } from '../../../../pipe/destinations/octopus/delta/signature.ts';
import { signatureOf } from '../../../sandbox/octopus-delta.ts';

const bytes = signatureOf(randomBytes(200_000), { rollingChecksum: 'Adler32', chunkBytes: 2048 });
const parser = new SignatureParser();
parser.add(bytes);
const expected = parser.end();
const base64 = bytes.toString('base64');

/** Without the room for more, whose bytes are not set. */
function usedOf({ sums, hashes, ...others }: Signature): string {
  const used = [sums.subarray(0, others.count).join(), hashes.toString('hex', 0, others.count * 20)];
  return JSON.stringify({ ...others, used });
}

async function* pieces(text: string, length: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < text.length; start += length)
    yield await Promise.resolve(Buffer.from(text.slice(start, start + length)));
}

describe.each([1, 3, 7, 1000, 1e6])('in pieces of %d bytes', (length) => {
  it.each([
    ['plain', `{"Signature":"${base64}","BaseVersion":"1.0"}`],
    ['with spaces, at the end', `{ "BaseVersion" : "1.0" , "Signature" :\n"${base64}" }`],
    [
      'escaped',
      `{"Signature":"${base64.replaceAll('+', '\\u002B').replaceAll('/', '\\/').replaceAll('=', '\\u003d')}","BaseVersion":"1.0"}`,
    ],
  ])('a signature is read, %s', async (_, text) => {
    const read = await readSignatureAnswer(pieces(text, length));
    expect(read === undefined ? '' : usedOf(read.signature)).toBe(usedOf(expected));
    expect(JSON.parse(read?.document.toString() ?? '')).toEqual({ Signature: '', BaseVersion: '1.0' });
  });
});

it.each([
  ['nothing', ''],
  ['another document', '{"Signatures":"x"}'],
  ['another long document', `{"a":"${'x'.repeat(100_000)}"}`],
  ['one that is cut off', `{"Signature":"${base64}`],
  ['no base64', '{"Signature":"<html>"}'],
  ['something else in base64', '{"Signature":"AAAA"}'],
  ['too much beside it', `{"Signature":"${base64}","x":"${'x'.repeat(100_000)}"}`],
])('%s is refused', async (_, text) => {
  await expect(readSignatureAnswer(pieces(text, 5000))).rejects.toThrow(/the (?:answer has no )?signature/);
});

it('one of a package of more than 1.9 GB is not read', async () => {
  expect(await readSignatureAnswer(endless())).toBeUndefined();
});

async function* endless(): AsyncGenerator<Uint8Array> {
  const entries = Buffer.alloc(26 * 30_000);
  for (let start = 0; start < entries.length; start += 26) entries.writeUInt16LE(2048, start);
  const head = signatureOf(Buffer.alloc(2048), { rollingChecksum: 'Adler32', chunkBytes: 2048 });
  yield await Promise.resolve(
    Buffer.from(`{"Signature":"${head.subarray(0, -26).toString('base64').replaceAll('=', '')}`),
  );
  for (;;) yield Buffer.from(entries.toString('base64'));
}
