/**
 * Attacks parts of the pipe with damaged inputs: main.ts [--seconds N | --minutes N] [--seed N] [--case N] [TARGET…]
 * Prints the seed and the number of cases of each target. The exit code is 1 if a case crashes, hangs, or takes too much memory.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { randomFor } from './random.ts';
import { targetNames } from './target-names.ts';
import { targets } from './targets/table.ts';
import { keepHeapFlat } from '../../pipe/io/flat-heap.ts';

/** A case takes milliseconds; a busy machine may take a thousand times as long. */
const maxCaseMs = 20_000;
/** Loaded, the fuzzers and the sandbox take about 120 MB: with this, a case takes 200 MB. */
const maxCaseBytes = 80e6;
const collectedBytes = 160e6;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '10' },
    minutes: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
    case: { type: 'string' },
  },
});
const seed = Number(values.seed);
const durationMs = values.minutes === undefined ? Number(values.seconds) * 1000 : Number(values.minutes) * 60_000;
const only = values.case === undefined ? undefined : Number(values.case);
const unknown = positionals.filter((each) => !targetNames.some((known) => known === each));
if (unknown.length > 0) throw new Error(`there is no ${unknown.join(', ')}: ${targetNames.join(', ')}`);
const names = targetNames.filter((known) => positionals.length === 0 || positionals.includes(known));
keepHeapFlat();
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** The case that runs, and when it began, for the thread that watches for hangs. */
const current = new Float64Array(new SharedArrayBuffer(16));
let name = '';

// A loop that never ends can only be noticed by another thread, and only be ended with the process.
new Worker(
  `const { workerData: { current, maxMs, pid } } = require('node:worker_threads');
  setInterval(() => {
    if (current[1] === 0 || Date.now() - current[1] < maxMs) return;
    require('node:fs').writeSync(1, 'hangs: case ' + current[0] + '\\n');
    process.kill(pid, 'SIGKILL');
  }, 500);`,
  { eval: true, workerData: { current, maxMs: maxCaseMs, pid: process.pid } },
).unref();

// An error outside of any promise that the target awaits.
for (const event of ['uncaughtException', 'unhandledRejection'] as const)
  process.on(event, (error: unknown) => fail(error));

for (const each of names) {
  name = each;
  const directory = await mkdtemp(join(tmpdir(), 'pipe-fuzz-'));
  const target = await targets[each](directory);
  const endsAt = only === undefined ? Date.now() + durationMs : 0;
  let index = only ?? 0;
  try {
    do {
      const before = { residentBytes: process.memoryUsage.rss(), peakBytes: peakBytes() };
      current[0] = index;
      current[1] = Date.now();
      await target.attack(randomFor(seed, index));
      // What earlier cases left behind, such as the pieces of freed memory, is not a case's own.
      const caseBytes = peakBytes() > before.peakBytes ? peakBytes() - before.residentBytes : 0;
      if (caseBytes > maxCaseBytes) fail(new Error(`took ${Math.round(caseBytes / 1e6)} MB`));
      if (before.residentBytes > collectedBytes) collectGarbage();
      index++;
    } while (Date.now() < endsAt);
    current[1] = 0;
  } catch (error) {
    fail(error);
  } finally {
    await target.close?.();
    await rm(directory, { recursive: true, force: true });
  }
  process.stdout.write(`${name}: ${index} cases, seed ${seed}\n`);
}
process.exit();

function peakBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}

function fail(error: unknown): never {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stdout.write(
    `${name}: FAILED in case ${current[0]}: ${text}\nRepeat it: --seed ${seed} --case ${current[0]} ${name}\n`,
  );
  process.exit(1);
}
