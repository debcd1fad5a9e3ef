/** Everything for a test release: a clone and its origin, a registry, and Downloads. Runs the steps of the pipeline in it. */

import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { repositoryPath } from '../own-names.ts';
import { afterAll, beforeAll, expect } from '@jest/globals';
import { type DebianRegistry, startDebianRegistry } from '../integration/debian-registry.ts';
import { findLeaks } from '../leaks.ts';
import { engineAddress } from '../platform/engine-address.ts';
import { startEngineProxy } from '../platform/engine-proxy.ts';
import { type RemoteSandbox, startRemoteSandbox } from '../sandbox/remote-sandbox.ts';
import { makeArm64Base, removeArm64Base } from './arm64-base.ts';
import { gitEnvironment, machineEnvironment } from './machine-environment.ts';
import { type Finished, outputOf, runCommand } from './run-command.ts';

const root = join(__dirname, '..', '..');
/** An address without a registry: the discard port. */
export const absentRegistry = '127.0.0.1:9';
/** Files of a release are named after the product, whoever releases it. */
export const productName = 'bitbucket-upload-package';

export interface ReleaseFixture {
  /** The directory of semversioner and the linters. */
  readonly tools: string;
  readonly sandbox: RemoteSandbox;
  readonly registry: DebianRegistry;
  /** Makes a bare origin whose main branch is the working tree of this project, and a clone of it. */
  createRepository(name: string): Promise<Repository>;
  /** Runs script lines as Pipelines does, and checks that no secret is printed, and nothing asked of the engine that Pipelines refuses. */
  runScript(clone: string, script: readonly string[], env?: Readonly<Record<string, string>>): Promise<Finished>;
}

export interface Repository {
  readonly origin: string;
  readonly clone: string;
  /** The output of git in the clone. */
  git(...words: readonly string[]): Promise<string>;
  /** The output of git in the bare origin. */
  inOrigin(...words: readonly string[]): Promise<string>;
  /** Writes files into the clone, commits all changes, and pushes them. */
  commit(subject: string, files?: Readonly<Record<string, string>>): Promise<void>;
  /** Another clone, at a commit, as on a fresh machine. */
  cloneAt(commit: string): Promise<string>;
}

/** Sets up one registry, and one sandbox that has the Downloads of this repository, for all tests of a file. */
export function useReleaseFixture(): ReleaseFixture {
  const [workspace = '', repository = ''] = repositoryPath.split('/');
  let directory = '';
  let sandbox: RemoteSandbox | undefined;
  let registry: DebianRegistry | undefined;
  let arm64Base = '';

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'release-'));
    [sandbox, registry, arm64Base] = await Promise.all([
      startRemoteSandbox({ workspace, repository }),
      startDebianRegistry(join(directory, 'registry')),
      makeArm64Base(),
    ]);
  }, 120_000);
  afterAll(async () => {
    await Promise.all([sandbox?.close(), registry?.close()]);
    const images = await outputOf('docker', ['image', 'ls', '--format={{.Repository}}:{{.Tag}}']);
    const hosts = [registry?.host, absentRegistry].filter((host) => host !== undefined);
    const own = images.split('\n').filter((image) => hosts.some((host) => image.startsWith(`${host}/`)));
    if (own.length > 0) await runCommand('docker', ['image', 'rm', '--force', ...own]);
    await removeArm64Base(arm64Base);
    await rm(directory, { recursive: true, force: true });
  }, 120_000);

  // Installing them takes longer than most tests: .ci/run already has them.
  const tools = (): string => process.env['RELEASE_TOOLS'] || join(directory, 'tools');
  const started = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('the fixture exists only during a test');
    return value;
  };

  return {
    get tools() {
      return tools();
    },
    get sandbox() {
      return started(sandbox);
    },
    get registry() {
      return started(registry);
    },
    createRepository: async (name) => await createRepository(join(directory, name)),
    runScript: async (clone, script, env = {}) => {
      const { apiUrl, tokens } = started(sandbox);
      const all: Readonly<Record<string, string>> = {
        ...machineEnvironment(),
        ...gitEnvironment,
        npm_config_prefer_offline: 'true',
        CI: 'true',
        BITBUCKET_CLONE_DIR: clone,
        BITBUCKET_BUILD_NUMBER: '42',
        BITBUCKET_BRANCH: 'main',
        BITBUCKET_COMMIT: await outputOf('git', ['rev-parse', 'HEAD'], { cwd: clone }),
        BITBUCKET_WORKSPACE: workspace,
        BITBUCKET_REPO_OWNER: workspace,
        BITBUCKET_REPO_SLUG: repository,
        BITBUCKET_REPO_FULL_NAME: repositoryPath,
        REPOSITORY_ACCESS_TOKEN: tokens.accessToken,
        RELEASE_TOOLS: tools(),
        RELEASE_REGISTRY: started(registry).host,
        RELEASE_BUILD_OPTIONS: '--network=host',
        RELEASE_DOCKER_OPTIONS: '--network=host',
        RELEASE_API_URL: apiUrl,
        // A release's own takes 30 s of both processors. The bench measures what it gains.
        RELEASE_COMPRESSION_LEVEL: '1',
        BASE_IMAGE_AMD64: 'node:26-bookworm-slim',
        BASE_IMAGE_ARM64: arm64Base,
        ...env,
      };
      const engine = engineAddress(process.env['DOCKER_HOST']);
      const proxy = await startEngineProxy({ engine, cloneDirectory: clone });
      try {
        const finished = await runCommand('bash', ['-e', '-c', script.join('\n')], {
          cwd: clone,
          env: { ...all, DOCKER_HOST: `tcp://localhost:${proxy.port}` },
        });
        expect(proxy.refusals).toEqual([]);
        expect(findLeaks(finished.output, tokens.accessToken)).toEqual([]);
        return finished;
      } finally {
        await proxy.close();
      }
    },
  };
}

async function createRepository(directory: string): Promise<Repository> {
  const origin = join(directory, 'origin.git');
  const clone = join(directory, 'build');
  const env = { ...machineEnvironment(), ...gitEnvironment };
  const git = async (...words: readonly string[]): Promise<string> => await outputOf('git', words, { cwd: clone, env });
  await mkdir(clone, { recursive: true });
  await outputOf('git', ['init', '--quiet', '--bare', '--initial-branch=main', origin], { env });
  await git('init', '--quiet', '--initial-branch=main');
  await git('remote', 'add', 'origin', origin);
  const files = await outputOf('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  for (const path of files.split('\0').filter((each) => each !== '')) {
    await cp(join(root, path), join(clone, path)).catch((error: NodeJS.ErrnoException) => {
      // Deleted in the working tree, but not yet committed.
      if (error.code !== 'ENOENT') throw error;
    });
  }
  const commit: Repository['commit'] = async (subject, given = {}) => {
    for (const [path, content] of Object.entries(given)) {
      await mkdir(dirname(join(clone, path)), { recursive: true });
      await writeFile(join(clone, path), content);
    }
    await git('add', '--all');
    await git('commit', '--quiet', `--message=${subject}`);
    await git('push', '--quiet', 'origin', 'HEAD:main');
  };
  await commit('Publish files and images');
  return {
    origin,
    clone,
    git,
    inOrigin: async (...words) => await outputOf('git', words, { cwd: origin, env }),
    commit,
    cloneAt: async (revision) => {
      const other = await mkdtemp(join(directory, 'clone-'));
      await outputOf('git', ['clone', '--quiet', origin, other], { env });
      await outputOf('git', ['reset', '--quiet', '--hard', revision], { cwd: other, env });
      return other;
    },
  };
}
