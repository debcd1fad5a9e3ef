/** The whole plan of a run, as data: every tarball is read, checked and completed before the first request. */

import { relative, resolve, isAbsolute } from 'node:path';
import parse from 'semver/functions/parse.js';
import validRange from 'semver/ranges/valid.js';
import { type Places, selectFiles } from '../../io/select-files.ts';
import { InputError } from '../../errors.ts';
import { isRecord } from '../../io/json.ts';
import type { SourceFile } from '../../io/source-file.ts';
import { mapConcurrently } from '../../io/map-concurrently.ts';
import type { NpmSettings } from './settings.ts';
import { printable } from '../../toolkit/stdout.ts';
import { completeManifest, type Draft } from './complete-manifest.ts';
import { checkDependencies } from './check-dependencies.ts';
import { distTagProblem, rangeProblem } from './names.ts';
import { normalizeManifest } from './normalize-manifest.ts';
import { readTarball } from './tarball.ts';

export interface PlannedPackage {
  readonly source: SourceFile;
  readonly name: string;
  readonly version: string;
  /** `name@version` */
  readonly id: string;
  /** The dist-tag. */
  readonly tag: string;
  /** Whether the user or the package asks for that tag: then it may also move to a lower version. */
  readonly isTagGiven: boolean;
  /** The value of `--access`, else of `publishConfig.access`. */
  readonly access: string | undefined;
  /** The complete manifest, except `dist`. */
  readonly manifest: Draft;
  /** `sha512-…` */
  readonly integrity: string;
  readonly shasum: string;
  readonly sha256: string;
  readonly fileCount: number;
  readonly unpackedBytes: number;
  /** Settings of the package that are not followed, and dependencies that may not install elsewhere. */
  readonly warnings: readonly string[];
}

export interface NpmPlan {
  /** In the order of FILENAME. */
  readonly packages: readonly PlannedPackage[];
  readonly totalBytes: number;
  readonly leftOutDirectories: readonly string[];
  /** Parts of FILENAME that match nothing. */
  readonly warnings: readonly string[];
}

type PlanSettings = Pick<NpmSettings, 'patterns' | 'distTag' | 'access' | 'registry'>;

/** One tarball is hashed while another is decompressed. Hashing is serial, so more readers would only take memory. */
const maxReaders = 2;

/**
 * Reads and checks the tarballs that FILENAME matches.
 *
 * @throws InputError naming every problem of every tarball
 * @throws FileChangedError if a tarball changes while it is read
 */
export async function planPackages(settings: PlanSettings, places: Places): Promise<NpmPlan> {
  const { files, leftOutDirectories, warnings } = await selectFiles(settings.patterns, places);
  const problems: string[] = [];
  const planned = await mapConcurrently(files, maxReaders, async (source) => {
    try {
      return await planPackage(source, settings, places.workingDirectory);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push(...error.message.split('\n'));
      return undefined;
    }
  });
  const packages = planned.filter((each) => each !== undefined);
  problems.push(...sameVersionProblems(packages));
  if (problems.length > 0) throw new InputError(problems.sort());
  return { packages, totalBytes: files.reduce((sum, { size }) => sum + size, 0), leftOutDirectories, warnings };
}

async function planPackage(
  source: SourceFile,
  settings: PlanSettings,
  workingDirectory: string,
): Promise<PlannedPackage> {
  const { manifest: read, tree, ...tarball } = await readTarball(source);
  const where = `${printable(source.path)}: package.json`;
  const manifest: Draft = { ...read };
  try {
    completeManifest(manifest, tree);
    normalizeManifest(manifest);
  } catch (error) {
    if (error instanceof InputError) throw new InputError(`${where}: ${error.message}`, { cause: error });
    // Values of unforeseen shapes: npm fails in the same way.
    throw new InputError(`${where} has a value of an unexpected type: ${(error as Error).message}`, { cause: error });
  }
  if (manifest['private'])
    throw new InputError(
      `${where}: "private" is set, which forbids publishing it: remove it, and pack the package again`,
    );
  if (manifest['packageExtensions'] !== undefined)
    throw new InputError(
      `${where}: "packageExtensions" works only in the project that installs packages, and npm refuses to publish it: remove it, and pack the package again`,
    );
  // npm 12 leaves it out as well: it refers to patch files of the project that installs packages.
  delete manifest['patchedDependencies'];
  const dependencyWarnings = checkDependencies(manifest, where);
  const name = manifest['name'] as string;
  const version = manifest['version'] as string;
  // npm records where it found the package.
  const from = isAbsolute(source.path) ? resolve(source.path) : relative(workingDirectory, source.absolutePath);
  Object.assign(manifest, { _integrity: tarball.integrity, _resolved: source.absolutePath, _from: `file:${from}` });
  const { warnings, ...config } = readPublishConfig(manifest, settings, where);
  return {
    source,
    name,
    version,
    id: `${name}@${version}`,
    manifest,
    ...tarball,
    ...config,
    warnings: [...warnings, ...dependencyWarnings],
  };
}

