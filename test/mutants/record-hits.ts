/** Runs all tests once, and records which of them reach which mutants. */

import { spawn, spawnSync } from 'node:child_process';
import { open, readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Mutant } from './find-mutants.ts';
import { instrument } from './instrument.ts';
import { KeptHits, type Line } from './kept-hits.ts';
import type { Workspace } from './workspace.ts';

/** What a test file reaches. */
export interface Recording {
  /** Below the project. */
  readonly file: string;
  readonly ms: number;
  /** It runs the bundle as a process, so its tests are not told apart. */
  readonly runsBundle: boolean;
  /** The mutants reached while none of its tests runs, for example while it is loaded. */
  readonly outside: ReadonlySet<Mutant>;
  readonly tests: readonly {
    readonly name: string;
    readonly ms: number;
    readonly failed: boolean;
    readonly hits: ReadonlySet<Mutant>;
  }[];
}

const maxMs = 30 * 60_000;
/** The suites of chance, of processes, of real servers and of limits, and tests of the project rather than of the pipe. */
const leftOut =
  /^test\/(bench|build|bundle|docker-image|docstrings|faults\/matrix|fuzz|integration|interruptions|laws|local-pipe|memory|messages|mutants|own-node|pipelines|release|sandbox|steps)\b/;

/**
 * Records all mutants, so that a run that draws others need not record again. Leaves the workspace as it was.
 *
 * @param all the mutants of the whole source, in the same order each time
 */
export async function recordHits(
  workspace: Workspace,
  all: readonly Mutant[],
  wanted: ReadonlySet<Mutant>,
): Promise<readonly Recording[]> {
  const kept = await KeptHits.open(workspace);
  const originals = await instrumentAll(workspace, all);
  const tests = workspace.files.filter((path) => path.endsWith('.test.ts'));
  const inProcess = await kept.linesOf(
    tests.filter((path) => !leftOut.test(path)),
    async (missing) => await record(workspace, all.length, ['--maxWorkers=2', ...missing]),
  );
  const recordings = inProcess.map((line) => toRecording(line, { all, wanted, runsBundle: false }));
  const reached = recordings.map(({ outside, tests: own }) => [outside, ...own.map(({ hits }) => hits)]).flat();
  // These tests are slow, and so is a process for each run: they are for what no other test reaches.
  const suite = [...wanted].every((mutant) => reached.some((hits) => hits.has(mutant)))
    ? []
    : tests.filter((path) => path.startsWith('test/bundle/'));
  const processes = await kept.linesOf(suite, async (missing) => await recordProcesses(workspace, all.length, missing));

  for (const [file, source] of originals) await workspace.write(file, source);
  if (!(await workspace.build())) throw new Error('The pipe cannot be built');
  return [...recordings, ...processes.map((line) => toRecording(line, { all, wanted, runsBundle: true }))];
}

/** @returns the original sources */
async function instrumentAll(workspace: Workspace, all: readonly Mutant[]): Promise<ReadonlyMap<string, string>> {
  const originals = new Map<string, string>();
  for (const [file, own] of Map.groupBy(all.entries(), ([, mutant]) => mutant.file)) {
    const source = await workspace.read(file);
    originals.set(file, source);
    await workspace.write(file, instrument(source, new Map(own)));
  }
  if (!(await workspace.build())) throw new Error('The pipe with the reports of what is reached cannot be built');
  return originals;
}

async function recordProcesses(
  workspace: Workspace,
  count: number,
  paths: readonly string[],
): Promise<readonly Line[]> {
  const hits = join(workspace.directory, 'process-hits');
  // Some tests give up root's permissions.
  if (spawnSync('mkfifo', ['-m', '666', hits]).status !== 0) throw new Error(`${hits} cannot be created`);
  await workspace.write('dist/pipe.js', `${reporter(hits)}\n${await workspace.read('dist/pipe.js')}`);
  const lines: Line[] = [];
  for (const path of paths) {
    const reader = spawn('cat', [hits], { stdio: ['ignore', 'pipe', 'inherit'] });
    const reached = text(reader.stdout);
    // The reader ends when all writers have ended: this one is there before the first process, and after the last.
    const writer = await open(hits, 'w');
    const [line] = await record(workspace, count, [path]);
    await writer.close();
    if (line === undefined) throw new Error(`${path} cannot be run`);
    lines.push({ ...line, outside: [...new Set((await reached).split('\n').filter(Boolean).map(Number))] });
  }
  await rm(hits);
  return lines;
}

/**
 * Code for the bundle, which may be ended at any time. It leaves alone what tests act on: a named pipe, opened at once, can
 * be written to if no more files may be opened, or grow; and `require` is not called before the bundle calls it.
 */
function reporter(hits: string): string {
  return `const { openSync, writeSync } = process.getBuiltinModule('node:fs');
const hits = openSync(${JSON.stringify(hits)}, 'w');
const reached = new Set();
globalThis.reachedMutants = new Proxy([], {
  set(_target, id) {
    if (!reached.has(id)) writeSync(hits, id + '\\n');
    reached.add(id);
    return true;
  },
});`;
}

async function record(workspace: Workspace, count: number, words: readonly string[]): Promise<readonly Line[]> {
  const hits = join(workspace.directory, 'hits');
  await rm(hits, { force: true });
  const ending = await workspace.jest(['--runTestsByPath', ...words], {
    ms: maxMs,
    env: { HITS_FILE: hits, MUTANTS: String(count) },
  });
  if (ending === 'out of time') throw new Error('The tests take too long');
  const lines = (await readFile(hits, 'utf8')).trimEnd().split('\n');
  return lines.map((line) => {
    const recorded: Line = JSON.parse(line);
    return { ...recorded, file: relative(workspace.directory, recorded.file).replaceAll('\\', '/') };
  });
}

interface Numbering {
  readonly all: readonly Mutant[];
  readonly wanted: ReadonlySet<Mutant>;
  readonly runsBundle: boolean;
}

function toRecording({ file, ms, outside, tests }: Line, { all, wanted, runsBundle }: Numbering): Recording {
  const mutantsOf = (numbers: readonly number[]): ReadonlySet<Mutant> =>
    new Set(numbers.flatMap((number) => all[number] ?? []).filter((mutant) => wanted.has(mutant)));
  return {
    file,
    ms,
    runsBundle,
    outside: mutantsOf(outside),
    tests: tests.map(({ hits, ...test }) => ({ ...test, hits: mutantsOf(hits) })),
  };
}
