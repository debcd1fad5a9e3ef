import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { outputOf } from './release/run-command.ts';

const reporter = join(__dirname, '..', 'ci-scripts', 'jest-skips-reporter.cjs');

/** The reporter's output for these tests, in a process of its own. */
async function reported(
  tests: readonly { readonly status: string; readonly fullName: string }[],
  globalConfig: object = {},
): Promise<string> {
  const script = `const [, path, config, results] = process.argv;
    new (require(path))(JSON.parse(config)).onRunComplete(undefined, JSON.parse(results));`;
  const results = { testResults: [{ testResults: tests.slice(0, 1) }, { testResults: tests.slice(1) }] };
  const words = ['--eval', script, reporter, JSON.stringify(globalConfig), JSON.stringify(results)];
  return await outputOf(process.execPath, words);
}

const passed = { status: 'passed', fullName: 'a test' };
const skipped = [
  { status: 'pending', fullName: 'the stream is read by zstd [skipped: zstd is not installed]' },
  { status: 'pending', fullName: 'no file is open [skipped: only Linux shows it] if it fails' },
  { status: 'pending', fullName: 'a test that was left out' },
];

it('each skipped test is printed with its reason', async () => {
  expect(await reported([passed, ...skipped])).toBe(`
Skipped tests:
  the stream is read by zstd: zstd is not installed
  no file is open if it fails: only Linux shows it
  a test that was left out: no reason given`);
});

it.each([
  ['if no test is skipped', [passed], {}],
  ['if a pattern selects tests', skipped, { testNamePattern: 'one' }],
])('nothing is printed %s', async (_, tests, globalConfig) => {
  expect(await reported(tests, globalConfig)).toBe('');
});
