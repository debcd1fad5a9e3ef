/** Wheels and source distributions for tests, made as builders do or otherwise. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createHashes } from '../../../pipe/io/hashes.ts';
import { tar, type TarEntry } from '../../archive/tar/tar-writer.ts';
import { zip, type ZipMember } from '../../archive/zip-writer.ts';
import type { Fixture } from '../../run-pipe.ts';

/** Name and version of a package, and its further metadata. */
export interface Release {
  readonly name: string;
  readonly version: string;
  /** Lines of headers. */
  readonly headers?: readonly string[];
  readonly description?: string;
  readonly metadataVersion?: string;
}

export type Files = Readonly<Record<string, string | Buffer>>;

export const lib: Release = { name: 'acme-lib', version: '1.0.0' };

export function metadataOf({
  name,
  version,
  headers = [],
  description = '',
  metadataVersion = '2.1',
}: Release): string {
  const lines = [`Metadata-Version: ${metadataVersion}`, `Name: ${name}`, `Version: ${version}`, ...headers];
  return `${lines.join('\n')}\n\n${description}`;
}

/** `name-version`, as in the names of files. */
export function stemOf({ name, version }: Release): string {
  return `${name.replaceAll(/[-_.]+/g, '_').toLowerCase()}-${version}`;
}

export function wheelName(release: Release, tags = 'py3-none-any'): string {
  return `${stemOf(release)}-${tags}.whl`;
}

export function sdistName(release: Release): string {
  return `${stemOf(release)}.tar.gz`;
}

/** The hash of a file, as RECORD has it. */
export function recordHash(content: string | Buffer, algorithm: 'sha256' | 'sha512' = 'sha256'): string {
  const hashes = createHashes([algorithm]);
  hashes.update(Buffer.from(content));
  return `${algorithm}=${Buffer.from(hashes.digest()[algorithm], 'hex').toString('base64url')}`;
}

/** The members of a wheel; RECORD is the last one. */
export function wheelMembers(release: Release = lib, files: Files = {}): ZipMember[] {
  const info = `${stemOf(release)}.dist-info`;
  const all: Files = {
    [`${stemOf(release).split('-')[0]}/__init__.py`]: `version = '${release.version}'\n`,
    ...files,
    [`${info}/METADATA`]: metadataOf(release),
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
  };
  const quoted = (path: string): string => (/[",]/.test(path) ? `"${path.replaceAll('"', '""')}"` : path);
  const rows = Object.entries(all).map(
    ([path, content]) => `${quoted(path)},${recordHash(content)},${Buffer.from(content).length}`,
  );
  const record = [...rows, `${info}/RECORD,,`, ''].join('\n');
  return Object.entries({ ...all, [`${info}/RECORD`]: record }).map(([name, content]) => ({ name, content }));
}

export function wheel(release: Release = lib, files: Files = {}): Buffer {
  return zip(wheelMembers(release, files));
}

export function sdistEntries(release: Release = lib, files: Files = {}): TarEntry[] {
  const all = { 'PKG-INFO': metadataOf(release), 'setup.py': '# empty\n', ...files };
  return [
    { name: `${stemOf(release)}/`, type: '5' },
    ...Object.entries(all).map(([name, content]) => ({ name: `${stemOf(release)}/${name}`, content })),
  ];
}

export function sdist(release: Release = lib, files: Files = {}): Buffer {
  return gzipSync(tar(sdistEntries(release, files)), { level: 1 });
}

/** Writes a wheel. @returns its file name */
export async function writeWheel(
  { directory }: Pick<Fixture, 'directory'>,
  release: Release = lib,
  files?: Files,
): Promise<string> {
  await writeFile(join(directory, wheelName(release)), wheel(release, files));
  return wheelName(release);
}

/** Writes a source distribution. @returns its file name */
export async function writeSdist(
  { directory }: Pick<Fixture, 'directory'>,
  release: Release = lib,
  files?: Files,
): Promise<string> {
  await writeFile(join(directory, sdistName(release)), sdist(release, files));
  return sdistName(release);
}
