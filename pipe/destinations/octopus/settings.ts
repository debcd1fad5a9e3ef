/** The settings of TYPE octopus. */

import { packFormatOf } from '../../archive/pack/format.ts';
import {
  isPackageId,
  isPackageVersion,
  maxIdCharacters,
  type PackageIdentity,
  parsePackageName,
} from '../../archive/pack/package-name.ts';
import { type CommonSettings, readCommonSettings, type Values } from '../../settings/common.ts';
import { readFilename } from '../../settings/filename.ts';
import type { GivenOptions } from '../../settings/options.ts';
import { readServerUrl } from '../../settings/server-url.ts';
import { readSourceDate } from '../../settings/source-date.ts';
import type { ArrayValue, Environment } from '../../toolkit/environment.ts';
import type { Problems } from '../../toolkit/problems.ts';
import { requiredField } from '../../toolkit/variable-table.ts';
import { type OctopusAccount, readOctopusAccount } from './account.ts';
import { type Build, readBuild } from './build.ts';
import { type CommitSource, readCommitSource } from './commits/commit-source.ts';
import type { PackageToPack } from './pack-package.ts';

/** Settings for publishing packages to an Octopus server. */
export interface OctopusSettings extends CommonSettings {
  readonly type: 'octopus';
  /** The server's URL, which ends with a slash; undefined if the package is only packed. */
  readonly registry: URL | undefined;
  /** Undefined if nothing is sent. */
  readonly account: OctopusAccount | undefined;
  /** A package to make; or the patterns of those that are there. */
  readonly source: PackageToPack | ArrayValue;
  /** The value of `--space`. */
  readonly space: string | undefined;
  readonly overwrites: boolean;
  /** What build information says; undefined if none is sent. */
  readonly build: Build | undefined;
  /** Where the commits of the build can be read; undefined if only the one at hand is known. */
  readonly commitSource: CommitSource | undefined;
}

/** Reads the settings of TYPE octopus; undefined if there are problems. */
export function readOctopusSettings(
  env: Environment,
  values: Values,
  given: GivenOptions,
  problems: Problems,
): OctopusSettings | undefined {
  const common = readCommonSettings(env, values, given, problems);
  const registry = readRegistry(values, given, problems);
  const isSent = values.REGISTRY !== undefined || problems.has('REGISTRY');
  const account = isSent ? readOctopusAccount(env, values, given, problems) : undefined;
  const source = readSource(env, values, given, problems);
  const build = given.has('--no-build-information') ? undefined : readBuild(env);
  const commitSource = isSent && build !== undefined ? readCommitSource(env, values, problems) : undefined;
  if (source === undefined || (isSent && (registry === undefined || account === undefined))) return undefined;
  return {
    type: 'octopus',
    ...common,
    registry,
    account,
    source,
    space: given.value('--space')?.trim(),
    overwrites: given.has('--overwrite'),
    build,
    commitSource,
  };
}

function readRegistry({ REGISTRY }: Values, given: GivenOptions, problems: Problems): URL | undefined {
  if (REGISTRY === undefined) return undefined;
  const allowsPlainHttp = given.has('--plain-http');
  const example = 'https://acme.octopus.app/';
  return readServerUrl(REGISTRY, { variable: 'REGISTRY', example, path: 'with a slash', allowsPlainHttp }, problems);
}

function readSource(
  env: Environment,
  values: Values,
  given: GivenOptions,
  problems: Problems,
): PackageToPack | ArrayValue | undefined {
  const id = sameValue('ID', values.ID, '--id', given, problems);
  const { SOURCE_PATH: sourcePath, OUTPUT_PATH: outputPath } = values;
  const isPacked =
    id !== undefined || [sourcePath, outputPath, values.FORMAT, values.VERSION].some((value) => value !== undefined);
  const globs = { includes: given.values('--include'), excludes: given.values('--exclude') };
  if (sourcePath === undefined && globs.includes.length + globs.excludes.length > 0)
    problems.add('SOURCE_PATH', 'required field, in which --include and --exclude choose files');
  if (!isPacked) {
    if (values.REGISTRY === undefined)
      problems.add('REGISTRY', `${requiredField(env, 'REGISTRY')}, the URL of the Octopus server`);
    return readFilename(env, values, { isRequired: true }, problems);
  }
  const version = sameValue('VERSION', values.VERSION, '--package-version', given, problems);
  const format = packFormatOf(`x.${values.FORMAT ?? 'zip'}`);
  const patterns = sourcePath === undefined ? readFilename(env, values, { isRequired: true }, problems) : undefined;
  if (id === undefined) problems.add('ID', `${requiredField(env, 'ID')}, the ID of the package to make`);
  else if (id.length > maxIdCharacters)
    problems.add('ID', `has ${id.length} characters, but Octopus accepts ${maxIdCharacters} at most: shorten it`);
  else if (!isPackageId(id))
    problems.add(
      'ID',
      `${JSON.stringify(id)} is not a valid ID: use letters, digits and underscores, and between them dots and hyphens`,
    );
  if (version === undefined) problems.add('VERSION', `${requiredField(env, 'VERSION')}, that of the package to make`);
  else if (!isPackageVersion(version))
    problems.add('VERSION', `${JSON.stringify(version)} is not a valid version, such as 1.0.0, 1.0.0.42 or 1.0.0-rc.1`);
  else if (id !== undefined) addReadOtherwise({ id, version }, problems);
  if (format === undefined)
    problems.add('FORMAT', `${JSON.stringify(values.FORMAT)} is not a format: use zip, nupkg, tar or tar.gz`);
  if (sourcePath !== undefined && values.FILENAME !== undefined)
    problems.add('SOURCE_PATH', 'contradicts FILENAME: set only one of them');
  if (outputPath === undefined && values.REGISTRY === undefined)
    problems.add('OUTPUT_PATH', `${requiredField(env, 'OUTPUT_PATH')}, or set REGISTRY to publish the package`);
  const time = readSourceDate(env, problems);
  if (id === undefined || version === undefined || format === undefined) return undefined;
  if (sourcePath === undefined && patterns === undefined) return undefined;
  const files = sourcePath === undefined ? patterns : { sourcePath, ...globs };
  return files === undefined ? undefined : { identity: { id, version }, format, files, outputPath, time };
}

/** The server knows a package by its file name alone: what reads as another package would be stored as that one, or replace it. */
function addReadOtherwise({ id, version }: PackageIdentity, problems: Problems): void {
  const name = `${id}.${version}`;
  const read = parsePackageName(`${name}.zip`);
  if (read === undefined || (read.id === id && read.version === version)) return;
  const other = `${read.id}${id.slice(read.id.length).replaceAll('.', '-')}`;
  problems.add(
    'ID',
    `${name} would be read as version ${read.version} of ${read.id}, because the ID ends in a number. Use another ID, such as ${other}, or a version of four numbers`,
  );
}

/** The value of a variable, or of the option that is the same. */
function sameValue(
  variable: 'ID' | 'VERSION',
  value: string | undefined,
  option: '--id' | '--package-version',
  given: GivenOptions,
  problems: Problems,
): string | undefined {
  const other = given.value(option)?.trim();
  if (value !== undefined && other !== undefined && value !== other)
    problems.add(variable, `contradicts ${option}, which has a different value: set only one of them`);
  return value ?? other;
}
