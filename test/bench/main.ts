/**
 * `npm run bench`: the pipe and its peers, in turn, on this machine; prints medians, ratios and targets as Markdown.
 *
 *     npm run bench -- [--growth] [--runs N] [--only PATTERN] [--quick] [--check] [--bundle FILE] [--json FILE]
 *
 * The exit code is 1 if a run fails, and with `--check` also if a target is missed.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { compete } from './contest.ts';
import { createMeter } from './measure.ts';
import { findPeers } from './peers.ts';
import { type BenchReport, benchRow, type BenchRow } from './report.ts';
import { type Bench, isMet, type Row, type Target } from './row.ts';
import { growthRows } from './rows/growth.ts';
import { flatMemory } from './rows/flat-memory.ts';
import { imagePushRows } from './rows/image-push.ts';
import { imageSize } from './rows/image-size.ts';
import { mainThread } from './rows/main-thread.ts';
import { manyFiles } from './rows/many-files.ts';
import { npmMemory, npmPublish } from './rows/npm-publish.ts';
import { mavenDeploy } from './rows/maven-deploy.ts';
import { octopusPush } from './rows/octopus-push.ts';
import { pypiUpload } from './rows/pypi-upload.ts';
import { oneLargeFile } from './rows/one-large-file.ts';
import { startUp } from './rows/start-up.ts';
import { resultText, targetsText } from './table.ts';

const comparisons: readonly Row[] = [
  oneLargeFile,
  flatMemory,
  manyFiles,
  startUp,
  ...imagePushRows,
  mainThread,
  imageSize,
  npmPublish,
  npmMemory,
  mavenDeploy,
  pypiUpload,
  octopusPush,
];

const defaultRuns = 5;
const quickRuns = 3;

interface Arguments {
  readonly rounds: number;
  readonly rows: readonly Row[];
  readonly isQuick: boolean;
  readonly isCheck: boolean;
  readonly bundle: string;
  /** Where the results are written, too. */
  readonly json: string | undefined;
}

process.exitCode = await main();

async function main(): Promise<number> {
  let args: Arguments;
  try {
    args = readArguments();
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return 1;
  }
  const directory = await mkdtemp(join(tmpdir(), 'pipe-bench-'));
  const remove = async (): Promise<void> => {
    for (const row of args.rows) await row.cleanUp?.();
    await rm(directory, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void remove().finally(() => process.exit(1)));
  try {
    return await runAll(args, directory);
  } finally {
    await remove();
  }
}

function readArguments(): Arguments {
  const { values } = parseArgs({
    options: {
      /** Counted runs of each contestant. */
      runs: { type: 'string' },
      /** A regular expression for the rows' names. */
      only: { type: 'string', default: '' },
      /** How time and memory grow, instead of the comparison. */
      growth: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      /** A different build of the pipe. */
      bundle: { type: 'string', default: 'dist/pipe.js' },
      json: { type: 'string' },
    },
  });
  const rounds = Number(values.runs ?? (values.quick ? quickRuns : defaultRuns));
  if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError('--runs must be a whole number, at least 1');
  const pattern = new RegExp(values.only);
  const all = values.growth ? growthRows : comparisons;
  const rows = all.filter(({ id }) => pattern.test(id));
  if (rows.length === 0) throw new RangeError(`--only matches none of ${all.map(({ id }) => id).join(', ')}`);
  return { rounds, rows, isQuick: values.quick, isCheck: values.check, bundle: values.bundle, json: values.json };
}

async function runAll({ rounds, rows, isQuick, isCheck, bundle, json }: Arguments, directory: string): Promise<number> {
  const root = join(import.meta.dirname, '..', '..');
  const meter = await createMeter(directory);
  const peers = await findPeers(join(root, 'node_modules', '.cache', 'bench'));
  const { model = 'unknown processor' } = cpus()[0] ?? {};
  const machine = [`${cpus().length} × ${model}`, `Node.js ${process.version}`, ...peerVersions(Object.values(peers))];
  print(`${machine.join('; ')}.`);
  print(`Runs in turn, after one warm-up each; MB are 1,000,000 bytes; memory by ${meter.name}.`);
  if (isQuick) print('Quick: small inputs, so the targets mean little.');
  const targets: Target[] = [];
  const measured: BenchRow[] = [];
  let hasFailed = false;
  for (const row of rows) {
    const onRun = (name: string): void => say(`${row.id}: ${name}`);
    const bench: Bench = {
      bundlePath: resolve(root, bundle),
      peers,
      directory,
      rounds,
      isQuick,
      compete: async (contestants, options = {}) =>
        await compete(contestants, options.rounds ?? rounds, { ...options, meter, onRun }),
    };
    try {
      const result = await row.measure(bench);
      say('');
      print(`\n${resultText(result)}`);
      targets.push(...result.targets);
      measured.push(benchRow(row.id, result));
    } catch (error) {
      hasFailed = true;
      say('');
      print(`\n### ${row.id}\n\nFailed: ${(error as Error).message}`);
    }
  }
  print(`\n### Targets\n\n${targetsText(targets)}`);
  const report: BenchReport = { machine, isQuick, rows: measured };
  if (json !== undefined) await writeFile(resolve(root, json), `${JSON.stringify(report, undefined, 2)}\n`);
  return hasFailed || (isCheck && targets.some((target) => isMet(target) === false)) ? 1 : 0;
}

function peerVersions(peers: readonly { version?: string; missing?: string }[]): readonly string[] {
  return peers.flatMap(({ version, missing }) => version ?? missing ?? []);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Shows the current run, on a terminal only. */
function say(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}
