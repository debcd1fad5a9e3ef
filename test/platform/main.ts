/**
 * Runs steps of bitbucket-pipelines.yml as Pipelines does, in a clone of the last commit:
 *
 *     node ci-scripts/run.mjs test/platform/main.ts STEP...
 *
 * The exit code is 1 if a step fails, or asks for anything that Pipelines refuses.
 */

import { chmodSync, mkdtempSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isNativeError } from 'node:util/types';
import { makeArm64Base, removeArm64Base } from '../release/arm64-base.ts';
import { allSteps, memoryOf } from '../release/pipeline-steps.ts';
import { outputOf } from '../release/run-command.ts';
import { runStep } from './run-step.ts';

const root = join(import.meta.dirname, '..', '..');
const names = process.argv.slice(2);

try {
  if (names.length === 0) throw new TypeError('Name the steps.');
  for (const name of names) if (!(await passes(name))) process.exitCode = 1;
} catch (error) {
  process.stderr.write(`✖ ${isNativeError(error) ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function passes(name: string): Promise<boolean> {
  const yaml = await readFile(join(root, 'bitbucket-pipelines.yml'), 'utf8');
  const step = allSteps(yaml).find((each) => each.name === name);
  if (step === undefined) throw new TypeError(`bitbucket-pipelines.yml has no step "${name}".`);
  const place = mkdtempSync(join(tmpdir(), 'platform-'));
  // Open to the other users that some tests run as, as the build directory of Pipelines is.
  chmodSync(place, 0o755);
  const directory = join(place, 'build');
  const arm64Base = step.services?.includes('docker') === true ? await makeArm64Base() : undefined;
  try {
    await outputOf('git', ['clone', '--quiet', '--no-local', root, directory]);
    const { exitCode, problems, notes } = await runStep(step, {
      directory,
      memory: memoryOf(yaml, step),
      buildNumber: process.pid,
      variables: {
        // This machine reaches no registry.
        ...(arm64Base !== undefined && { BASE_IMAGE_ARM64: arm64Base }),
        ...given('TEST_TOTALS'),
        ...given('RELEASE_TOOLS'),
      },
      output: 'inherit',
    });
    const lines = [...notes, ...problems.map((problem) => `✖ ${problem}`)];
    process.stdout.write(`${lines.join('\n')}\n`);
    return exitCode === 0 && problems.length === 0;
  } finally {
    if (arm64Base !== undefined) await removeArm64Base(arm64Base);
    await rm(place, { recursive: true, force: true });
  }
}

/** A variable of .ci/run: where it wants the numbers of tests, and where the tools are that it has installed. */
function given(name: 'TEST_TOTALS' | 'RELEASE_TOOLS'): Readonly<Record<string, string>> {
  const value = process.env[name];
  return value === undefined ? {} : { [name]: value };
}
