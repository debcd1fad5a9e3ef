import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { deltaBody, deltaBytes } from '../../../../pipe/destinations/octopus/delta/delta-body.ts';
import { type DeltaPart, findDelta } from '../../../../pipe/destinations/octopus/delta/find-delta.ts';
import { type Signature, SignatureParser } from '../../../../pipe/destinations/octopus/delta/signature.ts';
import { InputError } from '../../../../pipe/errors.ts';
import { fileBody, fingerprintOf, type SourceFile } from '../../../../pipe/io/source-file.ts';
import { applyDelta, signatureOf } from '../../../sandbox/octopus-delta.ts';

let directory = '';
const { signal } = new AbortController();

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'delta-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

async function sourceOf(content: Buffer): Promise<SourceFile> {
  const absolutePath = join(directory, 'new');
  writeFileSync(absolutePath, content);
  const stats = await stat(absolutePath, { bigint: true });
  return { path: 'new', absolutePath, size: content.length, fingerprint: fingerprintOf(stats) };
}

/** Reads it in pieces of odd lengths. */
function parseSignature(bytes: Buffer): Signature {
  const parser = new SignatureParser();
  for (let start = 0; start < bytes.length; start += 1001) parser.add(bytes.subarray(start, start + 1001));
  return parser.end();
}

interface Made {
  readonly parts: readonly DeltaPart[];
  readonly bytes: number;
}

/** Makes the delta, and checks that the server would make the new file of it. */
async function delta(
  base: Buffer,
  content: Buffer,
  form: Partial<Parameters<typeof signatureOf>[1]> = {},
): Promise<Made> {
  const file = await sourceOf(content);
  const signature = parseSignature(signatureOf(base, { rollingChecksum: 'Adler32', chunkBytes: 2048, ...form }));
  const parts = (await findDelta(fileBody(file), signature, signal)) ?? [];
  const body = deltaBody(file, parts, createHash('sha1').update(content).digest('hex'));
  const chunks: Buffer[] = [];
  for await (const chunk of body.open()) chunks.push(Buffer.from(chunk));
  const made = Buffer.concat(chunks);
  expect([made.length, deltaBytes(parts)]).toEqual([body.length, body.length]);
  expect(applyDelta(base, made).equals(content)).toBe(true);
  return { parts, bytes: made.length };
}

describe.each(['Adler32', 'Adler32V2'] as const)('with %s', (rollingChecksum) => {
  it.each([128, 2048, 31_744])('and chunks of %d bytes, a change costs little more than itself', async (chunkBytes) => {
    const base = randomBytes(3_000_000);
    const change = Buffer.from('changed');
    const content = Buffer.concat([base.subarray(0, 1_000_003), change, base.subarray(1_000_050)]);
    const { bytes } = await delta(base, content, { rollingChecksum, chunkBytes });
    expect(bytes).toBeLessThan(2 * chunkBytes + 300);
  });

  it('finds what was moved', async () => {
    const [a, b, c] = [randomBytes(100_001), randomBytes(200_003), randomBytes(50_000)];
    const { bytes } = await delta(Buffer.concat([a, b, c]), Buffer.concat([c, a, b]), { rollingChecksum });
    expect(bytes).toBeLessThan(12_000);
  });

  it.each([0, 1, 127, 2047, 2048, 2049, 4096, 5000])('of a base of %d bytes, and of one more', async (length) => {
    const base = randomBytes(Math.max(1, length));
    await delta(base, Buffer.concat([base, randomBytes(100)]), { rollingChecksum });
    await delta(base, base.subarray(0, -1), { rollingChecksum });
    const { parts } = await delta(base, base, { rollingChecksum });
    expect(parts).toEqual([{ kind: 'copy', oldStart: 0, length: base.length }]);
  });
});

it('of zeros, and of something that repeats, is short', async () => {
  const zeros = Buffer.alloc(2_000_000);
  expect((await delta(zeros, Buffer.alloc(3_000_001))).bytes).toBeLessThan(40_000);
  const pattern = Buffer.alloc(1_000_000, 'abc');
  expect((await delta(pattern, pattern.subarray(5))).bytes).toBeLessThan(10_000);
});

it('of something else is all of it', async () => {
  const content = randomBytes(100_000);
  const { parts } = await delta(randomBytes(100_000), content);
  expect(parts).toEqual([{ kind: 'data', start: 0, length: content.length }]);
});

it('of random edits is right', async () => {
  let content = randomBytes(300_000);
  const base = content;
  for (let edit = 0; edit < 20; edit++) {
    const position = Math.floor(Math.random() * content.length);
    const removed = Math.floor(Math.random() * 3000);
    const inserted = randomBytes(Math.floor(Math.random() * 3000));
    content = Buffer.concat([content.subarray(0, position), inserted, content.subarray(position + removed)]);
    await delta(base, content);
  }
});

it('is given up if it has too many parts', async () => {
  const base = randomBytes(128 * 25_000);
  // Every second chunk is another.
  const content = Buffer.from(base);
  for (let start = 0; start < content.length; start += 256) content[start] = (content[start] ?? 0) ^ 1;
  const signature = parseSignature(signatureOf(base, { rollingChecksum: 'Adler32', chunkBytes: 128 }));
  expect(await findDelta(fileBody(await sourceOf(content)), signature, signal)).toBeUndefined();
});

describe('a signature', () => {
  const whole = signatureOf(randomBytes(10_000), { rollingChecksum: 'Adler32', chunkBytes: 2048 });
  const damaged = (offset: number, byte: number): Buffer => {
    const copy = Buffer.from(whole);
    copy[offset] = byte;
    return copy;
  };
  it.each([
    ['of another format', damaged(0, 0x58), 'unknown format'],
    ['of another version', damaged(7, 2), 'unknown format'],
    ['with another hash', damaged(9, 0x58), 'unknown algorithms'],
    ['with another checksum', damaged(14, 0x58), 'unknown algorithms'],
    ['that is cut off', whole.subarray(0, -1), 'damaged'],
    ['that is empty', whole.subarray(0, 24), 'damaged'],
    ['with chunks of length 0', damaged(25, 0), 'different lengths'],
    ['with a chunk of another length', damaged(24 + 26 + 1, 7), 'different lengths'],
  ])('%s is refused', (_, bytes, message) => {
    expect(() => parseSignature(bytes)).toThrow(InputError);
    expect(() => parseSignature(bytes)).toThrow(message);
  });
});
