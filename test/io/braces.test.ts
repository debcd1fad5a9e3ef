import { describe, expect, it } from '@jest/globals';
import { expandBraces, hasSpacedAlternatives } from '../../pipe/io/braces.ts';

describe('expandBraces gives what bash gives', () => {
  it.each<[string, string]>([
    ['a{b,c}d', 'abd acd'],
    ['{a,b}{1,2}', 'a1 a2 b1 b2'],
    ['{a,{b,c}}x', 'ax bx cx'],
    ['a{b,c{d,e}f,g}h', 'abh acdfh acefh agh'],
    ['{{a,b},c}', 'a b c'],
    ['{,a}b', 'b ab'],
    ['{x}', '{x}'],
    ['{}', '{}'],
    ['{a}{b,c}', '{a}b {a}c'],
    ['{a,b', '{a,b'],
    ['{{a,b}', '{a {b'],
    ['}{a,b}}', '}a} }b}'],
    ['{1..3}', '1 2 3'],
    ['{3..1}', '3 2 1'],
    ['{1..10..3}', '1 4 7 10'],
    ['{08..10}', '08 09 10'],
    ['{-01..1}', '-01 000 001'],
    ['{a..e..2}', 'a c e'],
    ['{z..x}', 'z y x'],
    ['${A,B}', '${A,B}'],
  ])('%s: %s', (glob, expected) => {
    expect(expandBraces(glob)).toEqual(expected.split(' '));
  });

  it.each(['{a,b}'.repeat(25), '{a,b}'.repeat(2_000), '{1..99999}', '{0..99}{0..99}{0..99}'])(
    'but not for %s',
    (glob) => {
      expect(() => expandBraces(glob)).toThrow('stands for more than 10,000 patterns');
    },
  );

  it('however deeply they are nested', () => {
    expect(expandBraces(`${'{a,'.repeat(1_000)}b${'}'.repeat(1_000)}`)).toHaveLength(1_001);
  });
});

it.each([
  ['{a, b}', true],
  ['{a ,b}', true],
  ['{ a,b}', true],
  ['{a,b }', true],
  ['{a,b} c', false],
  ['{a b,c}', false],
  ['a, b', false],
])('hasSpacedAlternatives(%j) is %j', (glob, expected) => {
  expect(hasSpacedAlternatives(glob)).toBe(expected);
});
