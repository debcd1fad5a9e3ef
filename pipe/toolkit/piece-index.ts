/** Finds pieces of known byte strings in others. */

import { isAlphanumeric, type PlacedBytes } from './plain-bytes.ts';

/** What is looked for. */
export interface Needle {
  readonly bytes: Uint8Array;
  /** Any piece of it that is so long is found; at least 4. */
  readonly minLength: number;
  /** Found only as a word, not within a longer one. */
  readonly isWord: boolean;
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
 * Knows some places of each needle by the four bytes there, as close to each other as it takes for every piece of the minimum length
 * to hold one. A search goes over the bytes once, and compares further only where four of them are known.
 */
export class PieceIndex {
  readonly #sites = new Map<number, Site[]>();
  /** By the hash of four bytes, whether any of the places has it. */
  readonly #isKnown = new Uint8Array(0x1_00_00);
  #comparisons = 0;

  /** Bytes compared so far, beyond the look at every four: what a search costs. */
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

  /** Whether these four bytes, the first one highest, may be a place that is known: a quick look before a search. */
  mayKnow(gram: number): boolean {
    return this.#isKnown[hashOf(gram)] === 1;
  }

  /** The parts of the text in which pieces of needles stand; they may overlap. */
  find(text: PlacedBytes): readonly Range[] {
    const ranges: Range[] = [];
    const { bytes, starts, ends } = text;
    for (let index = 0; index + gramLength <= bytes.length;) {
      let next = index + 1;
      for (const site of this.#sites.get(gramAt(bytes, index)) ?? []) {
        const { start, end } = this.#extend(bytes, index, site);
        if (end - start < site.needle.minLength || (site.needle.isWord && !isWord(text, start, end))) continue;
        ranges.push({ start: starts[start] ?? 0, end: ends[end - 1] ?? 0 });
        next = Math.max(next, end);
      }
      index = next;
    }
    return ranges;
  }

  /** As far as text and needle agree, in both directions. */
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

function isWord({ bytes, starts, ends }: PlacedBytes, start: number, end: number): boolean {
  // Bytes that are neighbours only because what stood between them was left out belong to two words.
  const isNext = (index: number): boolean => index > 0 && index < bytes.length && ends[index - 1] === starts[index];
  const isWithin =
    (isNext(start) && isAlphanumeric(bytes[start - 1] ?? 0)) || (isNext(end) && isAlphanumeric(bytes[end] ?? 0));
  return !isWithin;
}