function readPublishConfig(
  manifest: Draft,
  { distTag, access: givenAccess, registry }: PlanSettings,
  where: string,
): Pick<PlannedPackage, 'tag' | 'isTagGiven' | 'access' | 'warnings'> {
  const config = isRecord(manifest['publishConfig']) ? manifest['publishConfig'] : {};
  const name = manifest['name'] as string;
  const warnings: string[] = [];
  const ownTag = nonEmptyString(config['tag']);
  // As in npm, this old field comes before publishConfig. Only --dist-tag overrides it.
  const tag = distTag ?? nonEmptyString(manifest['tag']) ?? ownTag ?? 'latest';
  if (ownTag !== undefined && ownTag !== tag)
    warnings.push(`${where}: publishConfig.tag is ${printable(ownTag)}, but ${printable(tag)} is used`);
  const problem = distTagProblem(tag) ?? (validRange(tag) === null ? undefined : rangeProblem);
  if (problem !== undefined) throw new InputError(`${where}: its tag ${JSON.stringify(tag)} ${problem}`);
  const isTagGiven = distTag !== undefined || ownTag !== undefined;
  if (!isTagGiven && (parse(manifest['version'] as string)?.prerelease.length ?? 0) > 0) {
    throw new InputError(
      `${where}: ${manifest['version'] as string} is a prerelease, which must not become latest by default: give --dist-tag`,
    );
  }
  const ownAccess = nonEmptyString(config['access']);
  const access = givenAccess ?? ownAccess;
  if (ownAccess !== undefined && ownAccess !== access)
    warnings.push(`${where}: publishConfig.access is ${printable(ownAccess)}, but ${printable(access ?? '')} is used`);
  if (access === 'restricted' && !name.startsWith('@')) {
    const what = givenAccess === undefined ? 'publishConfig.access' : '--access';
    throw new InputError(`${where}: ${what} is restricted, which only packages with a scope support`);
  }
  const scope = name.startsWith('@') ? name.split('/')[0] : undefined;
  const ownRegistry =
    nonEmptyString(scope === undefined ? undefined : config[`${scope}:registry`]) ?? nonEmptyString(config['registry']);
  if (ownRegistry !== undefined && !isSame(ownRegistry, registry))
    warnings.push(`${where}: publishConfig names the registry ${printable(ownRegistry)}, but ${registry.href} is used`);
  if (config['provenance'] === true)
    warnings.push(`${where}: publishConfig asks for provenance, which this pipe cannot attest: it is left out`);
  return { tag, isTagGiven, access, warnings };
}

function nonEmptyString(value: unknown): string | undefined {
  const text = typeof value === 'string' ? value.trim() : '';
  return text === '' ? undefined : text;
}

function isSame(text: string, registry: URL): boolean {
  const withSlash = (url: string): string => (url.endsWith('/') ? url : `${url}/`);
  return URL.parse(withSlash(text))?.href === registry.href;
}

function sameVersionProblems(packages: readonly PlannedPackage[]): readonly string[] {
  return [...Map.groupBy(packages, ({ id }) => id)]
    .filter(([, same]) => same.length > 1)
    .map(
      ([id, same]) =>
        `${same.map(({ source }) => printable(source.path)).join(' and ')} are all ${id}: keep just one of them`,
    );
}
