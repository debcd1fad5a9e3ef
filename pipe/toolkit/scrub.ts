/** Removes secrets from all output of the pipe, by value, whole or in part, in every encoding that servers echo. */

import { isAlphanumeric, mayHoldEscapes, type PlacedBytes, plainBytes } from './plain-bytes.ts';
import { type Needle, PieceIndex, type Range } from './piece-index.ts';
import { hasChange, isWordOf, looksRandom } from './randomness.ts';

/** Removes secrets from a text. */
export type Scrub = (text: string) => string;

/** The secrets of a run. */
export interface Secrets {
  readonly scrub: Scrub;
  /**
   * For values that programs read: removes only long secrets, and pieces only of those that look random. Users choose the names in
   * such values: `test` may be both an image's name and a password, and `acme-platform` both a workspace and the beginning of a
   * password.
   */
  readonly scrubValue: Scrub;
  /** From now on, removes this secret too. */
  readonly learn: (secret: string) => void;
}

const mask = '***';

/** No real secret is shorter; replacing every letter "a" would ruin the log and reveal the secret. */
const minSecretBytes = 4;
/** A shorter secret is removed only as a whole word: `test`, but not the end of `latest`. */
const minFreeBytes = 8;
/** Pieces of a shorter secret are not searched for: they could be ordinary words. */
const minBytesForPieces = 12;
/** A piece this long is removed even if it is made of words. */
const maxPieceBytes = 12;
/** Of a secret this long, a shorter piece is removed too, unless it could be a word. */
const minBytesForShortPieces = 16;
const shortPieceBytes = 8;
/** Shorter base64 would match harmless text. */
const minBase64Characters = 6;
/** Eight bytes of a secret fill as many, besides the symbols, which are not compared. */
const minBase64Piece = 8;
const minHexPiece = 16;
/** No server accepts a longer header. */
const maxSecretCharacters = 16 * 1024;
/** Beyond this, the oldest secrets learned during a run are forgotten: they have expired, and memory must be bounded. */
const maxLearnedCharacters = 64 * 1024;

/** The secrets of a run. @param given secrets that are never forgotten */
export function createSecrets(given: Iterable<string | undefined>): Secrets {
  const known = [...new Set([...given].filter((secret) => secret !== undefined))];
  let learned: string[] = [];
  let learnedCharacters = 0;
  let indexes = { all: newIndexes(), long: newIndexes() };
  /** Secrets to index before the next output. */
  let pending = [...known];
  const currentIndexes = (): typeof indexes => {
    for (const secret of pending) {
      addSecret(indexes.all, secret, true);
      if (isLong(secret)) addSecret(indexes.long, secret, false);
    }
    pending = [];
    return indexes;
  };
  return {
    scrub: (text) => maskSecrets(text, currentIndexes().all),
    scrubValue: (text) => maskSecrets(text, currentIndexes().long),
    learn(secret) {
      const bounded = secret.slice(0, maxSecretCharacters);
      if (known.includes(bounded) || learned.includes(bounded)) return;
      learned.push(bounded);
      pending.push(bounded);
      learnedCharacters += bounded.length;
      if (learnedCharacters <= maxLearnedCharacters) return;
      learned = learned.slice(Math.ceil(learned.length / 2));
      learnedCharacters = learned.reduce((sum, { length }) => sum + length, 0);
      indexes = { all: newIndexes(), long: newIndexes() };
      pending = [...known, ...learned];
    },
  };
}

/** A copy of plain data with every string scrubbed, except the names of properties, which are the pipe's own. */
export function scrubStrings<T>(value: T, scrub: Scrub): T;
export function scrubStrings(value: unknown, scrub: Scrub): unknown {
  if (typeof value === 'string') return scrub(value);
  if (Array.isArray(value)) return value.map((item: unknown) => scrubStrings(item, scrub));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, scrubStrings<unknown>(item, scrub)]));
}

interface Indexes {
  /** Secrets as they are. */
  readonly texts: PieceIndex;
  /** Their base64 and hex forms. */
  readonly codes: PieceIndex;
}

function newIndexes(): Indexes {
  return { texts: new PieceIndex(), codes: new PieceIndex() };
}

function isLong(secret: string): boolean {
  return Buffer.byteLength(secret.trim()) >= minBytesForPieces;
}

function maskSecrets(text: string, indexes: Indexes): string {
  // Most lines need no search.
  if (!mayHoldEscapes(text) && !mayHoldPieces(Buffer.from(text), indexes)) return text;
  const plain = plainBytes(text);
  if (!mayHoldPieces(plain.bytes, indexes)) return text;
  const { texts, codes } = indexes;
  const ranges = [...texts.find(filterBytes(plain, isCompared)), ...codes.find(filterBytes(plain, isAlphanumeric))];
  if (ranges.length === 0) return text;
  let result = '';
  let end = 0;
  for (const range of mergeRanges(ranges)) {
    result += text.slice(end, range.start) + mask;
    end = range.end;
  }
  return result + text.slice(end);
}

