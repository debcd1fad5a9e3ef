import { describe, expect, it } from '@jest/globals';
import { type DollarRule, unexpandedName, valuesOf } from '../../pipe/toolkit/unexpanded.ts';

describe.each<[DollarRule, readonly (readonly [value: string, name: string | undefined])[]]>([
  [
    'reference',
    [
      ['$NAME', 'NAME'],
      ['${NAME}', 'NAME'],
      ['$_a1', '_a1'],
      ['$NAME/dist', 'NAME'],
      ['v$NAME', 'NAME'],
      ['a-${A}-${B}', 'A'],
      ['${NAME', undefined],
      ['${A:-1}', undefined],
      ['$1', undefined],
      ['$', undefined],
      ['NAME', undefined],
      ['', undefined],
    ],
  ],
  [
    'ordinary after a letter',
    [
      ['$NAME/dist', 'NAME'],
      ['dist/app-$VERSION.zip', 'VERSION'],
      ['dist/v${VERSION}.zip', 'VERSION'],
      ['build/Outer$Inner.class', undefined],
      ['robot$ci', undefined],
      ['a_$b', undefined],
    ],
  ],
  [
    'ordinary in a password',
    [
      ['$NAME', 'NAME'],
      [' ${NAME}\n', 'NAME'],
      ['${A}${B}', 'A'],
      ['$A${B}', 'A'],
      ['pa$word', undefined],
      ['$word!', undefined],
      ['-${X}-', undefined],
    ],
  ],
])('a dollar sign is %s', (rule, rows) => {
  it.each(rows)('in %j: %j', (value, name) => {
    expect(unexpandedName(value, rule)).toBe(name);
  });
});

it('reads the items of an array, or one value', () => {
  expect(valuesOf({ LIST: 'a', LIST_X: 'b' }, 'LIST')).toEqual(['a']);
  expect(valuesOf({ LIST: '$LIST', LIST_COUNT: '2', LIST_0: 'b', LIST_1: 'c' }, 'LIST')).toEqual(['b', 'c']);
  expect(valuesOf({}, 'LIST')).toEqual([]);
});
