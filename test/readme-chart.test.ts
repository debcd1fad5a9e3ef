/** The README's chart is drawn from the kept results of `npm run bench -- --json test/readme/bench.json`: `npm run readme` draws it anew. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import type { BenchReport } from './bench/report.ts';
import { drawChart } from './readme/chart.ts';
import { expectGenerated } from './readme/generated.ts';

/** What the README compares, for each kind that is published. */
const rows = [
  'one-large-file',
  'many-files',
  'image-push-empty',
  'image-push-changed',
  'npm-publish',
  'maven-deploy',
  'pypi-upload',
  'octopus-push',
];

async function kept(): Promise<BenchReport> {
  return JSON.parse(await readFile(join(__dirname, 'readme', 'bench.json'), 'utf8')) as BenchReport;
}

it('is up to date', async () => {
  await expectGenerated('test/readme/chart.svg', drawChart(await kept(), rows));
});

it('is drawn from whole inputs, with at least five runs of the pipe and of a peer in each row', async () => {
  const report = await kept();
  expect(report.isQuick).toBe(false);
  for (const id of rows) {
    const contestants = report.rows.find((row) => row.id === id)?.contestants ?? [];
    expect(contestants.length).toBeGreaterThan(1);
    for (const { name, runs } of contestants)
      expect({ id, name, isEnough: runs >= 5 }).toEqual({ id, name, isEnough: true });
  }
});
