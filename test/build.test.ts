import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { outputOf, runCommand } from './release/run-command.ts';

const root = join(__dirname, '..');
let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'build-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

async function copyTo(place: string): Promise<void> {
  const scripts = ['build.mjs', 'undici-subset.cjs', 'check-undici-subset.mjs'].map((name) => `ci-scripts/${name}`);
  for (const path of ['pipe', 'package.json', 'tsconfig.json', ...scripts])
    await cp(join(root, path), join(place, path), { recursive: true });
  await symlink(join(root, 'node_modules'), join(place, 'node_modules'));
}

/** Builds a copy of the files that the Dockerfile uses. @returns the bundle's SHA-256 */
async function buildIn(place: string): Promise<string> {
  await copyTo(place);
  await outputOf(process.execPath, ['ci-scripts/build.mjs'], { cwd: place });
  return createHash('sha256')
    .update(await readFile(join(place, 'dist/pipe.js')))
    .digest('hex');
}

it('the bundle is identical wherever it is built', async () => {
  const places = [join(directory, 'one'), join(directory, 'another', 'of a longer name')];
  const [first, second] = await Promise.all(places.map(buildIn));
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  expect(second).toBe(first);
});

it('the build fails if the subset of undici lacks a method or a class that is used', async () => {
  const place = join(directory, 'one');
  await copyTo(place);
  const subset = join(place, 'ci-scripts/undici-subset.cjs');
  const source = await readFile(subset, 'utf8');
  const lacking = source.replace(/^ {2}request: .*$/m, '').replace(/^exports\.Agent = .*$/m, '');
  await writeFile(subset, lacking);
  const { exitCode, output } = await runCommand(process.execPath, ['ci-scripts/build.mjs'], { cwd: place });
  expect(exitCode).toBe(1);
  expect(output).toContain('calls request');
  expect(output).toContain('imports Agent');
});
