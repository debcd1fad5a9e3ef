/** What a test expects of the sandbox's npm registry. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { noise } from '../../oci/registry/images.ts';
import type { Ended, Fixture } from '../../run-pipe.ts';
import type { NpmPackage } from '../../sandbox/npm-store.ts';
import { lib, packageTarball } from './tarballs.ts';

export function published(fixture: Fixture, name = '@acme/lib'): NpmPackage | undefined {
  return fixture.sandbox.npm.packages.get(name);
}

export async function expectPublished(
  fixture: Fixture,
  { exitCode, output }: Ended,
  ids: readonly string[],
): Promise<void> {
  expect({ exitCode, output: exitCode === 0 ? '' : output }).toEqual({ exitCode: 0, output: '' });
  for (const id of ids) {
    const at = id.lastIndexOf('@');
    expect([id, await fixture.sandbox.npm.installProblems(id.slice(0, at), id.slice(at + 1))]).toEqual([id, []]);
  }
}

export function puts(fixture: Fixture): number {
  return fixture.sandbox.requests.filter(({ method }) => method === 'PUT').length;
}

/** Larger than the system's socket buffers, so that both sides see a fault in the middle. */
const large = packageTarball(lib, { 'large.bin': noise(6 * 1024 * 1024) });

export async function writeLarge(fixture: Fixture): Promise<string> {
  await writeFile(join(fixture.directory, 'large.tgz'), large);
  return 'large.tgz';
}
