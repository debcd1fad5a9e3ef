/** What names an artifact in a Maven repository, and where the Maven 2 layout puts it. */

import { printable } from '../../toolkit/stdout.ts';

/** Each of them valid: they become parts of a URL's path. */
export interface Coordinates {
  readonly groupId: string;
  readonly artifactId: string;
  /** As in the POM, such as `1.0` or `1.1-SNAPSHOT`. */
  readonly version: string;
}

/** Which of an artifact's files. */
export interface FileKind {
  readonly classifier?: string | undefined;
  /** Without a dot before it. */
  readonly extension: string;
}

const snapshot = 'SNAPSHOT';

/** Maven's own rule for identifiers (its DefaultModelValidator). */
const identifier = /^[A-Za-z0-9_.-]+$/;
/** Maven's own list of what no version may hold, white space, and what no path segment should. */
const noVersion = /[\\/:"<>|?*[\](){},\s\p{C}]/u;
/** A SNAPSHOT that has been published; its POM says `-SNAPSHOT`. */
const timestamped = /\d{8}\.\d{6}-\d+$/;

/** What is wrong with the coordinates, one text for each. */
export function coordinateProblems({ groupId, artifactId, version }: Coordinates): readonly string[] {
  const problems: string[] = [];
  if (!identifier.test(groupId) || groupId.split('.').includes(''))
    problems.push(`groupId ${quote(groupId)} is no name: letters, digits, "_", "-", and single dots between them`);
  if (!identifier.test(artifactId) || isPathTrick(artifactId))
    problems.push(`artifactId ${quote(artifactId)} is no name: letters, digits, "_", "-" and "."`);
  if (noVersion.test(version) || isPathTrick(version))
    problems.push(`version ${quote(version)} has characters that no version may have`);
  else if (version === 'LATEST' || version === 'RELEASE')
    problems.push(`version ${version} is a word of Maven's own, and no version`);
  else if (timestamped.test(version))
    problems.push(`version ${version} is the timestamp of a published SNAPSHOT: a POM says …-${snapshot}`);
  return problems;
}

export function isClassifier(text: string): boolean {
  return /^[A-Za-z0-9_.+-]+$/.test(text) && !isPathTrick(text);
}

export function isSnapshot({ version }: Coordinates): boolean {
  return version.endsWith(snapshot);
}

/** The version in a SNAPSHOT's file names: `1.1-20261121.060929-2` of `1.1-SNAPSHOT`. */
export function timestampedVersion({ version }: Coordinates, timestamp: string, buildNumber: number): string {
  return `${version.slice(0, -snapshot.length)}${timestamp}-${buildNumber}`;
}

/** `20261121.060929`, in UTC. */
export function formatTimestamp(date: Date): string {
  const digits = date.toISOString().replaceAll(/\D/g, '');
  return `${digits.slice(0, 8)}.${digits.slice(8, 14)}`;
}

/** `com/acme/`, below the repository. */
export function groupDirectory({ groupId }: Coordinates): string {
  return `${groupId.replaceAll('.', '/')}/`;
}

/** `com/acme/app/` */
export function artifactDirectory(coordinates: Coordinates): string {
  return `${groupDirectory(coordinates)}${encodeSegment(coordinates.artifactId)}/`;
}

/** `com/acme/app/1.0/`; of a SNAPSHOT, with the version as the POM has it. */
export function versionDirectory(coordinates: Coordinates): string {
  return `${artifactDirectory(coordinates)}${encodeSegment(coordinates.version)}/`;
}

/** For a person: `jar`, or `linux, tar.gz`. */
export function kindName({ classifier, extension }: FileKind): string {
  return classifier === undefined ? extension : `${classifier}, ${extension}`;
}

/** @param version that of the file, which of a SNAPSHOT is timestamped */
export function fileName(artifactId: string, version: string, { classifier, extension }: FileKind): string {
  return `${artifactId}-${version}${classifier === undefined ? '' : `-${classifier}`}.${extension}`;
}

/** As Maven sends it: a plus sign stays one. */
export function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replaceAll('%2B', '+');
}

function quote(text: string): string {
  return printable(JSON.stringify(text));
}

function isPathTrick(text: string): boolean {
  return /^\.{0,2}$/.test(text);
}
