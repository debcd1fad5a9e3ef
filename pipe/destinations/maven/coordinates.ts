/** The coordinates of an artifact in a Maven repository, and its paths in the Maven 2 layout. */

import { printable } from '../../toolkit/stdout.ts';

/** All valid: they become parts of a URL's path. */
export interface Coordinates {
  readonly groupId: string;
  readonly artifactId: string;
  /** As in the POM, such as `1.0` or `1.1-SNAPSHOT`. */
  readonly version: string;
}

/** One of an artifact's files. */
export interface FileKind {
  readonly classifier?: string | undefined;
  /** Without the leading dot. */
  readonly extension: string;
}

const snapshot = 'SNAPSHOT';

/** Maven's rule for identifiers (DefaultModelValidator). */
const identifier = /^[A-Za-z0-9_.-]+$/;
/** The characters that Maven forbids in a version, white space, and characters that a path segment should not have. */
const invalidInVersion = /[\\/:"<>|?*[\](){},\s\p{C}]/u;
/** The version of a published SNAPSHOT; its POM has `-SNAPSHOT`. */
const timestamped = /\d{8}\.\d{6}-\d+$/;

/** The problems with the coordinates, empty if they are valid. */
export function coordinateProblems({ groupId, artifactId, version }: Coordinates): readonly string[] {
  const problems: string[] = [];
  if (!identifier.test(groupId) || groupId.split('.').includes(''))
    problems.push(
      `groupId ${quote(groupId)} is not valid: use letters, digits, "_", "-", and single dots between them`,
    );
  if (!identifier.test(artifactId) || isDotSegment(artifactId))
    problems.push(`artifactId ${quote(artifactId)} is not valid: use letters, digits, "_", "-" and "."`);
  if (invalidInVersion.test(version) || isDotSegment(version))
    problems.push(`version ${quote(version)} contains characters that are not allowed in a version`);
  else if (version === 'LATEST' || version === 'RELEASE') problems.push(`version ${version} is reserved by Maven`);
  else if (timestamped.test(version))
    problems.push(`version ${version} has the timestamp of a published SNAPSHOT: in a POM, write …-${snapshot}`);
  return problems;
}

/** Whether the string can be a classifier: part of a file name, with Maven's characters. */
export function isClassifier(text: string): boolean {
  return /^[A-Za-z0-9_.+-]+$/.test(text) && !isDotSegment(text);
}

/** Whether the string can be an extension: one part, or several, as in `tar.gz`. */
export function isExtension(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_+-]*(?:\.[A-Za-z0-9][A-Za-z0-9_+-]*)*$/.test(text);
}

/** Whether the version is a SNAPSHOT, whose files are replaced by each new build. */
export function isSnapshot({ version }: Coordinates): boolean {
  return version.endsWith(snapshot);
}

/** What comes before the timestamp in a SNAPSHOT's file names: `1.1-` for `1.1-SNAPSHOT`. */
export function snapshotBase({ version }: Coordinates): string {
  return version.slice(0, -snapshot.length);
}

/** The version in a SNAPSHOT's file names: `1.1-20261121.060929-2` for `1.1-SNAPSHOT`. */
export function timestampedVersion(coordinates: Coordinates, timestamp: string, buildNumber: number): string {
  return `${snapshotBase(coordinates)}${timestamp}-${buildNumber}`;
}

/** The date as Maven writes a timestamp: `20261121.060929`, in UTC. */
export function formatTimestamp(date: Date): string {
  const digits = date.toISOString().replaceAll(/\D/g, '');
  return `${digits.slice(0, 8)}.${digits.slice(8, 14)}`;
}

/** The directory of the group, `com/acme/`, relative to the repository. */
export function groupDirectory({ groupId }: Coordinates): string {
  return `${groupId.replaceAll('.', '/')}/`;
}

/** The directory of the artifact, `com/acme/app/`, relative to the repository. */
export function artifactDirectory(coordinates: Coordinates): string {
  return `${groupDirectory(coordinates)}${encodeSegment(coordinates.artifactId)}/`;
}

/** The directory of the version, `com/acme/app/1.0/`; for a SNAPSHOT, with the version as in the POM. */
export function versionDirectory(coordinates: Coordinates): string {
  return `${artifactDirectory(coordinates)}${encodeSegment(coordinates.version)}/`;
}

/** Whether both are the same of an artifact's files. */
export function isSameKind(one: FileKind, other: FileKind): boolean {
  return one.extension === other.extension && (one.classifier ?? '') === (other.classifier ?? '');
}

/** The kind in messages: `jar`, or `linux, tar.gz`. */
export function kindName({ classifier, extension }: FileKind): string {
  return classifier === undefined ? extension : `${classifier}, ${extension}`;
}

/** The name of a file. @param version of the file; timestamped for a SNAPSHOT */
export function fileName(artifactId: string, version: string, { classifier, extension }: FileKind): string {
  return `${artifactId}-${version}${classifier === undefined ? '' : `-${classifier}`}.${extension}`;
}

/** Encodes a path segment as Maven does: a plus sign stays as it is. */
export function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replaceAll('%2B', '+');
}

function quote(text: string): string {
  return printable(JSON.stringify(text));
}

/** Whether it is empty, or a dot segment (RFC 3986, section 3.3). */
function isDotSegment(text: string): boolean {
  return /^\.{0,2}$/.test(text);
}
