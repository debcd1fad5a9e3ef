/** Steps that publish packages to one Octopus server at once. */

import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { sha1Of } from '../destinations/octopus/fixture.ts';
import type { Ended, Variables } from '../run-bundle.ts';
import { arrayVariables, useSandbox } from '../run-pipe.ts';
import { tokens } from '../sandbox/tokens.ts';
import { runSteps, stepCount } from './run-steps.ts';

const fixture = useSandbox();
const indexes = Array.from({ length: stepCount }, (_, index) => index);

interface Given {
  readonly name: string;
  readonly content: Buffer;
  readonly args?: readonly string[];
}

/** Publishes the package of each step, with build information of its own. */
async function publish(packageOf: (index: number) => Given): Promise<readonly Ended[]> {
  return await runSteps(
    fixture.directory,
    async ({ index, directory }) => {
      const { name, content, args = [] } = packageOf(index);
      await writeFile(join(directory, name), content);
      return {
        TYPE: 'octopus',
        REGISTRY: fixture.sandbox.octopusUrl,
        TOKEN: tokens.octopusKey,
        FILENAME: name,
        BITBUCKET_BUILD_NUMBER: String(index),
        ...(arrayVariables('EXTRA_ARGS', args) as Variables),
      };
    },
    { servers: () => fixture.sandbox },
  );
}

function failures(steps: readonly Ended[]): readonly string[] {
  return steps.filter(({ exitCode }) => exitCode !== 0).map(({ output }) => output);
}

function contentOf(index: number): Buffer {
  return Buffer.from(`the content of step ${index}`);
}

/** The SHA-1 of a package of the server. */
function stored(version: string): string | undefined {
  return fixture.sandbox.octopus.packages.get(`app.${version}`)?.sha1;
}

it('each package of a version of its own is there, with its own build information', async () => {
  expect(failures(await publish((index) => ({ name: `app.1.0.${index}.zip`, content: contentOf(index) })))).toEqual([]);
  for (const index of indexes) {
    expect(stored(`1.0.${index}`)).toBe(sha1Of(contentOf(index)));
    const information = fixture.sandbox.octopus.buildInformation.get(`app.1.0.${index}`);
    expect(information).toMatchObject({ BuildNumber: String(index) });
  }
  expect(fixture.sandbox.violations).toEqual([]);
});

it('all steps that publish the same package succeed, and it has build information once', async () => {
  expect(failures(await publish(() => ({ name: 'app.1.0.0.zip', content: contentOf(0) })))).toEqual([]);
  expect(stored('1.0.0')).toBe(sha1Of(contentOf(0)));
  expect([...fixture.sandbox.octopus.buildInformation.keys()]).toEqual(['app.1.0.0']);
});

it('exactly one step publishes a version, and all others say what is there', async () => {
  const steps = await publish((index) => ({ name: 'app.1.0.0.zip', content: contentOf(index) }));
  const winners = indexes.filter((index) => steps[index]?.exitCode === 0);
  expect(winners.map((index) => sha1Of(contentOf(index)))).toEqual([stored('1.0.0')]);
  for (const output of failures(steps)) expect(output).toContain(`sha1 ${stored('1.0.0')}`);
});

it('with --overwrite, all succeed, and the content of one of them stays, whole', async () => {
  const steps = await publish((index) => ({
    name: 'app.1.0.0.zip',
    content: contentOf(index),
    args: ['--overwrite'],
  }));
  expect(failures(steps)).toEqual([]);
  expect(indexes.map((index) => sha1Of(contentOf(index)))).toContain(stored('1.0.0'));
  expect(fixture.sandbox.octopus.packages.size).toBe(1);
});

it('packages are whole although what they are deltas to is replaced meanwhile', async () => {
  const base = randomBytes(400_000);
  await fixture.sandbox.octopus.seed('app.1.0.0.zip', base);
  const changed = (index: number): Buffer => Buffer.concat([base.subarray(index * 1000), randomBytes(1000)]);
  const contents = indexes.map(changed);
  // Every other step replaces the base; those between have its signature by then, and wait before they send their delta.
  fixture.sandbox.inject({ server: 'octopus', path: '/delta\\?', times: -1, action: { kind: 'delay', ms: 500 } });
  const steps = await publish((index) => ({
    name: index % 2 === 0 ? 'app.1.0.0.zip' : `app.1.0.${index}.zip`,
    content: contents[index] ?? base,
    args: index % 2 === 0 ? ['--overwrite'] : [],
  }));
  expect(failures(steps)).toEqual([]);
  for (const index of indexes.filter((each) => each % 2 === 1))
    expect([index, stored(`1.0.${index}`)]).toEqual([index, sha1Of(contents[index] ?? base)]);
  expect(contents.map(sha1Of)).toContain(stored('1.0.0'));
  expect(fixture.sandbox.violations).toEqual([]);
});
