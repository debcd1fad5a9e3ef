import { Script } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { findMutants } from './find-mutants.ts';
import { instrument } from './instrument.ts';
import { sample } from './sample.ts';

function changesOf(source: string): readonly string[] {
  return findMutants('x.ts', source).map(
    ({ start, end, replacement }) => source.slice(0, start) + replacement + source.slice(end),
  );
}

describe('the mutants', () => {
  it.each<[string, readonly string[]]>([
    ['if (a) b;', ['if (!(a)) b;']],
    ['if (a < b) c;', ['if ((a <= b)) c;']],
    ['if (!a) b;', ['if ((a)) b;']],
    ['const a = (b || c) && d;', ['const a = ((b || c) || d);', 'const a = ((b && c)) && d;']],
    ['const a = b ?? (c as string);', ['const a = (b);']],
    ['const a = b + c;', ['const a = (b - c);']],
    ["const a = b + 'c d';", []],
    ['const f = () => a;', ['const f = () => undefined;']],
    ['function f(): void { return a; }', ['function f(): void { return; }']],
    ["const a = ['b', ''];", ['const a = [];', "const a = ['', ''];", "const a = ['b', 'mutant'];"]],
    ['const a = [1, true];', ['const a = [];', 'const a = [2, true];', 'const a = [1, false];']],
    ['a();', [';']],
    ['await a();', [';', '(a());']],
    ['async function f() { return await a; }', ['async function f() { return; }']],
    ['throw a;', [';']],
    ['const a = `${b}c`;', ["const a = '';"]],
  ])('of %s', (source, expected) => {
    expect(changesOf(source)).toEqual(expected);
  });

  it.each([
    "import { a } from './b.ts';",
    "export { a } from './b.ts';",
    "type A = 'b' | 1;",
    "const a = b as 'c';",
    'const a = String.raw`b`;',
    "const a = { 'b-c': d };",
    "const a = new InputError('b');",
    "log.debug('b', `c`);",
    'const a = `two words ${b}`;',
  ])('leave %s as it is', (source) => {
    expect(changesOf(source)).toEqual([]);
  });

  it('report when they are reached', () => {
    const source = 'if (a && !b) c();';
    const mutants = new Map(findMutants('x.ts', source).entries());
    const script = new Script(instrument(source, mutants));
    const kinds = [...mutants.values()].map(({ replacement }) => replacement);
    expect(kinds).toEqual(['!(a && !b)', '(a || !b)', '(b)', ';']);
    const reachedBy = (values: Readonly<Record<string, boolean>>): readonly number[] => {
      const reachedMutants: number[] = [];
      script.runInNewContext({ reachedMutants, ...values });
      return [...reachedMutants.keys()].filter((id) => reachedMutants[id] === 1);
    };
    expect(reachedBy({ a: false })).toEqual([0, 1]);
    expect(reachedBy({ a: true, b: true })).toEqual([0, 1, 2]);
  });
});

it('a sample depends on its seed alone', () => {
  const items = Array.from({ length: 100 }, (_, index) => index);
  expect(sample(items, 5, 1)).toEqual(sample(items, 5, 1));
  expect(sample(items, 5, 1)).not.toEqual(sample(items, 5, 2));
  expect(new Set(sample(items, 200, 3))).toEqual(new Set(items));
});
