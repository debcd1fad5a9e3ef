/** The whole plan of a run, as data: every package is named, made if need be, and hashed before the first request. */

import { basename } from 'node:path';
import type { PackageIdentity } from '../../archive/pack/package-name.ts';
import { isIdTooLong, maxIdCharacters, parsePackageName } from '../../archive/pack/package-name.ts';
import { InputError } from '../../errors.ts';
import { createHashes } from '../../io/hashes.ts';
import { mapConcurrently } from '../../io/map-concurrently.ts';
import { readThrough } from '../../io/observed-body.ts';
import { type Places, selectFiles } from '../../io/select-files.ts';
import { fileBody, type SourceFile } from '../../io/source-file.ts';
import type { ArrayValue } from '../../toolkit/environment.ts';
import { printable } from '../../toolkit/stdout.ts';
import { type MadePackage, packageFileName, packPackage } from './pack-package.ts';
import type { OctopusSettings } from './settings.ts';

/** A package that is to be published. */
export interface PlannedPackage {
  readonly source: SourceFile;
  readonly identity: PackageIdentity;
  /** `ID.VERSION.FORMAT` */
  readonly fileName: string;
  /** Hexadecimal. */
  readonly sha1: string;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** What is to be published. */
export interface OctopusPlan {
  /** In the order of FILENAME. */
  readonly packages: readonly PlannedPackage[];
  readonly totalBytes: number;
  readonly warnings: readonly string[];
  /** The package, if the run has made it. */
  readonly made: MadePackage | undefined;
}

const extensions = /\.(?:zip|nupkg|tar|tar\.gz|tgz|tar\.bz2|jar|war|ear)$/i;

/** One package is hashed while another is read. */
const maxReaders = 2;

/**
 * Makes the package of the run, or reads those that FILENAME matches.
 *
 * @throws InputError naming every problem of every package
 * @throws FileChangedError if a file changes meanwhile; the signal's reason if it aborts
 */
export async function planOctopus(
  { source }: Pick<OctopusSettings, 'source'>,
  places: Places,
  signal: AbortSignal,
): Promise<OctopusPlan> {
  if ('form' in source) return await planFiles(source, places, signal);
  const made = await packPackage(source, places, signal);
  const { file, sha1, sha256, warnings } = made;
  const planned = { source: file, identity: source.identity, fileName: packageFileName(source), sha1, sha256 };
  return { packages: [planned], totalBytes: file.size, warnings, made };
}

async function planFiles(patterns: ArrayValue, places: Places, signal: AbortSignal): Promise<OctopusPlan> {
  const { files, leftOutDirectories, warnings } = await selectFiles(patterns, places);
  const named = files.map((file) => ({ file, identity: parsePackageName(basename(file.path)) }));
  const problems = [
    ...named.flatMap(({ file, identity }) => nameProblem(file, identity) ?? []),
    ...files.filter(({ size }) => size === 0).map(({ path }) => `${printable(path)} is empty: it is not a package`),
    ...sameVersionProblems(named),
  ];
  if (problems.length > 0) throw new InputError(problems);
  const packages = await mapConcurrently(named, maxReaders, async ({ file, identity }) => {
    signal.throwIfAborted();
    const hashes = (await readThrough(fileBody(file), createHashes(['sha1', 'sha256']))).digest();
    // Every name has been parsed.
    return { source: file, identity: identity ?? { id: '', version: '' }, fileName: basename(file.path), ...hashes };
  });
  return {
    packages,
    totalBytes: files.reduce((sum, { size }) => sum + size, 0),
    warnings: [
      ...warnings,
      ...leftOutDirectories.map((each) => `${printable(each)} is a directory, so it is left out: give ID to pack it`),
    ],
    made: undefined,
  };
}

function nameProblem({ path }: SourceFile, identity: PackageIdentity | undefined): string | undefined {
  const name = basename(path);
  if (!extensions.test(name))
    return `${printable(path)} is not a package that Octopus accepts: zip, nupkg, tar, tar.gz, tgz, tar.bz2, jar, war or ear`;
  if (identity !== undefined) return undefined;
  const problem = isIdTooLong(name)
    ? `has an ID of more than ${maxIdCharacters} characters, which Octopus refuses: rename it`
    : 'is not named ID.VERSION.EXTENSION, such as Acme.Web.1.0.0.zip: rename it';
  return `${printable(path)} ${problem}, or give ID and VERSION to pack it`;
}

type NamedFile = { readonly file: SourceFile; readonly identity: PackageIdentity | undefined };

/** Octopus compares IDs without regard to case. */
function sameVersionProblems(named: readonly NamedFile[]): readonly string[] {
  const keyOf = ({ identity }: NamedFile): string => `${identity?.id}.${identity?.version}`.toLowerCase();
  return [
    ...Map.groupBy(
      named.filter(({ identity }) => identity !== undefined),
      keyOf,
    ),
  ]
    .filter(([, same]) => same.length > 1)
    .map(([, same]) => {
      const { id, version } = same[0]?.identity ?? { id: '', version: '' };
      return `${same.map(({ file }) => printable(file.path)).join(' and ')} are all ${id} ${version}: keep just one of them`;
    });
}
