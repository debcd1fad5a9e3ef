/** Package tarballs for tests, made as npm does or otherwise. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Environment } from '../../../pipe/toolkit/environment.ts';
import { tar, type TarEntry } from '../../archive/tar/tar-writer.ts';
import { arrayVariables, type Fixture, type Ended } from '../../run-pipe.ts';
import { tokens } from '../../sandbox/tokens.ts';

export type Manifest = Readonly<Record<string, unknown>>;
export type Files = Readonly<Record<string, string | Buffer>>;

export const lib: Manifest = { name: '@acme/lib', version: '1.0.0', description: 'A lib' };

/** The entries of a package's tarball. */
export function packageEntries(manifest: Manifest | string, files: Files = {}): readonly TarEntry[] {
  const text = typeof manifest === 'string' ? manifest : JSON.stringify(manifest, undefined, 2);
  const all = { 'package.json': text, ...files };
  return Object.entries(all).map(([name, content]) => ({ name: `package/${name}`, content }));
}

export function packageTarball(
  manifest: Manifest | string,
  files: Files = { 'index.js': 'module.exports = 1;\n' },
): Buffer {
  return gzipSync(tar(packageEntries(manifest, files)), { level: 1 });
}

/** Writes a package's tarball. @returns its file name, such as `lib-1.0.0.tgz` */
export async function writePackage(fixture: Fixture, manifest: Manifest = lib, files?: Files): Promise<string> {
  const name = `${String(manifest['name']).replace(/^@/, '').replace('/', '-')}-${String(manifest['version'])}.tgz`;
  await writeFile(join(fixture.directory, name), packageTarball(manifest, files));
  return name;
}

/** The variables for publishing to the sandbox. */
export function npmEnvironment(
  fixture: Fixture,
  filenames: readonly string[],
  ...extraArgs: readonly string[]
): Environment {
  return {
    TYPE: 'npm',
    REGISTRY: fixture.sandbox.npmUrl,
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
  return await fixture.runPipe(npmEnvironment(fixture, [filenames].flat(), ...extraArgs));
}
