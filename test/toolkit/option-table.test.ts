import { describe, expect, it } from '@jest/globals';
import { type OptionTable, readOptions } from '../../pipe/toolkit/option-table.ts';
import { Problems } from '../../pipe/toolkit/problems.ts';
import { problemMap } from './problem-map.ts';

type Kind = 'file' | 'image';

const table = {
  '--name': { takes: 'value', placeholder: 'NAME', appliesTo: ['file'], usage: '' },
  '--level': { takes: 'value', appliesTo: ['file', 'image'], usage: '' },
  '--quiet': { takes: 'flag', appliesTo: ['file', 'image'], usage: '' },
  '--verify': { takes: 'optional', placeholder: 'content', appliesTo: ['file'], usage: '' },
  '--reuse': { takes: 'value', placeholder: 'TAG', repeatable: true, appliesTo: ['image'], usage: '' },
} as const satisfies OptionTable<Kind>;

function read(words: readonly string[], kind: Kind = 'file'): { values: object; problems: readonly string[] } {
  const problems = new Problems();
  const values = Object.fromEntries(readOptions<Kind>(table, words, kind, 'ARGS', problems));
  return { values, problems: problemMap(problems)['ARGS'] ?? [] };
}

describe('reads', () => {
  it.each<[string, readonly string[], Record<string, readonly string[]>]>([
    ['nothing', [], {}],
    ['a flag', ['--quiet'], { '--quiet': [''] }],
    ['a value as the next word', ['--name', 'a b'], { '--name': ['a b'] }],
    ['a value in the same word', ['--name=a b'], { '--name': ['a b'] }],
    ['a value with an equals sign', ['--name=a=b', '--level', 'c=d'], { '--name': ['a=b'], '--level': ['c=d'] }],
    ['a value with a line break', ['--name=a\nb'], { '--name': ['a\nb'] }],
    ['a value that begins with a dash', ['--name', '-5', '--level', '--x'], { '--name': ['-5'], '--level': ['--x'] }],
    ['a known option as a value, in the same word', ['--name=--quiet'], { '--name': ['--quiet'] }],
    ['an optional value left out', ['--verify', '--quiet'], { '--verify': [''], '--quiet': [''] }],
    ['an optional value', ['--verify=content'], { '--verify': ['content'] }],
  ])('%s', (_, words, values) => {
    expect(read(words)).toEqual({ values, problems: [] });
  });

  it('a repeatable option, in order', () => {
    expect(read(['--reuse', 'b', '--quiet', '--reuse=a'], 'image')).toEqual({
      values: { '--reuse': ['b', 'a'], '--quiet': [''] },
      problems: [],
    });
  });
});

const knownOptions = '--name, --level, --quiet, --verify';

describe('reports', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['a missing value at the end', ['--name'], [`option --name needs a value: --name NAME`]],
    ['a missing value without a placeholder', ['--level'], [`option --level needs a value: --level VALUE`]],
    ['a missing value before an option', ['--name', '--quiet'], [`option --name needs a value: --name NAME`]],
    [
      'a missing value before an option with a value',
      ['--name', '--level=1'],
      [`option --name needs a value: --name NAME`],
    ],
    ['an empty value', ['--name', ''], [`option --name needs a value: --name NAME`]],
    ['an empty value in the same word', ['--name='], [`option --name needs a value: --name NAME`]],
    ['a value for a flag', ['--quiet=yes'], ['option --quiet does not take a value']],
    ['a repeated option', ['--name', 'a', '--name=b'], ['option --name is given more than once']],
    ['a repeated flag', ['--quiet', '--quiet'], ['option --quiet is given more than once']],
    ['an option of another kind', ['--reuse=a'], ['option --reuse does not apply to TYPE file, only to image']],
    [
      'an option of another kind, and not also its value',
      ['--reuse', 'a'],
      ['option --reuse does not apply to TYPE file, only to image'],
    ],
    ['an unknown option', ['--zzz'], [`unknown option "--zzz": TYPE file accepts ${knownOptions}`]],
    [
      'an unknown option, and not also its value',
      ['--zzz', 'a', '--quiet=1'],
      [`unknown option "--zzz": TYPE file accepts ${knownOptions}`, 'option --quiet does not take a value'],
    ],
    ['a misspelled option', ['--nmae', 'a'], ['unknown option "--nmae": did you mean --name?']],
    ['a misspelled option with its value', ['-Name=a'], ['unknown option "-Name=a": did you mean --name?']],
    [
      'an array without its end',
      ['[--output,o'],
      [`"[--output,o" begins like an array, but "]" is missing at its end: write an array as in ['--keep', '5']`],
    ],
    [
      'an array that is not valid',
      ["['--name, 'a']"],
      [`"['--name, 'a']" is not a valid array: write an array as in ['--keep', '5']`],
    ],
    ['a value without a space', ['--level5'], ['unknown option "--level5": did you mean --level 5?']],
    [
      'a misspelled option of another kind',
      ['--reuses', 'a'],
      ['unknown option "--reuses": did you mean --reuse, which is for TYPE image only?'],
    ],
    ['an unknown option with a value', ['--x=1'], [`unknown option "--x=1": TYPE file accepts ${knownOptions}`]],
    ['a stray word', ['a'], [`unknown option "a": TYPE file accepts ${knownOptions}`]],
    ['an empty word', [''], [`unknown option "": TYPE file accepts ${knownOptions}`]],
    ['what every object has', ['toString'], [`unknown option "toString": TYPE file accepts ${knownOptions}`]],
    [
      'several words in one item, with how to write them',
      ['--name a.zip  --quiet '],
      [`unknown option "--name a.zip  --quiet ": write each word as a separate item (--name and a.zip and --quiet)`],
    ],
    [
      'several words in one item that hold an equals sign',
      ['--level 5=6'],
      [`unknown option "--level 5=6": write each word as a separate item (--level and 5=6)`],
    ],
    [
      'all problems at once',
      ['--x', '--quiet=1', '--name'],
      [
        `unknown option "--x": TYPE file accepts ${knownOptions}`,
        'option --quiet does not take a value',
        `option --name needs a value: --name NAME`,
      ],
    ],
  ])('%s', (_, words, problems) => {
    expect(read(words).problems).toEqual(problems);
  });
});

it.each<[string, readonly string[], object]>([
  ['without a value', ['--nmae', 'a'], { '--name': [] }],
  ['but not after itself', ['--name', 'b', '--nmae', 'a'], { '--name': ['b'] }],
  ['and may follow', ['--nmae', 'a', '--name', 'b'], { '--name': ['b'] }],
])('a misspelled option stands for the one that is meant, %s', (_, words, values) => {
  const actual = read(words);
  expect(actual.values).toEqual(values);
  expect(actual.problems).toEqual(['unknown option "--nmae": did you mean --name?']);
});

it('keeps valid options next to invalid ones', () => {
  expect(read(['--x', '--name', 'a', '--name', 'b', '--quiet']).values).toEqual({ '--name': ['a'], '--quiet': [''] });
});

it('takes the word after an unknown option for its value, but only after an option, and no further option', () => {
  const countOf = (...words: readonly string[]): number => read(words).problems.length;
  expect(countOf('--unlike-any', 'value')).toBe(1);
  expect(countOf('--unlike-any', '--unlike-others')).toBe(2);
  expect(countOf('first', 'second')).toBe(2);
});
