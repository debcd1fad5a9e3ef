/**
 * Runs stopped or killed at random points, by seeds. INTERRUPTIONS sets the number of runs for each type, default 100;
 * INTERRUPTION_SEED the first seed, which with INTERRUPTIONS=1 repeats a run.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mapConcurrently } from '../../pipe/io/map-concurrently.ts';
import type { Type } from '../bundle/one-of-each.ts';
import { startSandbox } from '../sandbox/sandbox.ts';
import { release, snapshot } from './artifacts.ts';
import { directory } from './directories.ts';
import { downloads } from './files.ts';
import { imageArchive, imageIndex } from './images.ts';
import { type Interruption, interrupt, type Lane, runWhole } from './interruption.ts';
import { Observer } from './moment.ts';
import { octopusPackages } from './octopus-packages.ts';
import { packages, stagedPackages } from './packages.ts';
import { pythonPackages } from './python-packages.ts';
import type { Subject } from './subject.ts';
import { formatTable } from './table.ts';

const runs = Number(process.env['INTERRUPTIONS'] ?? 100);
const firstSeed = Number(process.env['INTERRUPTION_SEED'] ?? Math.floor(Date.now() / 1000) % 1_000_000);
const seeds = Array.from({ length: runs }, (_, index) => firstSeed + index);
/** Each run waits for its process and its server in turn. */
const concurrency = availableParallelism() * 2;

const subjects: readonly (readonly [Type, readonly Subject[]])[] = [
  ['file', [downloads]],
  ['image', [imageArchive, imageIndex]],
  ['npm', [packages, stagedPackages]],
  ['maven', [release, snapshot, directory]],
  ['octopus', [octopusPackages]],
  ['pypi', [pythonPackages]],
];
const results: (readonly [Type, readonly Interruption[]])[] = [];

let compileCache = '';
beforeAll(async () => {
  compileCache = await mkdtemp(join(tmpdir(), 'pipe-compile-cache-'));
});
afterAll(async () => {
  await rm(compileCache, { recursive: true });
  process.stderr.write(`\n${formatTable(results)}\n`);
});

it.each(subjects)(
  `TYPE %s: of ${runs} runs interrupted at random, from seed ${firstSeed}, none leaves anything half-published`,
  async (type, variants) => {
    const all = await Promise.all(
      variants.map(async (subject, index) => {
        const own = seeds.filter((seed) => seed % variants.length === index);
        return await interruptAll(subject, own, Math.ceil(concurrency / variants.length));
      }),
    );
    results.push([type, all.flat()]);
    expect(all.flat().flatMap(({ failures }) => failures)).toEqual([]);
  },
  runs * 10_000,
);

async function interruptAll(
  subject: Subject,
  own: readonly number[],
  laneCount: number,
): Promise<readonly Interruption[]> {
  if (own.length === 0) return [];
  const lanes = await Promise.all(Array.from({ length: laneCount }, () => openLane(subject)));
  try {
    const [first] = lanes;
    if (first === undefined) return [];
    // The first run fills the compile cache.
    await runWhole(subject, first);
    const course = await runWhole(subject, first);
    const free = [...lanes];
    return await mapConcurrently(own, laneCount, async (seed) => {
      const lane = free.pop() ?? first;
      try {
        return await interrupt(subject, lane, course, seed);
      } finally {
        free.push(lane);
      }
    });
  } finally {
    for (const { sandbox, directory } of lanes) {
      await sandbox.close();
      await rm(directory, { recursive: true });
    }
  }
}

async function openLane(subject: Subject): Promise<Lane> {
  const directory = await mkdtemp(join(tmpdir(), 'pipe-interruption-'));
  await subject.prepare(directory);
  const lane: Lane = {
    sandbox: await startSandbox({ npm: { stages: true }, observe: (event) => lane.observer.observe(event) }),
    directory,
    compileCache,
    observer: new Observer(),
  };
  return lane;
}
