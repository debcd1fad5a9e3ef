import { describe, expect, it } from '@jest/globals';
import { type Environment, readArray, readBoolean, readText } from '../../pipe/toolkit/environment.ts';
import { Problems } from '../../pipe/toolkit/problems.ts';
import { problemMap } from './problem-map.ts';

const letters = 'abcdefghijkl'.split('');

describe('readText', () => {
  it.each([
    ['text', 'text'],
    [' two words\n', 'two words'],
    ['$NAME/dist', '$NAME/dist'],
    ['', undefined],
    [' \n', undefined],
    ['$NAME', undefined],
    [' ${NAME} ', undefined],
    [undefined, undefined],
  ])('%j is %j', (value, text) => {
    expect(readText({ NAME: value }, 'NAME')).toBe(text);
  });
});

describe('readBoolean accepts the booleans of YAML, in any case', () => {
  it.each(['true', 'True', 'TRUE', 'yes', 'YES', 'on', ' oN\n'])('%j is true', (value) => {
    expect(readFlag(value)).toEqual([true, {}]);
  });

  it.each(['false', 'False', 'no', 'NO', 'off', 'oFF'])('%j is false', (value) => {
    expect(readFlag(value)).toEqual([false, {}]);
  });

  it.each([undefined, '', '$DEBUG', '${DEBUG}'])('%j is unset', (value) => {
    expect(readFlag(value)).toEqual([undefined, {}]);
  });

  it.each(['1', 'y', 'truee', 'not true', 'null'])('%j is a problem', (value) => {
    expect(readFlag(value)).toEqual([
      undefined,
      { DEBUG: [`must be of boolean type (true or false), not ${JSON.stringify(value)}`] },
    ]);
  });
});

describe('readArray', () => {
  it.each<[string, Environment, readonly string[]]>([
    ['in the order of their numbers', { LIST_COUNT: '2', LIST_1: 'b c', LIST_0: 'a' }, ['a', 'b c']],
    [
      'as they are, white space, empty ones and references too',
      counted(' a ', '', '$X', '[b]'),
      [' a ', '', '$X', '[b]'],
    ],
    ['ten and more', counted(...letters), letters],
    ['none', { LIST_COUNT: '0' }, []],
    [
      'beside variables that only look alike',
      { ...counted('a'), LIST_X: '', LIST_: '', LISTS_9: '', ALIST_9: '' },
      ['a'],
    ],
    ['beside a plain variable that is empty', { ...counted('a'), LIST: ' ' }, ['a']],
    ['beside a plain variable that is unresolved', { ...counted('a'), LIST: '${LIST}' }, ['a']],
  ])('reads counted items: %s', async (_, env, expected) => {
    expect(await readList(env)).toEqual([items(...expected), {}]);
  });

  it.each<[string, readonly string[]]>([
    [`['a', "b c"]`, ['a', 'b c']],
    [`[ --keep , 5 ]`, ['--keep', '5']],
    [` [a,\n  b]\n`, ['a', 'b']],
    [`[]`, []],
    [`['', "", 'it''s', "tab\\t\\u00e9"]`, ['', '', `it's`, 'tab\té']],
    [`['[a]', "{b: c}", 'd, e', '#f']`, ['[a]', '{b: c}', 'd, e', '#f']],
    // Another schema of YAML would turn these into other values.
    [`[1.10, 007, 0x10, 1e3, 12:30, 2026-01-01]`, ['1.10', '007', '0x10', '1e3', '12:30', '2026-01-01']],
    [`[true, Yes, null, ~]`, ['true', 'Yes', 'null', '~']],
  ])('reads the flow sequence %s', async (text, expected) => {
    expect(await readList({ LIST: text })).toEqual([items(...expected), {}]);
  });

  it.each([
    '[1.0] notes [draft]',
    '[[a]]',
    '[{a: b}]',
    '[a: b]',
    `['a]`,
    '[a]]',
    '[a][b]',
    '[a, , b]',
    '[*a]',
    '[a]\n---\n[b]',
    'a',
    ' two words ',
    '[a',
    'a]',
    '[ab]*.zip',
    '- a',
  ])('reads %j as one string, unchanged', async (text) => {
    expect(await readList({ LIST: text })).toEqual([{ form: 'string', value: text }, {}]);
  });

  it.each<[string, Environment]>([
    ['unset', {}],
    ['empty', { LIST: ' ' }],
    ['an unresolved reference', { LIST: '$LIST' }],
    ['an empty count', { LIST_COUNT: ' ' }],
  ])('finds nothing: %s', async (_, env) => {
    expect(await readList(env)).toEqual([undefined, {}]);
  });

  it.each<[string, Environment, Record<string, readonly string[]>]>([
    [
      'a count without its items',
      { LIST_COUNT: '3', LIST_1: 'b' },
      { LIST_0: ['required field, because LIST_COUNT is 3'], LIST_2: ['required field, because LIST_COUNT is 3'] },
    ],
    [
      'a count that is far too high',
      { LIST_COUNT: '999999', LIST_1: 'b' },
      {
        ...Object.fromEntries(
          [0, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((index) => [
            `LIST_${index}`,
            ['required field, because LIST_COUNT is 999999'],
          ]),
        ),
        LIST_COUNT: ['is 999999, but 999998 of these items are not set'],
      },
    ],
    ['items without a count', { LIST_10: 'c', LIST_7: 'b' }, { LIST_COUNT: ['required field, because LIST_7 is set'] }],
    [
      'items beyond the count',
      { ...counted('a'), LIST_1: 'b', LIST_20: 'c' },
      { LIST_1: ['is beyond LIST_COUNT, which is 1'], LIST_20: ['is beyond LIST_COUNT, which is 1'] },
    ],
    ['a count in words', { LIST_COUNT: 'two' }, { LIST_COUNT: ['must be of integer type, not "two"'] }],
    ['a count below zero', { LIST_COUNT: '-1' }, { LIST_COUNT: ['must be of integer type, not "-1"'] }],
    ['a broken count', { LIST_COUNT: '1.5' }, { LIST_COUNT: ['must be of integer type, not "1.5"'] }],
    ['a count beyond reason', { LIST_COUNT: '9999999' }, { LIST_COUNT: ['must be of integer type, not "9999999"'] }],
    [
      'both forms at once',
      { ...counted('a'), LIST: 'b' },
      { LIST: ['is set both as one value and as an array (LIST_COUNT): keep one of them'] },
    ],
  ])('reports the problem: %s', async (_, env, problems) => {
    expect((await readList(env))[1]).toEqual(problems);
  });
});

function counted(...items: readonly string[]): Environment {
  return Object.fromEntries([
    ['LIST_COUNT', String(items.length)],
    ...items.map((item, index) => [`LIST_${index}`, item]),
  ]);
}

function readFlag(value: string | undefined): readonly unknown[] {
  const problems = new Problems();
  return [readBoolean({ DEBUG: value }, 'DEBUG', problems), problemMap(problems)];
}

async function readList(env: Environment): Promise<readonly unknown[]> {
  const problems = new Problems();
  return [await readArray(env, 'LIST', problems), problemMap(problems)];
}

function items(...texts: readonly string[]): unknown {
  return { form: 'items', items: texts };
}
