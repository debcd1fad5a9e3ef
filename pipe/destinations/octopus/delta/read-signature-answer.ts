/** Reads the answer with a signature, whose base64 is decoded while it arrives: of a package of 1 GB, it has 18 MB. */

import { InputError } from '../../../errors.ts';
import { type Signature, SignatureParser } from './signature.ts';

/** A signature, and the JSON document that it was in, with an empty string in its place. */
interface SignatureAnswer {
  readonly signature: Signature;
  readonly document: Buffer;
}

/** Enough for a package of 1.9 GB with chunks of 2,048 bytes. Half of it is held in memory. */
const maxBytes = 32 * 1024 * 1024;
/** Of what is beside the signature. */
const maxOtherBytes = 64 * 1024;

const beginning = /"Signature"\s*:\s*"/;
/** Escapes that servers write for characters of base64 (RFC 8259, section 7). */
const escapes: readonly (readonly [RegExp, string])[] = [
  [/\\u002b/gi, '+'],
  [/\\(?:u002f|\/)/gi, '/'],
  [/\\u003d/gi, '='],
];
const maxEscapeCharacters = 6;

/**
 * Reads `{"Signature": "<base64>", …}`.
 *
 * @returns undefined if it is too large
 * @throws InputError if there is no signature in it, or one that is damaged; what the body throws
 */
export async function readSignatureAnswer(body: AsyncIterable<Uint8Array>): Promise<SignatureAnswer | undefined> {
  const parser = new SignatureParser();
  let before = '';
  let after = '';
  let state: 'before' | 'inside' | 'after' = 'before';
  let undecoded = '';
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) return undefined;
    let text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1');
    if (state === 'before') {
      before += text;
      const found = beginning.exec(before);
      if (found === null && before.length > maxOtherBytes) break;
      if (found === null) continue;
      const end = found.index + found[0].length;
      text = before.slice(end);
      before = before.slice(0, end);
      state = 'inside';
    }
    if (state === 'inside') {
      const end = text.indexOf('"');
      undecoded = decodeInto(parser, undecoded + (end === -1 ? text : text.slice(0, end)), end !== -1);
      if (end === -1) continue;
      text = text.slice(end);
      state = 'after';
    }
    after += text;
    if (after.length > maxOtherBytes) break;
  }
  if (state !== 'after' || after.length > maxOtherBytes) throw new InputError('the answer has no signature');
  return { signature: parser.end(), document: Buffer.from(before + after, 'latin1') };
}

/** @returns what is left for the next piece */
function decodeInto(parser: SignatureParser, text: string, isLast: boolean): string {
  // An escape may be cut in two.
  const cut = isLast ? -1 : text.indexOf('\\', text.length - maxEscapeCharacters + 1);
  let whole = cut === -1 ? text : text.slice(0, cut);
  for (const [escape, character] of escapes) if (whole.includes('\\')) whole = whole.replaceAll(escape, character);
  if (!/^[A-Za-z\d+/]*={0,2}$/.test(whole)) throw new InputError('the signature is not base64');
  const end = isLast ? whole.length : whole.length - (whole.length % 4);
  parser.add(Buffer.from(whole.slice(0, end), 'base64'));
  return whole.slice(end) + (cut === -1 ? '' : text.slice(cut));
}
