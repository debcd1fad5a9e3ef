/** Publishes to the sandbox's Python index, and what a test expects of it. */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { noise } from '../../oci/registry/images.ts';
import type { Environment } from '../../../pipe/toolkit/environment.ts';
import { arrayVariables, type Ended, type Fixture } from '../../run-pipe.ts';
import type { PublishedFile } from '../../sandbox/pypi-store.ts';
import { tokens } from '../../sandbox/tokens.ts';
import { lib, wheel, wheelName } from './packages.ts';

/** The variables for publishing to the sandbox. */
export function pypiEnvironment(
  fixture: Fixture,
  filenames: readonly string[],
  ...extraArgs: readonly string[]
): Environment {
  return {
    TYPE: 'pypi',
    REGISTRY: fixture.sandbox.pypiUrl,
    USERNAME: tokens.packagesUser,
    TOKEN: tokens.packagesToken,
    ...arrayVariables('FILENAME', filenames),
    DEBUG: 'true',
    ...arrayVariables('EXTRA_ARGS', extraArgs),
  };
}

export async function publish(
  fixture: Fixture,
  filenames: string | readonly string[],
  ...extraArgs: readonly string[]
): Promise<Ended> {
  return await fixture.runPipe(pypiEnvironment(fixture, [filenames].flat(), ...extraArgs));
}

export function published(fixture: Fixture, filename: string, project = 'acme-lib'): PublishedFile | undefined {
  return fixture.sandbox.pypi.projects.get(project)?.get(filename);
}

/** Whether the run succeeded, and the index has the very bytes of these files. */
export async function expectPublished(
  fixture: Fixture,
  { exitCode, output }: Ended,
  filenames: readonly string[],
  project = 'acme-lib',
): Promise<void> {
  expect({ exitCode, output: exitCode === 0 ? '' : output }).toEqual({ exitCode: 0, output: '' });
  for (const filename of filenames) {
    const local = await readFile(join(fixture.directory, filename));
    const content = await published(fixture, filename, project)?.content.read();
    expect([filename, content?.equals(local)]).toEqual([filename, true]);
  }
}

/** The uploads that reached the index. */
export function posts(fixture: Fixture): number {
  return fixture.sandbox.requests.filter(({ server, method }) => server === 'pypi' && method === 'POST').length;
}

/** Larger than the system's socket buffers, so that both sides see a fault in the middle. */
const large = wheel(lib, { 'acme_lib/large.bin': noise(6 * 1024 * 1024) });

export async function writeLarge(fixture: Fixture): Promise<string> {
  await writeFile(join(fixture.directory, wheelName(lib)), large);
  return wheelName(lib);
}
