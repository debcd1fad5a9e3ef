/** Runs the tests of one mutant. */

import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Choice } from './choose-tests.ts';
import type { Mutant } from './find-mutants.ts';
import { patternsOf } from './name-patterns.ts';
import type { Ending, Workspace } from './workspace.ts';

export type Verdict = 'noticed' | 'hangs' | 'survived' | 'not reached';

/** Starting Jest, and loading the files; or what a busy machine takes. */
const startMs = 15_000;
const slowest = 3;

/** Leaves the workspace as it was. */
export async function tryMutant(workspace: Workspace, mutant: Mutant, choices: readonly Choice[]): Promise<Verdict> {
  const original = await workspace.read(mutant.file);
  const { start, end, replacement } = mutant;
  const changed = original.slice(0, start) + replacement + original.slice(end);
  try {
    for (const choice of choices) {
      const ending = await runChoice(workspace, choice, { path: mutant.file, original, changed });
      if (ending !== 'passed') return ending === 'failed' ? 'noticed' : 'hangs';
    }
    return choices.length === 0 ? 'not reached' : 'survived';
  } finally {
    await workspace.write(mutant.file, original);
  }
}

interface Change {
  readonly path: string;
  readonly original: string;
  readonly changed: string;
}

/** A limit that is exceeded counts only if the same tests of the unchanged source keep it: the machine may be busy. */
async function runChoice(workspace: Workspace, choice: Choice, { path, original, changed }: Change): Promise<Ending> {
  for (let ms = startMs + slowest * choice.ms; ; ms *= 3) {
    await workspace.write(path, changed);
    const ending = await runTests(workspace, choice, ms);
    if (ending !== 'out of time') return ending;
    await workspace.write(path, original);
    if ((await runTests(workspace, choice, ms / 2)) === 'passed') return ending;
  }
}

async function runTests(workspace: Workspace, choice: Choice, ms: number): Promise<Ending> {
  const { files, names, runsBundle, slowestMs } = choice;
  if (runsBundle && !(await workspace.build())) return 'failed';
  const totals = join(workspace.directory, 'totals');
  const order = JSON.stringify(files.map((file) => join(workspace.directory, file)));
  const env = { TEST_ORDER: order, TEST_TOTALS: totals, ENDS_AT_FAILURE: '1' };
  const timeout = `--testTimeout=${Math.ceil(startMs + slowest * slowestMs)}`;
  const patterns = names === undefined ? [undefined] : patternsOf(names);
  let passed = 0;
  for (const pattern of patterns) {
    await rm(totals, { force: true });
    const words = ['--runInBand', '--bail', timeout, '--runTestsByPath', ...files];
    const only = pattern === undefined ? [] : ['--testNamePattern', pattern];
    const ending = await workspace.jest([...words, ...only], { ms, env });
    if (ending !== 'passed') return ending;
    if (names !== undefined) passed += Number((await readFile(totals, 'utf8')).split(' ')[0]);
  }
  // The names of some tests differ from run to run.
  return passed >= (names?.length ?? 0) ? 'passed' : await runTests(workspace, { ...choice, names: undefined }, ms);
}
