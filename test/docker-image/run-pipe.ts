/** Runs the pipe's image with `docker run`, exactly as Pipelines does, and checks that no secret is printed. */

import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify, stripVTControlCharacters } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, jest } from '@jest/globals';
import type { Environment } from '../../pipe/toolkit/environment.ts';
import { expectNoLeaks } from '../leaks.ts';
import { peakBytesIn } from '../peak-memory.ts';
import { type RemoteSandbox, startRemoteSandbox } from '../sandbox/remote-sandbox.ts';
import type { SandboxOptions } from '../sandbox/sandbox.ts';

jest.setTimeout(60_000);

export const image = process.env['PIPE_IMAGE'] || 'packagepipes/bitbucket-upload-package:test';

const agent = '/opt/atlassian/pipelines/agent';
/** The path of the clone in the container. */
export const cloneDirectory = `${agent}/build`;
/** The shared storage of all pipes, relative to the clone. */
const storage = '.bitbucket/pipelines/generated/pipeline/pipes';
/** The pipe's own storage, relative to the clone. */
export const pipeStorage = `${storage}/packagepipes/bitbucket-upload-package`;
/** The file for output variables, relative to the clone. */
export const variablesFile = '.bitbucket/pipelines/generated/output-variables';

const execute = promisify(execFile);

/** The standard output of a docker command. Rejects if it fails. */
export async function docker(...words: readonly string[]): Promise<string> {
  const env = { ...process.env, DOCKER_BUILDKIT: '0' };
  return (await execute('docker', words, { env, maxBuffer: 64 * 1024 ** 2 })).stdout;
}

/** The standard output of a script, run by the image's own Node.js. */
export async function runNode(script: string, ...dockerOptions: readonly string[]): Promise<string> {
  return await docker('run', '--rm', ...dockerOptions, '--entrypoint=/usr/local/bin/node', image, '-e', script);
}

export interface RunOptions {
  /** A path in the container. Default: a subdirectory of the clone. */
  readonly workingDirectory?: string;
  /** Further options of `docker run`. */
  readonly dockerOptions?: readonly string[];
  /** What `host.docker.internal` is. Default: this machine if the sandbox has a proxy for reports, and otherwise nothing. */
  readonly internalAddress?: string;
  /** Default: false. */
  readonly measuresMemory?: boolean;
}

const thisMachine = '127.0.0.1';
/** Cannot be connected to. On this machine, Pipelines may have a proxy of its own, which must not get reports of tests. */
const nowhere = '255.255.255.255';

/** Writes what the kernel knows of the process when it ends. The engine, and so its processes, may be on another machine. */
const measure = `if (require('node:worker_threads').isMainThread) {
  const { readFileSync, writeFileSync } = require('node:fs');
  process.on('exit', () => writeFileSync('/measure/status', readFileSync('/proc/self/status')));
}
`;

export interface Ended {
  readonly exitCode: number;
  /** Everything printed, without colours. */
  readonly output: string;
  /** Standard error alone. */
  readonly errors: string;
  /** Peak resident memory; 0 if it was not measured, or the process was killed. */
  readonly peakBytes: number;
  readonly isOutOfMemory: boolean;
  readonly endedAt: Date;
}

/** A running pipe. */
export interface Running {
  readonly ended: Promise<Ended>;
  signal(name: 'SIGINT' | 'SIGTERM'): Promise<void>;
}

export interface Step {
  readonly sandbox: RemoteSandbox;
  /** The path of the step's clone on this machine. */
  readonly clone: string;
  readonly commit: string;
  /** Writes a file to the clone. */
  write(path: string, content: string | Buffer): Promise<void>;
  start(variables: Environment, options?: RunOptions): Running;
  /** Runs the pipe to its end, with an access token unless `variables` says otherwise. */
  runPipe(variables: Environment, options?: RunOptions): Promise<Ended>;
}

