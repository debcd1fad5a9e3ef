import { describe, expect, it } from '@jest/globals';
import { InputError } from '../../pipe/errors.ts';
import {
  asList,
  asListOrEmpty,
  asObject,
  asOptionalString,
  asString,
  isRecord,
  parseJson,
  tryParseJson,
} from '../../pipe/io/json.ts';

function failureOf(document: Uint8Array | string): Error {
  try {
    parseJson(document, 'the list');
  } catch (error) {
    if (error instanceof InputError) return error;
  }
  throw new Error('not refused, or not in words');
}

describe('parseJson', () => {
  it('parses bytes and strings', () => {
    expect(parseJson(Buffer.from('{"a":["ü",1]}'), 'it')).toEqual({ a: ['ü', 1] });
    expect(parseJson('null', 'it')).toBeNull();
    // RFC 8259, 8.1: a byte order mark may be ignored.
    expect(parseJson(Buffer.from('\uFEFF{}'), 'it')).toEqual({});
  });

  it.each([
    ['<html>secret</html>', "Unexpected token '<'"],
    [`{"token":"${'secret'.repeat(20)}", x}`, /: Expected double-quoted property name in JSON at position \d+/],
    [
      `{"token":"${'secret'.repeat(20)}" "secret"}`,
      /: Expected ',' or '}' after property value in JSON at position \d+/,
    ],
    [`["secret\nsecret, "secret"]`, /: Bad control character in string literal in JSON at position \d+/],
    ['{"secret":"secret', /: Unterminated string in JSON at position \d+/],
    ['secret', "Unexpected token 's'"],
    ['', 'Unexpected end of JSON input'],
  ])('of %j names the problem, and quotes nothing', (text, problem) => {
    const { message, stack, cause } = failureOf(text);
    if (typeof problem === 'string') expect(message).toBe(`the list is not valid JSON: ${problem}`);
    else expect(message).toMatch(problem);
    expect(`${message}${stack?.split('\n')[0]}${String(cause)}`).not.toContain('secret');
  });

  it('rejects bytes that are not UTF-8', () => {
    expect(failureOf(Buffer.from('"\u00fc"', 'latin1')).message).toBe('the list is not valid UTF-8');
  });

  it('counts levels, but not brackets in strings', () => {
    const nested = (levels: number): string => '[{"a":'.repeat(levels / 2) + '0' + '}]'.repeat(levels / 2);
    expect(parseJson(nested(100), 'it')).toBeInstanceOf(Array);
    expect(failureOf(nested(102)).message).toBe('the list is nested more than 100 levels deep');
    expect(failureOf('['.repeat(1_000_000)).message).toBe('the list is nested more than 100 levels deep');
    const text = JSON.stringify('["\\'.repeat(200));
    expect(parseJson(text, 'it')).toBe('["\\'.repeat(200));
  });

  it.each([
    ['values in a list', (count: number) => `[${'0,'.repeat(count - 2)}0]`],
    ['empty lists, which count twice', (count: number) => `[${'[],'.repeat((count - 2) / 2)}0]`],
    ['values in an object', (count: number) => `{${'"a":1,'.repeat(count - 2)}"b":2}`],
  ])('counts %s', (_, of) => {
    expect(Object.keys(parseJson(of(250_000), 'it') as object)).not.toEqual([]);
    expect(failureOf(of(250_002)).message).toBe('the list has more than 250000 values');
  });

  it('does not count commas and brackets in strings', () => {
    const text = '[,{'.repeat(100_000);
    expect(parseJson(JSON.stringify([text]), 'it')).toEqual([text]);
  });
});

it.each([
  ['{"a":1}', { a: 1 }],
  ['secret', undefined],
  ['['.repeat(101) + ']'.repeat(101), undefined],
])('tryParseJson of %j', (text, expected) => {
  expect(tryParseJson(text)).toEqual(expected);
});

it.each([
  [{}, true],
  [{ a: 1 }, true],
  [Object.create(null), true],
  [[], false],
  [null, false],
  [undefined, false],
  ['{}', false],
  [5, false],
])('isRecord of %j: %s', (value: unknown, expected) => {
  expect(isRecord(value)).toBe(expected);
});

it.each<[string, (value: unknown, where: string) => unknown, unknown, unknown]>([
  ['an object', asObject, { a: 1 }, { a: 1 }],
  ['an object', asObject, [], 'x.y is not an object'],
  ['an object', asObject, null, 'x.y is not an object'],
  ['an object', asObject, undefined, 'x.y is missing'],
  ['a list', asList, [1], [1]],
  ['a list', asList, { length: 1 }, 'x.y is not a list'],
  ['a list', asList, undefined, 'x.y is missing'],
  ['a list, even an empty one', asListOrEmpty, undefined, []],
  ['a list, even an empty one', asListOrEmpty, null, []],
  ['a list, even an empty one', asListOrEmpty, 'a', 'x.y is not a list'],
  ['a string', asString, 'a', 'a'],
  ['a string', asString, '', 'x.y is empty'],
  ['a string', asString, 5, 'x.y is not a string'],
  ['an optional string', asOptionalString, '', undefined],
  ['an optional string', asOptionalString, null, undefined],
  ['an optional string', asOptionalString, 'a', 'a'],
  ['an optional string', asOptionalString, ['a'], 'x.y is not a string'],
])('as %s, by %p, %j gives %j', (_, read, value, expected) => {
  const result = (): unknown => read(value, 'x.y');
  if (typeof expected === 'string' && expected.startsWith('x.y')) expect(result).toThrow(new InputError(expected));
  else expect(result()).toEqual(expected);
});
