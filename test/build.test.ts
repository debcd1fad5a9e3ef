import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { outputOf } from './release/run-command.ts';

const root = join(__dirname, '..');
let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'build-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

/** Builds a copy of what the Dockerfile takes. @returns the bundle's SHA-256 */
async function buildIn(place: string): Promise<string> {
  for (const path of ['pipe', 'package.json', 'tsconfig.json', 'ci-scripts/build.mjs', 'ci-scripts/undici-subset.cjs'])
    await cp(join(root, path), join(place, path), { recursive: true });
  await symlink(join(root, 'node_modules'), join(place, 'node_modules'));
  await outputOf(process.execPath, ['ci-scripts/build.mjs'], { cwd: place });
  return createHash('sha256')
    .update(await readFile(join(place, 'dist/pipe.js')))
    .digest('hex');
}

it('the bundle is the same, byte for byte, wherever it is built', async () => {
  const places = [join(directory, 'one'), join(directory, 'another', 'of a longer name')];
  const [first, second] = await Promise.all(places.map(buildIn));
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  expect(second).toBe(first);
});
