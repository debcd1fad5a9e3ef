/** Tells strings that were drawn at random, such as tokens, from those that people write, such as names and words. */

import { isAlphanumeric } from './plain-bytes.ts';

/** Of random letters and digits, almost half differ in kind from the one before; of words, years and versions, few do. */
const minChangesPerByte = 1 / 5;
/** A random token of 16 KB has no longer run with a probability of 99 %, but words in a row soon do. */
const maxBytesWithoutChange = 24;

/** Whether the bytes look random as a whole. */
export function looksRandom(bytes: Uint8Array): boolean {
  let changes = 0;
  let latest = 0;
  for (let index = 1; index < bytes.length; index++) {
    if (isChange(bytes, index)) {
      changes++;
      latest = index;
    } else if (index - latest >= maxBytesWithoutChange) return false;
  }
  return changes >= bytes.length * minChangesPerByte;
}

/** Whether these bytes, `end` excluded, have what no word, year or version has: `x7`, `3F` or `aB`, but not `Acme-2024.1`. */
export function hasChange(bytes: Uint8Array, start: number, end: number): boolean {
  for (let index = start + 1; index < end; index++) if (isChange(bytes, index)) return true;
  return false;
}

/** Whether the bytes between, `end` excluded, are whole words of a secret that has such, as in `registry-token-Zq7Rk2Vt`. */
export function isWordOf(bytes: Uint8Array, start: number, end: number): boolean {
  const isBetween = (index: number): boolean => isSeparator(bytes, index) || isSeparator(bytes, index - 1);
  return isBetween(start) && isBetween(end);
}

/** So are the beginning and the end. */
function isSeparator(bytes: Uint8Array, index: number): boolean {
  const byte = bytes[index];
  return byte === undefined || kindOf(byte) === 'separator';
}

type Kind = 'lower' | 'upper' | 'digit' | 'separator' | 'other';

/** Whether the byte is of another kind than the one before, unless one of them separates words, or a word begins with a capital. */
function isChange(bytes: Uint8Array, index: number): boolean {
  const before = kindOf(bytes[index - 1] ?? 0);
  const kind = kindOf(bytes[index] ?? 0);
  if (before === kind || before === 'separator' || kind === 'separator') return false;
  return !(before === 'upper' && kind === 'lower');
}

function kindOf(byte: number): Kind {
  if (!isAlphanumeric(byte)) return '-_./:@'.includes(String.fromCharCode(byte)) ? 'separator' : 'other';
  if (byte >= 0x61) return 'lower';
  return byte >= 0x41 ? 'upper' : 'digit';
}
