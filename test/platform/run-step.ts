/** Runs a step of bitbucket-pipelines.yml in a clone, with what Pipelines gives to it, and without what it does not. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { outputOf, runCommand } from '../release/run-command.ts';
import { gitEnvironment, machineEnvironment } from '../release/machine-environment.ts';
import type { PipelineStep, StepMemory } from '../release/pipeline-steps.ts';
import { formatCount } from '../../pipe/toolkit/units.ts';
import { startAdvisories } from './advisories.ts';
import { engineAddress } from './engine-address.ts';
import { type EngineProxy, startEngineProxy } from './engine-proxy.ts';
import { makeMemoryGroup, type MemoryGroup } from './memory-group.ts';
import { takePlatformPort } from './platform-port.ts';

/** Not every machine reaches the advisories of the npm registry, whose answer changes from day to day: the line gets another. */
const audit = /^npm audit\b/;
/** The port of the docker service. */
const servicePort = 2375;

export interface StepOptions {
  /** The clone. */
  readonly directory: string;
  readonly memory: StepMemory;
  readonly buildNumber: number;
  /** Of the repository. */
  readonly variables: Readonly<Record<string, string>>;
  /** What becomes of the step's output. */
  readonly output: 'inherit' | 'ignore';
}

export interface StepEnd {
  readonly exitCode: number;
  /** What Pipelines would have refused, or what would have gone to Bitbucket. */
  readonly problems: readonly string[];
  /** How much memory was used, or why it was not limited. */
  readonly notes: readonly string[];
}

/**
 * The step sees its own processes only, and no socket of the engine. It has no input.
 *
 * @throws Error if this process is not root
 */
export async function runStep(step: PipelineStep, options: StepOptions): Promise<StepEnd> {
  if (process.getuid?.() !== 0) throw new Error('only root can hide the processes and the engine of this machine');
  const { directory, memory, buildNumber } = options;
  const group = `platform-${process.pid}`;
  const [ofStep, ofService] = [
    await makeMemoryGroup(group, memory.stepBytes),
    await makeMemoryGroup(`${group}-docker`, memory.serviceBytes),
  ];
  const engine = engineAddress(process.env['DOCKER_HOST']);
  const common = { engine, cloneDirectory: directory, cgroupParent: ofService?.name };
  const proxy = await startEngineProxy({ ...common, port: servicePort }).catch(
    async () => await startEngineProxy(common),
  );
  const platform = await takePlatformPort();
  const audits = step.script.some((line) => audit.test(line));
  const advisories = audits ? await startAdvisories() : undefined;
  const script = step.script.map((line) => ({
    shown: line,
    run: line.replace(audit, `npm_config_registry=${advisories?.url} $&`),
  }));
  try {
    const env = { ...(await stepEnvironment(directory, buildNumber)), ...options.variables };
    const exitCode = await runScript(script, options, ofStep, {
      ...env,
      DOCKER_HOST: `tcp://localhost:${proxy.port}`,
    });
    const kills = [await killsOf('step', ofStep), await killsOf('docker service', ofService)].flat();
    const asked = (platform?.requests ?? []).map((request) => `the proxy of Pipelines was asked: ${request}`);
    return {
      exitCode,
      problems: [
        ...proxy.refusals.map((refusal) => `refused: ${refusal}`),
        ...asked,
        ...kills,
        ...(advisories?.others ?? []).map((request) => `npm audit asked for more than advisories: ${request}`),
        ...(audits && exitCode === 0 && advisories?.asked.length === 0 ? ['npm audit asked for no advisories'] : []),
      ],
      notes: [
        await peakOf('step', ofStep),
        await peakOf('docker service', ofService),
        ...(advisories?.asked ?? []).map(
          ({ length }) => `npm audit asked about ${formatCount(length, 'package')}, and was told of no vulnerability`,
        ),
      ],
    };
  } finally {
    platform?.close();
    advisories?.close();
    await removeAll(proxy);
    await proxy.close();
    await ofStep?.remove();
    await ofService?.remove();
  }
}

