import { execFileSync } from 'node:child_process';
import { expect, it } from '@jest/globals';
import { patternsOf } from './name-patterns.ts';

it.each([
  ['few', 3],
  ['so many that one argument cannot hold them', 4000],
])('match %s names, each once, and fit into arguments', (_, count) => {
  const names = Array.from({ length: count }, (_, index) => `a test › (${index}) does what it says: [a|b]* costs 1 €`);
  const patterns = patternsOf(names);
  expect(patterns.length > 1).toBe(count > 1000);
  const found = names.map((name) => patterns.filter((pattern) => new RegExp(pattern).test(name)).length);
  expect(new Set(found)).toEqual(new Set([1]));
  for (const pattern of patterns) {
    expect(new RegExp(pattern).test('a test › (1) does what it says')).toBe(false);
    expect(execFileSync(process.execPath, ['--print', 'process.argv[1].length', pattern]).toString()).toBe(
      `${pattern.length}\n`,
    );
  }
});

it('match nothing if there are no names', () => {
  expect(patternsOf([])).toEqual([]);
});
