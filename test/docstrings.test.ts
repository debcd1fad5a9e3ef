/** Every function, class and interface with methods that pipe/ exports has a docstring, and it names the errors thrown. */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from '@jest/globals';

interface Exported {
  readonly file: string;
  readonly name: string;
  readonly kind: 'function' | 'class' | 'interface';
  /** Directly above the export; empty if there is none. */
  readonly docstring: string;
  readonly lines: readonly string[];
}

/** By path below pipe/. */
type Sources = Readonly<Record<string, string>>;

const statement = /^(?:export|import|async|function|abstract|class|const|let|interface|type|\/)/;
const start =
  /^export (?:(?:async )?function\*? (\w+)|const (\w+)(?:: \w+)? = (?:async )?\(|(?:abstract )?(class|interface) (\w+))/;
const method = /^ {2}(?:\w+|\[[\w.]+\])\??(?:<.+>)?\(/;
const innerFunction = /=>|\bfunction\b|^ *(?!if|for|while|switch)(?:async )?\*?[#\w]+\(.*\)(?:: .+)? \{$/;

/** Relies on the formatter: every top-level statement starts a line. Finds only those interfaces that have methods. */
function findExports(file: string, source: string): readonly Exported[] {
  const all = source.split('\n');
  const found: Exported[] = [];
  for (const [index, line] of all.entries()) {
    const [isExport, functionName, constant, type, typeName] = start.exec(line) ?? [];
    if (isExport === undefined) continue;
    const name = functionName ?? constant ?? typeName ?? '';
    const above = all.slice(0, index);
    const docstring = above.at(-1)?.endsWith('*/')
      ? above.slice(above.findLastIndex((each) => each.startsWith('/**'))).join('\n')
      : // Overloads share the docstring of the first one.
        (found.findLast((each) => each.name === name)?.docstring ?? '');
    const end = all.findIndex((each, at) => at > index && statement.test(each));
    const lines = all.slice(index, end < 0 ? undefined : end);
    const kind = type === 'class' || type === 'interface' ? type : 'function';
    if (kind !== 'interface' || lines.some((each) => method.test(each)))
      found.push({ file, name, kind, docstring, lines });
  }
  return found;
}

/** A function's body without inner functions, which throw only when they are called. */
function bodyOf({ lines }: Exported): string {
  const own: string[] = [];
  let inner: number | undefined;
  for (const line of lines.slice(1)) {
    const indent = /^ */.exec(line)?.[0].length ?? 0;
    if (inner !== undefined && (line === '' || indent > inner)) continue;
    inner = innerFunction.test(line) ? indent : undefined;
    own.push(line.replace(/=>.*/, ''));
  }
  return own.join('\n');
}

/** The file of each name that `file` imports from pipe/. */
function importsOf(file: string, source: string): ReadonlyMap<string, string> {
  const imports = [...source.matchAll(/^import \{([^}]+)\} from '(\.[^']+)';/gm)];
  return new Map(
    imports.flatMap(([, names = '', path = '']) =>
      names.split(',').map((name) => [name.trim(), normalize(join(dirname(file), path)).replaceAll('\\', '/')]),
    ),
  );
}

/** The problems, as `file name: problem`. Considers errors that a function throws itself, and errors of functions it calls. */
function findProblems(sources: Sources): readonly string[] {
  const exported = Object.entries(sources).flatMap(([file, source]) => findExports(file, source));
  const errors = new Set(exported.map(({ name }) => name).filter((name) => name.endsWith('Error')));
  const throwers = new Set(
    exported.filter(({ docstring }) => docstring.includes('@throws')).map(({ file, name }) => `${file} ${name}`),
  );
  return exported.flatMap((each) => {
    const { file, name, kind, docstring } = each;
    if (docstring === '') return [`${file} ${name}: no docstring`];
    const body = bodyOf(each);
    // An error that is caught need not be thrown.
    if (kind !== 'function' || docstring.includes('@throws') || /\bcatch\b/.test(body)) return [];
    const imports = importsOf(file, sources[file] ?? '');
    const thrown = [...body.matchAll(/\bthrow new (\w+)\(/g)].map(([, error = '']) => error);
    const called = [...body.matchAll(/(?<![\w.#])(\w+)\(/g)].map(([, callee = '']) => callee);
    const reason =
      thrown.find((error) => errors.has(error)) ??
      called.find((callee) => throwers.has(`${imports.get(callee) ?? file} ${callee}`));
    return reason === undefined ? [] : [`${file} ${name}: no @throws for ${reason}`];
  });
}

describe('the problem with', () => {
  const sound = {
    'errors.ts': '/** An error. */\nexport class InputError extends Error {}\n',
    'io/read.ts':
      "import { InputError } from '../errors.ts';\n\n/** Reads. @throws InputError */\nexport function read(): void {}\n",
  };

  it.each<[string, string, string | undefined]>([
    ['a function', 'export function f(): void {}', 'f: no docstring'],
    ['a generator', 'export async function* f(): AsyncGenerator<number> {}', 'f: no docstring'],
    ['a constant that is a function', 'export const f: Sleep = async (ms) => await g(ms);', 'f: no docstring'],
    ['a class', 'export abstract class C {}', 'C: no docstring'],
    ['an interface with a method', 'export interface I {\n  m(): void;\n}', 'I: no docstring'],
    ['an interface of data', 'export interface I {\n  readonly a: (b: string) => void;\n}', undefined],
    ['a constant', 'export const a = 1;', undefined],
    ["the file's head", '/** Of the file. */\n\nexport function f(): void {}', 'f: no docstring'],
    ['a plain comment', '// Does it.\nexport function f(): void {}', 'f: no docstring'],
    ['a docstring', '/**\n * Does it.\n */\nexport function f(): void {}', undefined],
    ['overloads', '/** Does it. */\nexport function f(a: 1): 1;\nexport function f(a: 2): 2;', undefined],
    [
      'an error that it throws',
      "/** Does it. */\nexport function f(): void {\n  throw new InputError('no');\n}",
      'f: no @throws for InputError',
    ],
    [
      'an error of the language',
      "/** Does it. */\nexport function f(): void {\n  throw new TypeError('no');\n}",
      undefined,
    ],
    [
      'an error of a function that it calls',
      "import { read } from './read.ts';\n/** Does it. */\nexport function f(): void {\n  read();\n}",
      'f: no @throws for read',
    ],
    [
      'an error of a function that it returns',
      "import { read } from './read.ts';\n/** Does it. */\nexport function f(): () => void {\n  return () => {\n    read();\n  };\n}",
      undefined,
    ],
    [
      'an error of a function that it passes on',
      "import { read } from './read.ts';\n/** Does it. */\nexport function f(): void {\n  later(() => read());\n}",
      undefined,
    ],
    [
      'an error that it names',
      "import { read } from './read.ts';\n/** Does it. @throws InputError */\nexport function f(): void {\n  read();\n}",
      undefined,
    ],
  ])('%s', (_, source, problem) => {
    expect(findProblems({ ...sound, 'io/it.ts': `${source}\n` })).toEqual(
      problem === undefined ? [] : [`io/it.ts ${problem}`],
    );
  });
});

it('every export has a docstring that names the errors it throws', () => {
  const root = join(__dirname, '..', 'pipe');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const sources = Object.fromEntries(
    files.map((file) => [file.replaceAll('\\', '/'), readFileSync(join(root, file), 'utf8')]),
  );
  expect(Object.values(sources).flatMap((source) => findExports('', source)).length).toBeGreaterThan(300);
  expect(findProblems(sources)).toEqual([]);
});
