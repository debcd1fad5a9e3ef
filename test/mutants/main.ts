/**
 * Makes small changes of the pipe, one at a time, and reports those that no test notices:
 * npm run test:mutants -- [--seed N] [--count N] [--folder FOLDER]... [--seconds N]
 * [--at FILE[:LINE[: CHANGE]]]...
 */

import { spawnSync } from 'node:child_process';
import { setPriority } from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { chooseTests } from './choose-tests.ts';
import { findMutants, type Mutant } from './find-mutants.ts';
import { recordHits } from './record-hits.ts';
import { sample } from './sample.ts';
import { tryMutant, type Verdict } from './try-mutant.ts';
import { Workspace } from './workspace.ts';

const root = dirname(dirname(import.meta.dirname));
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    /** For each folder. */
    count: { type: 'string', default: '20' },
    /** How long the tests of a mutant may take, as recorded. */
    seconds: { type: 'string', default: '60' },
    folder: { type: 'string', multiple: true },
    at: { type: 'string', multiple: true },
  },
});

/** The folders whose scores are told apart. */
function folderOf(file: string): string {
  const [first, second, ...rest] = file.replace('pipe/', '').split('/');
  if (second === undefined) return 'top level';
  if (first === 'destinations') return rest.length > 0 ? `destinations/${second}` : 'destinations';
  return first === 'oci' && second === 'registry' ? 'oci/registry' : String(first);
}

async function findAll(workspace: Workspace): Promise<readonly Mutant[]> {
  const mutants: Mutant[] = [];
  for (const file of workspace.files)
    if (/^pipe\/.+\.ts$/.test(file)) mutants.push(...findMutants(file, await workspace.read(file)));
  return mutants;
}

function choose(mutants: readonly Mutant[]): readonly Mutant[] {
  const { at, folder } = values;
  if (at !== undefined)
    return mutants.filter(({ file, line, change }) =>
      [file, `${file}:${line}`, `${file}:${line}: ${change}`].some((place) => at.includes(place)),
    );
  const folders = Map.groupBy(mutants, ({ file }) => folderOf(file));
  const unknown = folder?.find((name) => !folders.has(name));
  if (unknown !== undefined) throw new Error(`${unknown}: the folders are ${[...folders.keys()].join(', ')}`);
  const samples = [...folders]
    .filter(([name]) => folder === undefined || folder.includes(name))
    .map(([, own]) => sample(own, Number(values.count), Number(values.seed)));
  // The folders in turn, so that a run that is stopped early says something about each.
  return Array.from({ length: Number(values.count) }, (_, position) =>
    samples.flatMap((own) => own[position] ?? []),
  ).flat();
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function printScores(verdicts: ReadonlyMap<Mutant, Verdict>): void {
  const folders = Map.groupBy(verdicts, ([{ file }]) => folderOf(file));
  print(`\n${'folder'.padEnd(24)} ${'mutants'.padStart(7)} ${'noticed'.padStart(7)}  score`);
  for (const [name, own] of [...folders, ['all', [...verdicts]] as const]) {
    const noticed = own.filter(([, verdict]) => verdict === 'noticed' || verdict === 'hangs').length;
    const score = ((100 * noticed) / own.length).toFixed(0);
    print(`${name.padEnd(24)} ${String(own.length).padStart(7)} ${String(noticed).padStart(7)} ${score.padStart(4)} %`);
  }
}

setPriority(10);
const startedAt = performance.now();
const workspace = await Workspace.create(root);
process.on('exit', () => spawnSync('rm', ['-rf', workspace.directory]));
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  process.on(signal, () => process.exit(code));

const all = await findAll(workspace);
const mutants = choose(all);
print(`seed ${values.seed}: ${mutants.length} mutants`);
const recordings = await recordHits(workspace, all, new Set(mutants));
for (const { file, tests } of recordings)
  for (const { name, failed } of tests)
    if (failed) print(`fails without any change, so it is not used: ${file}: ${name}`);
print(`tests recorded after ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);

const verdicts = new Map<Mutant, Verdict>();
for (const [index, mutant] of mutants.entries()) {
  const triedAt = performance.now();
  const verdict = await tryMutant(workspace, mutant, chooseTests(recordings, mutant, 1000 * Number(values.seconds)));
  verdicts.set(mutant, verdict);
  const seconds = ((performance.now() - triedAt) / 1000).toFixed(0);
  print(`${index + 1}/${mutants.length} ${verdict}, ${seconds} s: ${mutant.file}:${mutant.line}: ${mutant.change}`);
}

const missed = [...verdicts].filter(([, verdict]) => verdict === 'survived' || verdict === 'not reached');
print(`\n${missed.length} that no test notices:`);
for (const [{ file, line, change }, verdict] of missed)
  print(`${file}:${line}: ${change}${verdict === 'survived' ? '' : ' (not reached)'}`);
printScores(verdicts);
print(`seed ${values.seed}, ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
