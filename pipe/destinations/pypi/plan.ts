/** The whole plan of a run, as data: every package is read and checked before the first request. */

import { basename } from 'node:path';
import { InputError } from '../../errors.ts';
import type { FormField } from '../../http/multipart.ts';
import { createHashes } from '../../io/hashes.ts';
import { mapConcurrently } from '../../io/map-concurrently.ts';
import { readThrough } from '../../io/observed-body.ts';
import { type Places, selectFiles } from '../../io/select-files.ts';
import { fileBody, type SourceFile } from '../../io/source-file.ts';
import { printable } from '../../toolkit/stdout.ts';
import { formFields } from './form-fields.ts';
import { readMetadata } from './metadata.ts';
import { canonicalName, type FileName, isSameRelease, readFileName, sdistStem } from './names.ts';
import { readSdist } from './sdist.ts';
import type { PypiSettings } from './settings.ts';
import { canonicalVersion } from './version.ts';
import { readWheel } from './wheel.ts';

/** A wheel or a source distribution, ready to be sent. */
export interface PlannedFile {
  readonly source: SourceFile;
  /** The file's name, under which it is published. */
  readonly filename: string;
  readonly filetype: FileName['filetype'];
  /** As in its metadata. */
  readonly name: string;
  readonly version: string;
  /** The name of the project in the index (PEP 503). */
  readonly project: string;
  readonly sha256: string;
  /** All fields of the form but the content. */
  readonly fields: readonly FormField[];
  /** What indexes may refuse, and headers that are left out. */
  readonly warnings: readonly string[];
}

export interface PypiPlan {
  /** In the order of FILENAME. */
  readonly files: readonly PlannedFile[];
  readonly totalBytes: number;
  readonly leftOutDirectories: readonly string[];
  /** Parts of FILENAME that match nothing. */
  readonly warnings: readonly string[];
}

/** One file is hashed while another is decompressed. Hashing is serial, so more readers would only take memory. */
const maxReaders = 2;

/**
 * Reads and checks the files that FILENAME matches.
 *
 * @throws InputError naming every problem of every file
 * @throws FileChangedError if a file changes while it is read
 */
export async function planPackages({ patterns }: Pick<PypiSettings, 'patterns'>, places: Places): Promise<PypiPlan> {
  const { files: all, leftOutDirectories, warnings } = await selectFiles(patterns, places);
  const files = all.filter(({ path }) => !isAttached(path));
  const attached = all.filter(({ path }) => isAttached(path)).map(({ path }) => printable(path));
  const problems: string[] = [];
  let advice: string | undefined;
  if (files.length === 0)
    throw new InputError(
      `there is no package in ${attached.join(', ')}: FILENAME takes wheels (.whl) and source distributions (.tar.gz)`,
    );
  const planned = await mapConcurrently(files, maxReaders, async (source) => {
    try {
      return await planFile(source);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      advice ??= error.advice;
      problems.push(...error.message.split('\n'));
      return undefined;
    }
  });
  const packages = planned.filter((each) => each !== undefined);
  problems.push(...sameNameProblems(files), ...sameFileProblems(packages));
  if (problems.length > 0) throw new InputError(problems.sort(), { advice });
  return {
    files: packages,
    totalBytes: files.reduce((sum, { size }) => sum + size, 0),
    leftOutDirectories,
    warnings: [...warnings, ...attached.map((path) => `${path} is left out: signatures and attestations are not sent`)],
  };
}

/** What twine and uv write beside packages. */
function isAttached(path: string): boolean {
  return /\.(?:whl|tar\.gz)(?:\.asc|\.sig|(?:\.[\w-]+)?\.attestation)$/.test(path);
}

async function planFile(source: SourceFile): Promise<PlannedFile> {
  const filename = basename(source.path);
  const shown = printable(source.path);
  const fileName = readFileName(filename);
  if (typeof fileName === 'string') throw new InputError(`${shown} ${fileName}`);
  if (source.size === 0) throw new InputError(`${shown} is empty: it is not a package`);
  const { filetype, readings } = fileName;
  const isWheel = filetype === 'bdist_wheel';
  // At once: parts are decompressed by another thread.
  const [hashing, reading] = await Promise.allSettled([
    readThrough(fileBody(source), createHashes(['sha256', 'blake2b256'])),
    isWheel ? readWheel(source, readings) : readSdist(source, readings),
  ]);
  // If the file has changed meanwhile, that is why it seems to be damaged.
  if (hashing.status === 'rejected') throw hashing.reason;
  if (reading.status === 'rejected') throw reading.reason;
  const digests = hashing.value.digest();
  const metadata = readMetadata(reading.value, `${shown}: ${isWheel ? 'METADATA' : 'PKG-INFO'}`);
  const { name, version } = metadata;
  if (!readings.some((reading) => isSameRelease(reading, metadata)))
    throw new InputError(
      `${shown} contains ${name} ${version}, which is not the name and version of the file: build it anew, and do not rename it`,
    );
  return {
    source,
    filename,
    filetype,
    name,
    version,
    project: canonicalName(name),
    sha256: digests.sha256,
    fields: formFields(metadata, fileName, digests),
    warnings: [...metadata.warnings, ...(isWheel ? [] : oldNameWarnings(filename, metadata))],
  };
}

/** What a source distribution is to be called now. PyPI and others may refuse any other name (PEP 625). */
function oldNameWarnings(
  filename: string,
  metadata: { readonly name: string; readonly version: string },
): readonly string[] {
  const stem = sdistStem(metadata);
  if (filename === `${stem}.tar.gz`) return [];
  return [`${printable(filename)} is not named ${printable(stem)}.tar.gz, as PEP 625 requires: some indexes refuse it`];
}

/** An index has one file of each name, in whatever directory it was here. */
function sameNameProblems(files: readonly SourceFile[]): readonly string[] {
  return [...Map.groupBy(files, ({ path }) => basename(path))]
    .filter(([, same]) => same.length > 1)
    .map(
      ([name, same]) =>
        `${same.map(({ path }) => printable(path)).join(' and ')} would all be published as ${printable(name)}: keep just one of them`,
    );
}

/** PyPI has one source distribution of a release, and one wheel for the same tags, however their names are written. */
function sameFileProblems(files: readonly PlannedFile[]): readonly string[] {
  const keyOf = ({ project, version, filename, filetype }: PlannedFile): string => {
    const tags = filetype === 'sdist' ? '' : filename.toLowerCase().split('-').slice(2).join('-');
    return `${project} ${canonicalVersion(version) ?? version} ${tags}`;
  };
  return [...Map.groupBy(files, keyOf).values()]
    .filter((same) => new Set(same.map(({ filename }) => filename)).size > 1)
    .map(
      (same) =>
        `${same.map(({ source }) => printable(source.path)).join(' and ')} are the same file of one release, under different names: keep just one of them`,
    );
}
