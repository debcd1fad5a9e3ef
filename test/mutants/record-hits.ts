/** Runs all tests once, and records which of them reach which mutants. */

import { readFile, readdir, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Mutant } from './find-mutants.ts';
import { instrument } from './instrument.ts';
import type { Workspace } from './workspace.ts';

/** What a test file reaches. */
export interface Recording {
  /** Below the project. */
  readonly file: string;
  readonly ms: number;
  /** It runs the bundle as a process, so its tests are not told apart. */
  readonly runsBundle: boolean;
  /** The mutants reached while none of its tests runs, for example while it is loaded. */
  readonly outside: ReadonlySet<number>;
  readonly tests: readonly {
    readonly name: string;
    readonly ms: number;
    readonly failed: boolean;
    readonly hits: ReadonlySet<number>;
  }[];
}

interface Line {
  readonly file: string;
  readonly ms: number;
  readonly outside: readonly number[];
  readonly tests: readonly { name: string; ms: number; failed: boolean; hits: readonly number[] }[];
}

const maxMs = 30 * 60_000;
/** The suites of processes, of real servers and of limits, and tests of the project rather than of the pipe. */
const leftOut =
  /^test\/(bench|build|bundle|docker-image|docstrings|integration|laws|local-pipe|memory|mutants|own-node|pipelines|release|sandbox)\b/;

/** Leaves the workspace as it was. */
export async function recordHits(workspace: Workspace, mutants: readonly Mutant[]): Promise<readonly Recording[]> {
  const files = Map.groupBy(mutants.entries(), ([, { file }]) => file);
  const originals = new Map<string, string>();
  for (const [file, own] of files) {
    const source = await workspace.read(file);
    originals.set(file, source);
    await workspace.write(file, instrument(source, new Map(own)));
  }
  if (!(await workspace.build())) throw new Error('The pipe with the reports of what is reached cannot be built');

  const tests = (await readdir(join(workspace.directory, 'test'), { recursive: true }))
    .map((path) => `test/${path.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.test.ts'));
  const inProcess = await record(workspace, ['--maxWorkers=2', ...tests.filter((path) => !leftOut.test(path))]);
  const processes: Recording[] = [];
  const isReached = (id: number): boolean =>
    inProcess.some((recording) => recording.outside.has(id) || recording.tests.some(({ hits }) => hits.has(id)));
  const bundle = await workspace.read('dist/pipe.js');
  // These tests are slow, and so is a process for each run: they are for what no other test reaches.
  const suite = mutants.every((_, id) => isReached(id)) ? [] : tests.filter((path) => path.startsWith('test/bundle/'));
  for (const path of suite) {
    const hits = join(workspace.directory, 'process-hits');
    await workspace.write('dist/pipe.js', `${reporter(hits)}\n${bundle}`);
    const [recording] = await record(workspace, [path]);
    const reached = await readFile(hits, 'utf8').catch(() => '');
    await rm(hits, { force: true });
    if (recording === undefined) throw new Error(`${path} cannot be run`);
    processes.push({
      ...recording,
      runsBundle: true,
      outside: new Set(reached.split('\n').filter(Boolean).map(Number)),
    });
  }

  for (const [file, source] of originals) await workspace.write(file, source);
  if (!(await workspace.build())) throw new Error('The pipe cannot be built');
  return [...inProcess, ...processes];
}

/** Code for the bundle, which may be ended at any time. */
function reporter(file: string): string {
  return `const reachedMutants = new Set();
globalThis.reachMutant = (id) => {
  if (!reachedMutants.has(id)) require('node:fs').appendFileSync(${JSON.stringify(file)}, id + '\\n');
  reachedMutants.add(id);
};`;
}

async function record(workspace: Workspace, words: readonly string[]): Promise<Recording[]> {
  const lines = join(workspace.directory, 'hits');
  await rm(lines, { force: true });
  const ending = await workspace.jest(['--runTestsByPath', ...words], { ms: maxMs, env: { HITS_FILE: lines } });
  if (ending === 'out of time') throw new Error('The tests take too long');
  const text = await readFile(lines, 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => toRecording(JSON.parse(line), workspace.directory));
}

function toRecording({ file, ms, outside, tests }: Line, directory: string): Recording {
  return {
    file: relative(directory, file).replaceAll('\\', '/'),
    ms,
    runsBundle: false,
    outside: new Set(outside),
    tests: tests.map((test) => ({ ...test, hits: new Set(test.hits) })),
  };
}
