import { describe, expect, it } from '@jest/globals';
import { PieceIndex } from '../../pipe/toolkit/piece-index.ts';
import { plainBytes } from '../../pipe/toolkit/plain-bytes.ts';

function indexOf(needle: string, minLength: number, isWord = false): PieceIndex {
  const index = new PieceIndex();
  index.add({ bytes: Buffer.from(needle), minLength, isWord });
  return index;
}

function found(index: PieceIndex, text: string): readonly string[] {
  return index.find(plainBytes(text)).map(({ start, end }) => text.slice(start, end));
}

const needle = 'abcdefghijklmnopqrstuvwxyz';

describe('finds', () => {
  it('every piece of the minimum length, but no shorter one', () => {
    for (const minLength of [4, 5, 9, 12, 26]) {
      const index = indexOf(needle, minLength);
      for (let start = 0; start + minLength <= needle.length; start++) {
        const piece = needle.slice(start, start + minLength);
        expect(found(index, `-${piece}-${piece.slice(1)}-`)).toEqual([piece]);
      }
    }
  });

  it('pieces that follow each other, to their full length', () => {
    expect(found(indexOf(needle, 6), 'xabcdefghghijklm')).toEqual(['abcdefgh', 'ghijklm']);
  });

  it('whole words', () => {
    const index = indexOf('test', 4, true);
    expect(found(index, 'test latest tests a-test, test')).toEqual(['test', 'test', 'test']);
  });

  it('all of several needles', () => {
    const index = indexOf('first-secret', 12);
    index.add({ bytes: Buffer.from('second'), minLength: 6, isWord: false });
    expect(found(index, 'second first-secret secon')).toEqual(['second', 'first-secret']);
  });

  it('nothing without needles, and nothing in nothing', () => {
    expect(found(new PieceIndex(), needle)).toEqual([]);
    expect(found(indexOf(needle, 4), '')).toEqual([]);
  });
});

describe('the work grows with the text, not with its square', () => {
  const secret = 'Wq7vN2eKp81hRzXc4TbYmL0sUaJd9iVoGf6PtHn5Ek3CrBxyMwQlZ';
  const size = 8 * 1024;
  it.each([
    ['the secret, again and again', secret],
    ['pieces that are just too short', `${secret.slice(0, 11)}-`],
    ['pieces that are long enough', `${secret.slice(3, 18)}-`],
    ['one letter', 'W'],
    ['escapes that never end', '&#x25'],
  ])('for %s', (_, unit) => {
    const compared = [1, 2, 4].map((times) => {
      const index = indexOf(secret, 12);
      index.find(plainBytes(unit.repeat((times * size) / unit.length)));
      return index.comparisons;
    });
    const [once = 0, twice = 0, fourTimes = 0] = compared;
    expect(once).toBeLessThanOrEqual(2 * size);
    expect(twice).toBeLessThanOrEqual(2 * once + 1_000);
    expect(fourTimes).toBeLessThanOrEqual(4 * once + 1_000);
  });

  it('even for a secret of one repeated letter, within its higher cost', () => {
    const index = indexOf('a'.repeat(100), 12);
    index.find(plainBytes('a'.repeat(size)));
    index.find(plainBytes(`${'a'.repeat(11)}b`.repeat(size / 12)));
    expect(index.comparisons).toBeLessThan(size * 200);
  });
});