/** Prints each line before it runs, as Pipelines does. A failed line ends the script. */
async function runScript(
  lines: readonly { readonly shown: string; readonly run: string }[],
  { directory, output }: StepOptions,
  group: MemoryGroup | undefined,
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const script = lines.map(({ shown, run }) => `printf '+ %s\\n' ${quote(shown)}\n${run}`).join('\n');
  const hide = ['/run/docker.sock', '/var/run/docker.sock'].map(
    (path) => `if [ -S ${path} ]; then mount --bind /dev/null ${path}; fi`,
  );
  const join = group === undefined ? [] : [`echo 0 >${group.procsPath}`];
  const child = spawn(
    'unshare',
    [
      '--mount',
      '--pid',
      '--fork',
      '--mount-proc',
      '--kill-child',
      'bash',
      '-e',
      '-c',
      [...join, ...hide, 'exec bash -e -c "$0"'].join('\n'),
      script,
    ],
    { cwd: directory, env, stdio: ['ignore', output, output] },
  );
  const stop = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.once('SIGTERM', stop).once('SIGINT', stop);
  const [code] = await once(child, 'exit');
  process.off('SIGTERM', stop).off('SIGINT', stop);
  return typeof code === 'number' ? code : -1;
}

/** The variables that a step has by itself, which its tests must neither need nor be misled by. */
async function stepEnvironment(directory: string, buildNumber: number): Promise<Readonly<Record<string, string>>> {
  return {
    ...machineEnvironment(),
    ...gitEnvironment,
    CI: 'true',
    BITBUCKET_BRANCH: 'main',
    BITBUCKET_BUILD_NUMBER: String(buildNumber),
    BITBUCKET_CLONE_DIR: directory,
    BITBUCKET_COMMIT: await outputOf('git', ['rev-parse', 'HEAD'], { cwd: directory }),
    BITBUCKET_DOCKER_HOST_INTERNAL: '127.0.0.1',
    BITBUCKET_GIT_HTTP_ORIGIN: 'http://bitbucket.org/platform-workspace/platform-repository',
    BITBUCKET_PACKAGES_TOKEN: `platform-packages-token-${randomUUID()}`,
    BITBUCKET_PACKAGES_USERNAME: 'platform-packages-user',
    BITBUCKET_PIPELINE_UUID: `{${randomUUID()}}`,
    BITBUCKET_PROJECT_KEY: 'PLATFORM',
    BITBUCKET_REPO_FULL_NAME: 'platform-workspace/platform-repository',
    BITBUCKET_REPO_IS_PRIVATE: 'false',
    BITBUCKET_REPO_OWNER: 'platform-workspace',
    BITBUCKET_REPO_SLUG: 'platform-repository',
    BITBUCKET_REPO_UUID: `{${randomUUID()}}`,
    BITBUCKET_STEP_RUN_NUMBER: '1',
    BITBUCKET_STEP_UUID: `{${randomUUID()}}`,
    BITBUCKET_WORKSPACE: 'platform-workspace',
    PIPELINES_JWT_TOKEN: `platform-jwt-${randomUUID()}`,
  };
}

/** The engine of Pipelines ends with its step; this machine's goes on. */
async function removeAll({ containers, images }: EngineProxy): Promise<void> {
  if (containers.length > 0) await runCommand('docker', ['rm', '--force', '--volumes', ...containers]);
  if (images.length > 0) await runCommand('docker', ['image', 'rm', '--force', ...images]);
}

async function killsOf(name: string, group: MemoryGroup | undefined): Promise<readonly string[]> {
  const { kills = 0 } = (await group?.read()) ?? {};
  return kills === 0 ? [] : [`the ${name} ran out of memory ${kills} times`];
}

async function peakOf(name: string, group: MemoryGroup | undefined): Promise<string> {
  if (group === undefined) return `the memory of the ${name} was not limited: this machine has no cgroups of version 1`;
  const { peakBytes } = await group.read();
  return `the ${name} took at most ${Math.round(peakBytes / 1024 ** 2)} MiB, page cache included`;
}

/** As one word for the shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
