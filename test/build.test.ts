import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { copyBuild } from './copy-build.ts';
import { outputOf, runCommand } from './release/run-command.ts';

const shipped = ['pipe.js', 'result.schema.json', 'sbom.cdx.json', 'THIRD-PARTY-NOTICES.txt'];
let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'build-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

/** Builds a copy of the files that the Dockerfile uses. @returns the SHA-256 of the files that ship */
async function buildIn(place: string): Promise<readonly string[]> {
  await copyBuild(place);
  await outputOf(process.execPath, ['ci-scripts/build.mjs'], { cwd: place });
  const contents = await Promise.all(shipped.map(async (name) => await readFile(join(place, 'dist', name))));
  return contents.map((content) => createHash('sha256').update(content).digest('hex'));
}

it('the bundle, its SBOM and its notices are identical wherever they are built', async () => {
  const places = [join(directory, 'one'), join(directory, 'another', 'of a longer name')];
  const [first, second] = await Promise.all(places.map(buildIn));
  expect(first).toHaveLength(shipped.length);
  expect(second).toEqual(first);
});

it('the build fails if the subset of undici lacks a method or a class that is used', async () => {
  const place = join(directory, 'one');
  await copyBuild(place);
  const subset = join(place, 'ci-scripts/undici-subset.cjs');
  const source = await readFile(subset, 'utf8');
  const lacking = source.replace(/^ {2}request: .*$/m, '').replace(/^exports\.Agent = .*$/m, '');
  await writeFile(subset, lacking);
  const { exitCode, output } = await runCommand(process.execPath, ['ci-scripts/build.mjs'], { cwd: place });
  expect(exitCode).toBe(1);
  expect(output).toContain('calls request');
  expect(output).toContain('imports Agent');
});
