/** The names of projects and of their files: wheels (PEP 427) and source distributions (PEP 625). */

import { canonicalVersion, isSameVersion, normalVersion } from './version.ts';

/** What a file name says. */
export interface FileName {
  readonly filetype: 'bdist_wheel' | 'sdist';
  /** The wheel's Python tag, such as `py3` or `cp311`; `source` for a source distribution. */
  readonly pyversion: string;
  /** The ways to read it as a name and a version: of a source distribution, there may be several. */
  readonly readings: readonly NameAndVersion[];
}

/** A name and a version, as they are written. */
export interface NameAndVersion {
  readonly name: string;
  readonly version: string;
}

/** The name without regard to case and to which of `-`, `_` and `.` it has (PEP 503, "Normalized Names"). */
export function canonicalName(name: string): string {
  return name.replaceAll(/[-_.]+/g, '-').toLowerCase();
}

/** Whether a project may have this name. @see https://packaging.python.org/en/latest/specifications/name-normalization/ */
export function isProjectName(name: string): boolean {
  return /^(?:[a-z0-9]|[a-z0-9][a-z0-9._-]*[a-z0-9])$/i.test(name);
}

/** Whether a reading of a file's name, or of a directory in it, has this name and version. */
export function isSameRelease(reading: NameAndVersion, release: NameAndVersion): boolean {
  return (
    canonicalName(reading.name) === canonicalName(release.name) &&
    // Escaped in the names of wheels.
    isSameVersion(reading.version.replaceAll('_', '-'), release.version.replaceAll('_', '-'))
  );
}

/** Reads the name of a file. @returns a string that says what is wrong with it, if anything is */
export function readFileName(name: string): FileName | string {
  if (name.endsWith('.whl')) return readWheelName(name.slice(0, -'.whl'.length));
  if (name.endsWith('.tar.gz')) return readSdistName(name.slice(0, -'.tar.gz'.length));
  const build = 'build a .tar.gz with python -m build --sdist (and remove "formats" from [sdist] in setup.cfg)';
  if (name.endsWith('.zip'))
    return `is a ZIP archive, which indexes no longer accept as a source distribution: ${build}`;
  if (/\.(?:tgz|tar\.\w+|tar|tbz2?|txz)$/i.test(name))
    return `is not compressed as a .tar.gz, the only form of source distributions that indexes accept (PEP 625): ${build}`;
  if (/\.egg$/i.test(name))
    return 'is an egg, which indexes no longer accept: build a wheel with python -m build --wheel';
  return 'is not a Python package: FILENAME takes wheels (.whl) and source distributions (.tar.gz)';
}

/** `name-version[-build]-python-abi-platform` (PEP 427, "File name convention"). */
function readWheelName(stem: string): FileName | string {
  const parts = stem.split('-');
  const [name = '', version = '', ...tags] = parts;
  if (parts.length !== 5 && parts.length !== 6)
    return `is not named as a wheel, name-version[-build]-python-abi-platform.whl (PEP 427): build it anew, and do not rename it`;
  const problem =
    nameProblem(name) ??
    (canonicalVersion(version.replaceAll('_', '-')) === undefined ? versionProblem(version) : undefined) ??
    (parts.length === 6 && !/^\d/.test(tags[0] ?? '')
      ? `has the build number ${JSON.stringify(tags[0])}, which must begin with a digit (PEP 427)`
      : undefined) ??
    (tags.slice(-3).every((tag) => /^[\w.]+$/.test(tag)) ? undefined : `has a tag that is not valid (PEP 425)`);
  if (problem !== undefined) return `${problem}: build it anew, and do not rename it`;
  return { filetype: 'bdist_wheel', pyversion: tags.at(-3) ?? '', readings: [{ name, version }] };
}

/** `name-version` (PEP 625). Older ones have hyphens in the name, or in the version, so that only the metadata tells them apart. */
function readSdistName(stem: string): FileName | string {
  const readings = readingsOf(stem).filter(
    ({ name, version }) => isProjectName(name) && canonicalVersion(version.replaceAll('_', '-')) !== undefined,
  );
  if (readings.length === 0)
    return `is not named as a source distribution, name-version.tar.gz with a version by PEP 440: build it anew, and do not rename it`;
  return { filetype: 'sdist', pyversion: 'source', readings };
}

/** No file system has longer names of files; a member of a ZIP archive may, and each hyphen in it would be one more reading. */
const maxStemCharacters = 255;

/** All ways to divide `name-version` at a hyphen; none of a name that is longer than any file's. */
export function readingsOf(stem: string): readonly NameAndVersion[] {
  if (stem.length > maxStemCharacters) return [];
  const hyphens = [...stem.matchAll(/-/g)].map(({ index }) => index);
  return hyphens.map((at) => ({ name: stem.slice(0, at), version: stem.slice(at + 1) }));
}

/** The name that a source distribution must have now, without `.tar.gz` (PEP 625). */
export function sdistStem({ name, version }: NameAndVersion): string {
  return `${canonicalName(name).replaceAll('-', '_')}-${normalVersion(version) ?? version}`;
}

function nameProblem(name: string): string | undefined {
  // Not as strict as the specification: wheels of older builders have capitals and dots.
  if (isProjectName(name) && !name.includes('__')) return undefined;
  return `begins with ${JSON.stringify(name)}, which is not a valid name of a project`;
}

function versionProblem(version: string): string {
  return `has the version ${JSON.stringify(version)}, which is not valid (PEP 440; for example 1.2.3 or 1.2.3rc1)`;
}
