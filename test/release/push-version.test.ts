import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { type Finished, outputOf, runCommand } from './run-command.ts';

const root = join(__dirname, '..', '..');
const env = {
  ...process.env,
  GIT_CONFIG_GLOBAL: '/dev/null',
  ...Object.fromEntries(
    ['AUTHOR', 'COMMITTER'].flatMap((role) => [
      [`GIT_${role}_NAME`, 'tests'],
      [`GIT_${role}_EMAIL`, 'tests@example.com'],
    ]),
  ),
};
let directory = '';
const origin = (): string => join(directory, 'origin.git');
const clone = (): string => join(directory, 'clone');
const git = async (cwd: string, ...words: readonly string[]): Promise<string> =>
  await outputOf('git', words, { cwd, env });
const script = async (cwd: string, name: string, ...words: readonly string[]): Promise<Finished> =>
  await runCommand(join(cwd, 'ci-scripts', name), words, { cwd, env });

/** Commits and tags a version on top of `main`, but does not push it. */
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'push-version-'));
  await outputOf('git', ['init', '--quiet', '--bare', '--initial-branch=main', origin()], { env });
  await outputOf('git', ['clone', '--quiet', origin(), clone()], { env });
  await cp(join(root, 'ci-scripts'), join(clone(), 'ci-scripts'), { recursive: true });
  await git(clone(), 'checkout', '--quiet', '-B', 'main');
  await git(clone(), 'add', '--all');
  await git(clone(), 'commit', '--quiet', '--message=Start');
  await git(clone(), 'push', '--quiet', 'origin', 'main');
  await git(clone(), 'commit', '--quiet', '--allow-empty', "--message=Update files for new version '1.2.3' [skip ci]");
  await git(clone(), 'tag', '--annotate', '--message=1.2.3', '1.2.3');
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

async function refuseTags(): Promise<string> {
  const hook = join(origin(), 'hooks', 'update');
  await mkdir(join(origin(), 'hooks'), { recursive: true });
  await writeFile(hook, '#!/bin/sh\ncase $1 in refs/tags/*) echo "no tags today"; exit 1 ;; esac\n');
  await chmod(hook, 0o755);
  return hook;
}

/** What the build of the version leaves for its tag. */
async function writeBuilt(cwd: string): Promise<void> {
  await mkdir(join(cwd, 'release'));
  const result = JSON.stringify({ items: [{ digest: 'sha256:abc' }] });
  for (const architecture of ['amd64', 'arm64'])
    await writeFile(join(cwd, 'release', `image-${architecture}.json`), result);
  await writeFile(join(cwd, 'release', 'bitbucket-upload-package-1.2.3.js'), 'bundle');
}

const refs = async (): Promise<string> => await git(origin(), 'for-each-ref', '--format=%(refname) %(objecttype)');
const released = 'refs/heads/main commit\nrefs/tags/1.2.3 tag';

it('pushes the commit and the tag', async () => {
  expect(await script(clone(), 'push-version.sh', '1.2.3')).toEqual({ exitCode: 0, output: '' });
  expect(await refs()).toBe(released);
  expect(await git(origin(), 'rev-parse', 'main')).toBe(await git(clone(), 'rev-parse', '1.2.3^{commit}'));
});

it('pushes neither if the tag is refused', async () => {
  await refuseTags();
  const start = await git(origin(), 'rev-parse', 'main');
  const { exitCode, output } = await script(clone(), 'push-version.sh', '1.2.3');
  expect({ exitCode, output }).toEqual({ exitCode: 1, output: expect.stringContaining('no tags today') });
  expect([await refs(), await git(origin(), 'rev-parse', 'main')]).toEqual(['refs/heads/main commit', start]);
});

it('is completed by the next run on another machine if origin does not support atomic pushes and refuses the tag', async () => {
  await git(origin(), 'config', 'receive.advertiseAtomic', 'false');
  const hook = await refuseTags();
  expect((await script(clone(), 'push-version.sh', '1.2.3')).exitCode).toBe(1);
  expect(await refs()).toBe('refs/heads/main commit');
  await rm(hook);
  const other = join(directory, 'other');
  await outputOf('git', ['clone', '--quiet', origin(), other], { env });
  await git(other, 'reset', '--quiet', '--hard', 'main~1');
  const commit = await git(origin(), 'rev-parse', 'main');
  await writeBuilt(other);
  const { exitCode, output } = await script(other, 'complete-tag.sh', '1.2.3', commit);
  expect({ exitCode, output }).toEqual({
    exitCode: 0,
    output: 'Pushed the tag 1.2.3, which was missing on origin.\n',
  });
  const message = await git(origin(), 'tag', '--list', '--format=%(contents)', '1.2.3');
  expect(message).toMatch(
    /^1\.2\.3\n\n(?:.*\n)+.+@sha256:abc linux\/amd64\n.+@sha256:abc linux\/arm64\n[0-9a-f]{64} {2}bit.+\.js$/,
  );
  expect(await refs()).toBe(released);
  expect(await git(origin(), 'rev-parse', '1.2.3^{commit}')).toBe(await git(origin(), 'rev-parse', 'main'));
});