/** Sets up a sandbox for the tests of a file, and for each test the clone of a step. */
export function useStep(sandboxOptions: SandboxOptions = {}): Step {
  let sandbox: RemoteSandbox | undefined;
  let directory = '';
  const containers: string[] = [];
  const commit = randomBytes(20).toString('hex');

  beforeAll(async () => {
    sandbox = await startRemoteSandbox(sandboxOptions);
  });
  beforeEach(async () => {
    await started().reset();
    directory = await mkdtemp(join(tmpdir(), 'pipe-image-'));
    for (const path of ['measure', 'ssh', 'build/module/dist', `build/${pipeStorage}`])
      await mkdir(join(directory, path), { recursive: true });
    await writeFile(join(directory, 'docker'), '');
    await writeFile(join(directory, 'measure/measure.cjs'), measure);
    await writeFile(join(directory, 'build', variablesFile), '');
  });
  afterEach(async () => {
    if (containers.length > 0) await docker('rm', '--force', ...containers.splice(0));
    await rm(directory, { recursive: true, force: true });
  });
  afterAll(async () => {
    await sandbox?.close();
  });

  const started = (): RemoteSandbox => {
    if (sandbox === undefined) throw new Error('the sandbox exists only within a test');
    return sandbox;
  };

  const start: Step['start'] = (variables, options = {}) => {
    const { workingDirectory, dockerOptions = [], measuresMemory = false } = options;
    const { internalAddress = sandboxOptions.proxyPort === undefined ? nowhere : thisMachine } = options;
    const { apiUrl, tokens } = started();
    const env = {
      ...pipelinesVariables(commit),
      API_URL: apiUrl,
      TOKEN: tokens.accessToken,
      ...(measuresMemory && { NODE_OPTIONS: '--require=/measure/measure.cjs' }),
      ...variables,
    };
    const name = `pipe-test-${randomBytes(6).toString('hex')}`;
    containers.push(name);
    const readPeak = async (): Promise<number> =>
      peakBytesIn(await readFile(join(directory, 'measure/status'), 'utf8').catch(() => ''));
    return {
      ended: runContainer(name, env, readPeak, [
        `--add-host=host.docker.internal:${internalAddress}`,
        // Pipelines has the Docker CLI there. The engine mounts only what is below the clone.
        `--volume=${directory}/docker:/usr/local/bin/docker:ro`,
        `--volume=${directory}/build:${cloneDirectory}`,
        `--volume=${directory}/ssh:${agent}/ssh:ro`,
        ...(measuresMemory ? [`--volume=${directory}/measure:/measure`] : []),
        `--workdir=${workingDirectory ?? `${cloneDirectory}/module`}`,
        ...dockerOptions,
      ]),
      signal: async (signal) => void (await docker('kill', `--signal=${signal}`, name)),
    };
  };

  return {
    get sandbox() {
      return started();
    },
    get clone() {
      return join(directory, 'build');
    },
    commit,
    write: async (path, content) => {
      await mkdir(dirname(join(directory, 'build', path)), { recursive: true });
      await writeFile(join(directory, 'build', path), content);
    },
    start,
    runPipe: async (variables, options) => await start(variables, options).ended,
  };
}

/** The variables that Pipelines passes to every pipe, besides those of its entry. */
function pipelinesVariables(commit: string): Environment {
  return {
    CI: 'true',
    BITBUCKET_WORKSPACE: 'acme',
    BITBUCKET_REPO_SLUG: 'app',
    BITBUCKET_REPO_OWNER: 'acme',
    BITBUCKET_REPO_FULL_NAME: 'acme/app',
    BITBUCKET_REPO_UUID: '{2f0b8a52-27a7-4d2a-a9c5-2b6fb6a3d6f1}',
    BITBUCKET_REPO_IS_PRIVATE: 'true',
    BITBUCKET_PROJECT_KEY: 'APP',
    BITBUCKET_BRANCH: 'main',
    BITBUCKET_COMMIT: commit,
    BITBUCKET_BUILD_NUMBER: '17',
    BITBUCKET_CLONE_DIR: cloneDirectory,
    BITBUCKET_PIPELINE_UUID: '{9b4f3f0e-8a56-4c55-92a5-0f3a4d1c6f7e}',
    BITBUCKET_STEP_UUID: '{5d6c2a0b-3f0c-4f7a-8d2e-6c1b9a7e4d30}',
    BITBUCKET_STEP_RUN_NUMBER: '1',
    BITBUCKET_GIT_HTTP_ORIGIN: 'http://bitbucket.org/acme/app',
    BITBUCKET_DOCKER_HOST_INTERNAL: '127.0.0.1',
    BITBUCKET_PIPELINES_VARIABLES_PATH: `${cloneDirectory}/${variablesFile}`,
    BITBUCKET_PIPE_SHARED_STORAGE_DIR: `${cloneDirectory}/${storage}`,
    BITBUCKET_PIPE_STORAGE_DIR: `${cloneDirectory}/${pipeStorage}`,
    PIPELINES_JWT_TOKEN: 'sandbox.pipelines-jwt.c2FuZGJveC1zaWduYXR1cmUtMTc',
    DOCKER_HOST: 'tcp://host.docker.internal:2375',
  };
}

async function runContainer(
  name: string,
  env: Environment,
  readPeak: () => Promise<number>,
  options: readonly string[],
): Promise<Ended> {
  const child = spawn(
    'docker',
    [
      'container',
      'run',
      `--name=${name}`,
      '--memory=1g',
      // The sandbox is on this machine's loopback.
      '--network=host',
      ...Object.entries(env).map(([key, value]) => `--env=${key}=${value}`),
      ...options,
      image,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const exited = new Promise<number>((resolve, reject) => {
    child.once('error', reject).once('exit', (code) => resolve(code ?? -1));
  });
  const [output, errors] = await Promise.all([readAll(child.stdout), readAll(child.stderr)]);
  const exitCode = await exited;
  expectNoLeaks(output + errors, env);
  const state: { readonly OOMKilled: boolean; readonly FinishedAt: string } = JSON.parse(
    await docker('inspect', '--format={{json .State}}', name),
  );
  return {
    exitCode,
    output: stripVTControlCharacters(output + errors),
    errors,
    peakBytes: await readPeak(),
    isOutOfMemory: state.OOMKilled,
    endedAt: new Date(state.FinishedAt),
  };
}

async function readAll(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