function mayHoldPieces(bytes: Uint8Array, { texts, codes }: Indexes): boolean {
  let ofText = 0;
  let ofCode = 0;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] ?? 0;
    if (!isCompared(byte)) continue;
    ofText = (ofText << 8) | byte;
    if (texts.mayKnow(ofText)) return true;
    if (!isAlphanumeric(byte)) continue;
    ofCode = (ofCode << 8) | byte;
    if (codes.mayKnow(ofCode)) return true;
  }
  return false;
}

function mergeRanges(ranges: readonly Range[]): readonly Range[] {
  const result: Range[] = [];
  for (const range of ranges.toSorted((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last === undefined || range.start >= last.end) result.push(range);
    else result[result.length - 1] = { start: last.start, end: Math.max(last.end, range.end) };
  }
  return result;
}

/**
 * Excludes bytes that writers add, double or replace, in the text and in the secrets: white space at line wraps, `+` for a
 * space in forms, backslashes and quotation marks in quoted text.
 */
function isCompared(byte: number): boolean {
  return byte > 0x20 && byte !== 0x7f && byte !== 0x22 && byte !== 0x27 && byte !== 0x2b && byte !== 0x5c;
}

function filterBytes({ bytes, starts, ends }: PlacedBytes, isWanted: (byte: number) => boolean): PlacedBytes {
  const picked = {
    bytes: new Uint8Array(bytes.length),
    starts: new Uint32Array(bytes.length),
    ends: new Uint32Array(bytes.length),
  };
  let length = 0;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] ?? 0;
    if (!isWanted(byte)) continue;
    picked.bytes[length] = byte;
    picked.starts[length] = starts[index] ?? 0;
    picked.ends[length] = ends[index] ?? 0;
    length++;
  }
  return {
    bytes: picked.bytes.subarray(0, length),
    starts: picked.starts.subarray(0, length),
    ends: picked.ends.subarray(0, length),
  };
}

/** @param isForPeople whether to find pieces of the secret that could be words, too */
function addSecret({ texts, codes }: Indexes, secret: string, isForPeople: boolean): void {
  const trimmed = secret.trim().slice(0, maxSecretCharacters);
  const bytes = bytesOf(trimmed).filter(isCompared);
  const { length } = bytes;
  if (length < minSecretBytes) return;
  const hasShortPieces = length >= minBytesForShortPieces;
  const isRandom = hasShortPieces && looksRandom(bytes);
  const hasPieces = isForPeople ? length >= minBytesForPieces : isRandom;
  const isPiece = (start: number, end: number): boolean => {
    if (end - start === length || hasChange(bytes, start, end)) return true;
    if (!isForPeople) return false;
    return !hasShortPieces || end - start >= maxPieceBytes || (isRandom && !isWordOf(bytes, start, end));
  };
  const minLength = hasShortPieces ? shortPieceBytes : Math.min(maxPieceBytes, Math.ceil(length * 0.75));
  texts.add({
    bytes,
    minLength: hasPieces ? minLength : length,
    isWord: Buffer.byteLength(trimmed) < minFreeBytes,
    isPiece,
  });
  for (const form of base64Forms(trimmed)) {
    const minPiece = hasShortPieces ? minBase64Piece : maxPieceBytes;
    const needle = codeNeedle(form, hasPieces ? minPiece : Infinity);
    if (needle.bytes.length >= minBase64Characters) codes.add(needle);
  }
  const hex = Buffer.from(trimmed).toString('hex');
  for (const form of [hex, hex.toUpperCase()]) codes.add(codeNeedle(form, hasPieces ? minHexPiece : Infinity));
}

function bytesOf(text: string): Uint8Array {
  return mayHoldEscapes(text) ? plainBytes(text).bytes : Buffer.from(text);
}

/** Compares only letters and digits, so that wrapping, separators and the alphabets of base64 do not matter. */
function codeNeedle(form: string, minLength: number): Needle {
  const bytes = bytesOf(form).filter(isAlphanumeric);
  return { bytes, minLength: Math.min(minLength, bytes.length), isWord: false };
}

/** Base64 at each of its three alignments, so that a secret is found inside an encoded `user:secret` too. */
function base64Forms(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    // Only the characters that depend on the secret alone: the first and last few bits depend on its neighbours.
    const start = before === 0 ? 0 : before + 1;
    const end = (before + bytes.length) % 3 === 0 ? encoded.length : encoded.length - 1;
    return encoded.slice(start, end);
  });
}
