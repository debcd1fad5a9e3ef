import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { planDownloads } from '../../../pipe/destinations/downloads/plan.ts';
import { InputError } from '../../../pipe/errors.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'downloads-plan-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

async function problem(...paths: readonly string[]): Promise<string> {
  for (const path of paths) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), path);
  }
  const settings = { patterns: { form: 'string', value: '**' }, rename: undefined, checksums: 'list' } as const;
  const { signal } = new AbortController();
  const error: unknown = await planDownloads(settings, { workingDirectory: directory }, signal).catch(
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(InputError);
  return (error as InputError).message;
}

it('refuses files with the same base name, and names all of them', async () => {
  expect(await problem('a/app.zip', 'b/app.zip', 'c/app.zip', 'd/other.zip', 'd/x', 'e/x')).toBe(
    'a/app.zip and b/app.zip and c/app.zip would all become the download app.zip: rename all but one\n' +
      'd/x and e/x would all become the download x: rename all but one',
  );
});

it('keeps control characters in names out of the message', async () => {
  expect(await problem('a/ev\u001B[31mil.zip', 'b/ev\u001B[31mil.zip')).not.toContain('\u001B');
});
