/** Chooses the tests that may notice a mutant, and the order in which to run them. */

import type { Mutant } from './find-mutants.ts';
import type { Recording } from './record-hits.ts';

/** Tests to run at once. */
export interface Choice {
  /** Most likely to fail first. */
  readonly files: readonly string[];
  /** The full names of the tests to run; undefined for all. */
  readonly names: readonly string[] | undefined;
  /** How long they took. */
  readonly ms: number;
  /** How long the slowest test took. */
  readonly slowestMs: number;
  readonly runsBundle: boolean;
}

/**
 * In the order to run them: those that reach the mutant while a test runs, those that reach it while they are loaded, as
 * a table is, and all tests of the file itself. If none reaches it, those that reach it in a process, or that are near it:
 * code in a thread reports nothing.
 *
 * @param budgetMs how long they may take, since some code is reached by all tests: the nearest tests say most about it
 */
export function chooseTests(recordings: readonly Recording[], mutant: Mutant, budgetMs: number): readonly Choice[] {
  const { file } = mutant;
  const inProcess = recordings
    .filter(({ runsBundle }) => !runsBundle)
    .map((recording) => ({ ...recording, weight: weightOf(recording.file, file) }));
  inProcess.sort((a, b) => a.ms * a.weight - b.ms * b.weight);
  const during = inProcess
    .flatMap((recording) =>
      recording.tests
        .filter(({ hits, failed }) => !failed && hits.has(mutant))
        .map(({ name, ms }) => ({
          test: recording.file,
          loadMs: loadMsOf(recording),
          name,
          ms,
          weight: recording.weight,
        })),
    )
    .toSorted((a, b) => (a.loadMs + a.ms) * a.weight - (b.loadMs + b.ms) * b.weight);
  const named = withinBudget(budgetMs, during);
  const outside = inProcess.filter((recording) => recording.outside.has(mutant));
  const choices: Choice[] = [];
  if (named.length > 0)
    choices.push({
      files: [...new Set(named.map(({ test }) => test))],
      names: named.map(({ name }) => name),
      ms: sum(named),
      slowestMs: Math.max(...named.map(({ ms }) => ms)),
      runsBundle: false,
    });
  if (outside.length > 0) {
    const files = outside.map((recording) => ({ test: recording.file, loadMs: 0, ms: recording.ms, recording }));
    choices.push(whole(withinBudget(budgetMs, files).map(({ recording }) => recording)));
  }
  // They may run it in a process or a thread, where it reports nothing.
  const own = inProcess.filter(
    ({ weight, tests }) => weight === 1 && tests.some(({ hits, failed }) => !failed && !hits.has(mutant)),
  );
  if (choices.length > 0 && own.length > 0) choices.push(whole(own));
  if (choices.length > 0) return choices;
  const processes = recordings.filter((recording) => recording.runsBundle && recording.outside.has(mutant));
  if (processes.length > 0) return [whole(processes.toSorted((a, b) => a.ms - b.ms))];
  const near = inProcess.filter(({ file: test }) => folderOf(test) === folderOf(file));
  return near.length > 0 ? [whole(near)] : [];
}

interface Timed {
  readonly test: string;
  /** How long the file of the test takes to load. */
  readonly loadMs: number;
  readonly ms: number;
}

/** The first of these, at least one. */
function withinBudget<T extends Timed>(budgetMs: number, items: readonly T[]): readonly T[] {
  const loaded = new Set<string>();
  let total = 0;
  return items.filter(({ test, loadMs, ms }) => {
    const isFirst = total === 0;
    total += ms + (loaded.has(test) ? 0 : loadMs);
    loaded.add(test);
    return isFirst || total <= budgetMs;
  });
}

function loadMsOf({ ms, tests }: Recording): number {
  return Math.max(0, ms - sum(tests));
}

/** All tests, except those that fail anyway. */
function whole(recordings: readonly Recording[]): Choice {
  const tests = recordings.flatMap((recording) => recording.tests);
  const passing = tests.filter(({ failed }) => !failed);
  return {
    files: recordings.map(({ file }) => file),
    names: passing.length === tests.length ? undefined : passing.map(({ name }) => name),
    ms: sum(recordings),
    slowestMs: Math.max(0, ...tests.map(({ ms }) => ms)),
    runsBundle: recordings.some(({ runsBundle }) => runsBundle),
  };
}

/**
 * Short tests of the file itself come first, then those of its folder and of its part of the pipe, then others: what is
 * reached by all tests must not use up its time with the shortest of them.
 */
function weightOf(test: string, file: string): number {
  const own = test.replace(/^test\//, '').replace(/\.test\.ts$/, '');
  const target = file.replace(/^pipe\//, '').replace(/\.ts$/, '');
  if (own === target) return 1;
  if (folderOf(test) === folderOf(file)) return 4;
  return own.split('/')[0] === target.split('/')[0] ? 16 : 64;
}

/** The folder below pipe/ or test/. */
function folderOf(path: string): string {
  return path.split('/').slice(1, -1).join('/');
}

function sum(items: readonly { readonly ms: number }[]): number {
  return items.reduce((total, { ms }) => total + ms, 0);
}
