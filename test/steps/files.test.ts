/** Steps that upload to the same Downloads at once. */

import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { parseChecksums } from '../../pipe/destinations/downloads/checksums.ts';
import type { Ended, Variables } from '../run-bundle.ts';
import { arrayVariables, useSandbox } from '../run-pipe.ts';
import { runSteps, type Step, stepCount } from './run-steps.ts';

const fixture = useSandbox();

function sha256(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Uploads the file of each step, which `nameOf` names. Its content is the step's own. */
async function upload(nameOf: (index: number) => string, ...args: readonly string[]): Promise<readonly Ended[]> {
  return await runSteps(
    fixture.directory,
    async ({ index, directory }: Step): Promise<Variables> => {
      const name = nameOf(index);
      await writeFile(join(directory, name), contentOf(index));
      return given({
        API_URL: fixture.sandbox.apiUrl,
        WORKSPACE: 'acme',
        REPOSITORY: 'app',
        TOKEN: fixture.sandbox.tokens.accessToken,
        FILENAME: name,
        ...arrayVariables('EXTRA_ARGS', [...args, '--output', 'result.json', '--no-report']),
      });
    },
    { servers: () => fixture.sandbox },
  );
}

function given(env: Readonly<Record<string, string | undefined>>): Variables {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** As long for each, so that only the content differs. */
function contentOf(index: number): string {
  return `the content of step ${String(index).padStart(3, '0')}`;
}

function requests(method: string): number {
  return fixture.sandbox.requests.filter((request) => request.method === method).length;
}

function failures(steps: readonly Ended[]): readonly string[] {
  return steps.filter(({ exitCode }) => exitCode !== 0).map(({ output }) => output);
}

const indexes = Array.from({ length: stepCount }, (_, index) => index);
const ownName = (index: number): string => `app-${index}.zip`;

it.each([
  ['', []],
  ['--no-clobber --verify=content', ['--no-clobber', '--verify=content']],
])('with --checksums %s, SHA256SUMS has the lines of all of them', async (_, args) => {
  fixture.sandbox.put('earlier.zip', 'earlier');
  fixture.sandbox.put('SHA256SUMS', `${sha256('earlier')}  earlier.zip\n${sha256('gone')}  gone.zip\n`);
  expect(failures(await upload(ownName, '--checksums', ...args))).toEqual([]);
  const text = (await fixture.sandbox.downloads.get('SHA256SUMS')?.content())?.toString() ?? '';
  expect(Object.fromEntries(parseChecksums(text).lines)).toEqual({
    'earlier.zip': sha256('earlier'),
    ...Object.fromEntries(indexes.map((index) => [ownName(index), sha256(contentOf(index))])),
  });
});

it('with --checksums=each, every file has its own', async () => {
  expect(failures(await upload(ownName, '--checksums=each'))).toEqual([]);
  for (const index of indexes) {
    const sums = await fixture.sandbox.downloads.get(`${ownName(index)}.sha256`)?.content();
    expect(sums?.toString()).toBe(`${sha256(contentOf(index))}  ${ownName(index)}\n`);
  }
  expect(requests('POST')).toBe(2 * stepCount);
});

it('with --no-clobber and one name, it is the step whose content stays that succeeds', async () => {
  const steps = await upload(() => 'app.zip', '--no-clobber');
  const winners = indexes.filter((index) => steps[index]?.exitCode === 0);
  const kept = fixture.sandbox.downloads.get('app.zip')?.sha256;
  expect(winners.map((index) => sha256(contentOf(index)))).toEqual([kept]);
  for (const output of failures(steps))
    expect(output).toMatch(
      /^✖ (?:app\.zip: another run published .*\n {2}app\.zip: NOT published|already among .*\n {2}app\.zip: NOT published: it is there already with other content; left as it is)$/m,
    );
});

it('with --skip-existing and one name, it is the step whose content stays that says so', async () => {
  const steps = await upload(() => 'app.zip', '--skip-existing');
  expect(failures(steps)).toEqual([]);
  const uploaded: string[] = [];
  for (const index of indexes) {
    const text = await readFile(join(fixture.directory, `step-${index}`, 'result.json'), 'utf8');
    const { items } = JSON.parse(text) as { items: readonly { action: string }[] };
    if (items[0]?.action === 'uploaded') uploaded.push(sha256(contentOf(index)));
  }
  expect(uploaded).toEqual([fixture.sandbox.downloads.get('app.zip')?.sha256]);
});

it('with --keep, the newest stay, and few deletions come too late', async () => {
  const old = Array.from({ length: 23 }, (_, index) => `app-old-${index}.zip`);
  for (const [index, name] of old.entries())
    fixture.sandbox.put(name, 'old', new Date(Date.parse('2026-01-01') + index * 1000));
  const steps = await upload(ownName, '--keep', String(stepCount), '--keep-pattern', 'app-*.zip');
  expect(failures(steps)).toEqual([]);
  expect([...fixture.sandbox.downloads.keys()].sort()).toEqual(indexes.map(ownName).sort());
  expect(requests('DELETE')).toBeLessThan(old.length + 5 * stepCount);
});
