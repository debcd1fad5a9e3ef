import { describe, expect, it } from '@jest/globals';
import { plainBytes } from '../../pipe/toolkit/plain-bytes.ts';

describe('decodes', () => {
  it.each([
    ['no escapes', 'a b: 100 %, x & y', 'a b: 100 %, x & y'],
    ['URL escapes', 'a%3db%3Dc%C3%A9', 'a=b=cé'],
    ['escapes of escapes', '%25252541 %26%2361%3B &#92;u0041 %5C%78%34%31', 'A = A A'],
    ['JSON escapes', String.raw`\u003D\u003d\/\"\\ é`, String.raw`==\/\"\\ é`],
    ["JavaScript's escapes of bytes", String.raw`\xc3\xA9 \u00e9 \x3d`, 'é é ='],
    ['white space that is escaped', String.raw`a\nb\r\tc`, 'a b  c'],
    ['pairs', String.raw`\ud83c\udf89 \uD83C%uDF89 &#127881; &#xd83c;&#xdf89; 🎉`, '🎉 🎉 🎉 🎉 🎉'],
    ['pairs of other planes', String.raw`\ud842\udfb7 \udbff\udffd`, '\u{20bb7} \u{10fffd}'],
    ['HTML', '&amp;&#61;&#x3d;&#X3D;&lowbar;&Tab;&quot;', '&===_\t"'],
    ['HTML that is none', '&none;&#x110000;& ;&a b;&#;', '&none;&#x110000;& ;&a b;&#;'],
    ['lists of bytes', '0x41, 0X42 0x', '41, 42 0x'],
    ['what is cut off', '%4 %zz \\u00 &#61', '%4 %zz \\u00 &#61'],
  ])('%s', (_, text, plain) => {
    expect(Buffer.from(plainBytes(text).bytes).toString()).toBe(plain);
  });
});

it('gives the range of the text for each byte', () => {
  const { bytes, starts, ends } = plainBytes('a%253D\u00E9b');
  expect([...bytes]).toEqual([0x61, 0x3d, 0xc3, 0xa9, 0x62]);
  expect([...starts]).toEqual([0, 1, 6, 6, 7]);
  expect([...ends]).toEqual([1, 6, 7, 7, 8]);
  const plain = plainBytes('ab');
  expect([[...plain.bytes], [...plain.starts], [...plain.ends]]).toEqual([
    [0x61, 0x62],
    [0, 1],
    [1, 2],
  ]);
});

it('decodes any bytes', () => {
  const text = Array.from(
    { length: 0x300 },
    (_, code) => `${String.fromCharCode(code)}%${code.toString(16)}&#${code};\uDF89\\`,
  );
  expect(plainBytes(text.join('')).bytes.length).toBeGreaterThan(0x300);
});
