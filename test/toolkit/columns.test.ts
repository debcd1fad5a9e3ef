import { describe, expect, it } from '@jest/globals';
import { aroundName, beginning, padded, shortened, widthOf } from '../../pipe/toolkit/columns.ts';
import { printable } from '../../pipe/toolkit/stdout.ts';

const same = (text: string): string => text;
const family = '👨\u200D👩\u200D👧';

describe('the width', () => {
  it.each([
    ['', 0],
    ['app.zip', 7],
    ['日本語', 6],
    ['Ａb', 3],
    ['ｱｲｳ', 3],
    ['e\u0301', 1],
    ['각', 2],
    ['\u1100\u1161\u11A8', 2],
    ['🎉', 2],
    [family, 2],
    ['👍🏽', 2],
    ['🇩🇪', 2],
    ['☺', 1],
    ['☺\uFE0F', 2],
    ['1\uFE0F\u20E3', 2],
    ['…', 1],
    ['✔', 1],
    ['𝒳', 1],
    ['a\u200B', 1],
  ])('of %j is %d', (text, width) => {
    expect(widthOf(text)).toBe(width);
  });
});

describe('a shortened name', () => {
  it('keeps its end', () => {
    expect(shortened('a-rather-long-name.tar.gz', 16, same)).toBe('a-rathe…e.tar.gz');
    expect(shortened('short.zip', 16, same)).toBe('short.zip');
  });

  it('is not cut inside what is seen as one character', () => {
    expect(shortened('日本語日本語日本語', 8, same)).toBe('日…本語');
    expect(shortened('e\u0301'.repeat(9), 4, same)).toBe('e\u0301…e\u0301e\u0301');
    expect(shortened('🎉'.repeat(9), 6, same)).toBe('🎉…🎉');
    expect(shortened('🇩🇪'.repeat(9), 6, same)).toBe('🇩🇪…🇩🇪');
  });

  it('is not cut inside an escape', () => {
    const name = printable(`${family.repeat(9)}.zip`);
    for (let columns = 1; columns < widthOf(name); columns++) {
      const cut = shortened(name, columns, same);
      expect(widthOf(cut)).toBeLessThanOrEqual(columns);
      expect(cut.replaceAll(String.raw`\u200d`, '')).not.toMatch(/[\\u\d]/);
    }
    expect(shortened(String.raw`"\ud83d\ude00\ud83d\ude00"`, 16, same)).toBe('"…"');
    expect(shortened(String.raw`"a\nb\nc\nd\ne"`, 9, same)).toBe(String.raw`"a\n…\ne"`);
  });

  it('is scrubbed before it is cut', () => {
    const secret = ['kQ7vN2', 'eKp81X', 'c4TbYm'].join('');
    const name = `${'a'.repeat(10)}${secret}${'b'.repeat(10)}`;
    expect(shortened(name, 14, (text) => text.replaceAll(secret, '***'))).toBe('aaaaaa…bbbbbbb');
    expect(shortened(name, 30, (text) => text.replaceAll(secret, '***'))).toBe(`${'a'.repeat(10)}***${'b'.repeat(10)}`);
  });
});

it('the beginning of a text is cut between characters', () => {
  expect(beginning('日本語', 6)).toBe('日本語');
  expect(beginning('日本語', 5)).toBe('日本');
  expect(beginning('a🎉', 2)).toBe('a');
  expect(beginning('abc', 2)).toBe('ab');
});

it('a text is padded to a width', () => {
  expect(padded('日', 4)).toBe('日  ');
  expect(padded('abc', 2)).toBe('abc');
});

describe('a line about something', () => {
  it('has as much of the name as fits', () => {
    const line = aroundName(['from ', '日'.repeat(40), ', 5 B'], 40, same);
    expect(line).toBe(`from ${'日'.repeat(7)}…${'日'.repeat(7)}, 5 B`);
  });

  it('has the whole name if it is too wide without it', () => {
    expect(aroundName(['', 'n'.repeat(30), `: uploaded, sha256 ${'0'.repeat(64)}`], 80, same)).toContain(
      'n'.repeat(30),
    );
  });
});
