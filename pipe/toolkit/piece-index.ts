/** Finds pieces of known byte strings in other bytes. */

import { isAlphanumeric, type PlacedBytes } from './plain-bytes.ts';

/** A byte string to find. */
export interface Needle {
  readonly bytes: Uint8Array;
  /** Every piece of at least this length is found; 4 or more. */
  readonly minLength: number;
  /** Found only as a whole word, not inside a longer one. */
  readonly isWord: boolean;
  /** Whether the bytes from `start` to `end`, at least `minLength`, count as a piece. Default: all do. */
  readonly isPiece?: (start: number, end: number) => boolean;
}

export interface Range {
  readonly start: number;
  readonly end: number;
}

interface Site {
  readonly needle: Needle;
  readonly offset: number;
}

const gramLength = 4;

/**
 * Indexes four-byte sequences of each needle, spaced closely enough for every piece of the minimum length to contain one.
 * A search makes one pass over the bytes, and compares further only at a known sequence.
 */
export class PieceIndex {
  readonly #sites = new Map<number, Site[]>();
  /** Whether a hash of four bytes belongs to any indexed sequence. */
  readonly #isKnown = new Uint8Array(0x1_00_00);
  #comparisons = 0;

  /** Bytes compared so far, apart from the lookups of four bytes: the cost of the searches. */
  get comparisons(): number {
    return this.#comparisons;
  }

  add(needle: Needle): void {
    const { bytes, minLength } = needle;
    for (let offset = 0; offset + gramLength <= bytes.length; offset += minLength - gramLength + 1) {
      const gram = gramAt(bytes, offset);
      this.#isKnown[hashOf(gram)] = 1;
      const sites = this.#sites.get(gram);
      if (sites === undefined) this.#sites.set(gram, [{ needle, offset }]);
      else sites.push({ needle, offset });
    }
  }

  /** Whether these four bytes, most significant first, may be indexed: a quick check before a search. */
  mayKnow(gram: number): boolean {
    return this.#isKnown[hashOf(gram)] === 1;
  }

  /** The ranges of the text that contain pieces of needles; they may overlap. */
  find(text: PlacedBytes): readonly Range[] {
    const ranges: Range[] = [];
    const { bytes, starts, ends } = text;
    for (let index = 0; index + gramLength <= bytes.length;) {
      let next = index + 1;
      for (const site of this.#sites.get(gramAt(bytes, index)) ?? []) {
        const { start, end } = this.#extend(bytes, index, site);
        const { minLength, isWord, isPiece = () => true } = site.needle;
        if (end - start < minLength || (isWord && !isWholeWord(text, start, end))) continue;
        const offset = site.offset - (index - start);
        if (!isPiece(offset, offset + end - start)) continue;
        ranges.push({ start: starts[start] ?? 0, end: ends[end - 1] ?? 0 });
        next = Math.max(next, end);
      }
      index = next;
    }
    return ranges;
  }

  /** Extends a match in both directions, as far as the text and the needle are equal. */
  #extend(bytes: Uint8Array, index: number, { needle, offset }: Site): Range {
    let before = 0;
    while (before < Math.min(index, offset) && bytes[index - before - 1] === needle.bytes[offset - before - 1])
      before++;
    let after = gramLength;
    const most = Math.min(bytes.length - index, needle.bytes.length - offset);
    while (after < most && bytes[index + after] === needle.bytes[offset + after]) after++;
    this.#comparisons += before + after;
    return { start: index - before, end: index + after };
  }
}

function gramAt(bytes: Uint8Array, index: number): number {
  const high = ((bytes[index] ?? 0) << 24) | ((bytes[index + 1] ?? 0) << 16);
  return high | ((bytes[index + 2] ?? 0) << 8) | (bytes[index + 3] ?? 0);
}

function hashOf(gram: number): number {
  return (gram ^ (gram >>> 13)) & 0xff_ff;
}

function isWholeWord({ bytes, starts, ends }: PlacedBytes, start: number, end: number): boolean {
  // Two bytes that are adjacent only because bytes between them were filtered out belong to different words.
  const isNext = (index: number): boolean => index > 0 && index < bytes.length && ends[index - 1] === starts[index];
  const isWithin =
    (isNext(start) && isAlphanumeric(bytes[start - 1] ?? 0)) || (isNext(end) && isAlphanumeric(bytes[end] ?? 0));
  return !isWithin;
}
