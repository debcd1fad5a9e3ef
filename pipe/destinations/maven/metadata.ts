/** `maven-metadata.xml`, as Maven 3 writes it: an artifact's versions, a SNAPSHOT's files, or a group's plugins. */

import { PipeError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';
import { type Coordinates, type FileKind, isSameKind, isSnapshot, timestampedVersion } from './coordinates.ts';
import { childOf, childText, childrenOf, type Element, formatElement, leaf, parseElement, XmlError } from './xml.ts';

export const metadataName = 'maven-metadata.xml';

/** A file of a SNAPSHOT, from its newest build. */
interface SnapshotFile extends FileKind {
  /** `1.1-20261121.060929-2` */
  readonly value: string;
  /** `20261121060929` */
  readonly updated: string;
}

/** The content of a metadata file. */
export interface Metadata {
  /** The metadata of a group has no groupId, artifactId or version. */
  readonly groupId?: string | undefined;
  readonly artifactId?: string | undefined;
  /** Only in the metadata of a SNAPSHOT. */
  readonly version?: string | undefined;
  readonly latest?: string | undefined;
  readonly release?: string | undefined;
  readonly versions: readonly string[];
  readonly lastUpdated?: string | undefined;
  readonly snapshot?: { readonly timestamp: string; readonly buildNumber: number } | undefined;
  readonly snapshotFiles: readonly SnapshotFile[];
  /** The group's Maven plugins. The artifact com.acme:tools and the group com.acme.tools share one file. */
  readonly plugins?: Element | undefined;
}

export const emptyMetadata: Metadata = { versions: [], snapshotFiles: [] };

/**
 * Parses a metadata file of the repository.
 *
 * @param where its address, for messages
 * @throws PipeError if it is not valid: replacing it would lose its content
 */
export function parseMetadata(bytes: Uint8Array, where: string): Metadata {
  try {
    return readMetadata(bytes);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw new PipeError(`${where} is not valid Maven metadata, and is not replaced: ${error.message}`, {
      cause: error,
    });
  }
}

/**
 * Reads the content of a metadata file.
 *
 * @throws XmlError if it is not valid
 * @see https://maven.apache.org/ref/current/maven-repository-metadata/repository-metadata.html
 */
export function readMetadata(bytes: Uint8Array): Metadata {
  const root = parseElement(bytes);
  if (root.name !== 'metadata') throw new XmlError(`its root element is <${printable(root.name)}>, not <metadata>`);
  const versioning = childOf(root, 'versioning');
  const snapshot = childOf(versioning, 'snapshot');
  const buildNumber = Number(childText(snapshot, 'buildNumber') ?? 0);
  if (!Number.isSafeInteger(buildNumber) || buildNumber < 0)
    throw new XmlError(`its buildNumber is not valid: ${printable(childText(snapshot, 'buildNumber') ?? '')}`);
  return {
    groupId: childText(root, 'groupId'),
    artifactId: childText(root, 'artifactId'),
    version: childText(root, 'version'),
    latest: childText(versioning, 'latest'),
    release: childText(versioning, 'release'),
    versions: childrenOf(versioning, 'versions', 'version').map(({ text }) => text),
    lastUpdated: childText(versioning, 'lastUpdated'),
    snapshot: snapshot && { timestamp: childText(snapshot, 'timestamp') ?? '', buildNumber },
    snapshotFiles: childrenOf(versioning, 'snapshotVersions', 'snapshotVersion').map((file) => ({
      classifier: childText(file, 'classifier'),
      extension: childText(file, 'extension') ?? '',
      value: childText(file, 'value') ?? '',
      updated: childText(file, 'updated') ?? '',
    })),
    plugins: childOf(root, 'plugins'),
  };
}

/** Adds a version to the metadata of an artifact, as maven-resolver's VersionsMetadata does. */
export function addVersion(
  known: Metadata,
  coordinates: Coordinates,
  { isPlugin, date }: { readonly isPlugin: boolean; readonly date: Date },
): Metadata {
  const { groupId, artifactId, version } = coordinates;
  return {
    ...known,
    groupId,
    artifactId,
    version: undefined,
    // `mvn deploy` writes it for Maven plugins, `deploy:deploy-file` 3.1 never does. Here it is never added, but kept up
    // to date: Maven prefers it to comparing SNAPSHOTs.
    latest: isPlugin && known.latest !== undefined ? version : known.latest,
    release: isSnapshot(coordinates) ? known.release : version,
    versions: [...new Set([...known.versions, version])],
    lastUpdated: formatUpdated(date),
  };
}

/**
 * Adds a build to the metadata of a SNAPSHOT, its files before all others, as maven-resolver's RemoteSnapshotMetadata
 * does. A later build that another publisher has added in the meantime stays the newest.
 */
export function addBuild(
  known: Metadata,
  { groupId, artifactId, version }: Coordinates,
  build: SnapshotBuild,
  kinds: readonly FileKind[],
): Metadata {
  const updated = build.timestamp.replace('.', '');
  const files = kinds
    .filter((kind) => !known.snapshotFiles.some((file) => isSameKind(file, kind) && isLater(file, build)))
    .map((kind) => ({ ...kind, value: build.version, updated }));
  const isOurs = (kind: FileKind): boolean => files.some((file) => isSameKind(file, kind));
  const { snapshot = { timestamp: '', buildNumber: 0 } } = known;
  const isLate =
    snapshot.buildNumber > build.number ||
    (snapshot.buildNumber === build.number && snapshot.timestamp > build.timestamp);
  return {
    ...emptyMetadata,
    groupId,
    artifactId,
    version,
    lastUpdated: isLate ? known.lastUpdated : updated,
    snapshot: isLate ? snapshot : { timestamp: build.timestamp, buildNumber: build.number },
    snapshotFiles: [...files, ...known.snapshotFiles.filter((file) => !isOurs(file))],
    plugins: known.plugins,
  };
}

/** One build of a SNAPSHOT. */
export interface SnapshotBuild {
  /** `20261121.060929` */
  readonly timestamp: string;
  readonly number: number;
  /** `1.1-20261121.060929-2` */
  readonly version: string;
}

/** The build after the newest one in the metadata, and after the one with the number `after`. */
export function nextBuild(known: Metadata, coordinates: Coordinates, timestamp: string, after = 0): SnapshotBuild {
  const number = Math.max(known.snapshot?.buildNumber ?? 0, after) + 1;
  return { timestamp, number, version: timestampedVersion(coordinates, timestamp, number) };
}

/** Whether the metadata lists each of these files in this build, or in a later one by another publisher. */
export function hasBuild(known: Metadata, build: SnapshotBuild, kinds: readonly FileKind[]): boolean {
  return kinds.every((kind) =>
    known.snapshotFiles.some(
      (file) => isSameKind(file, kind) && (file.value === build.version || isLater(file, build)),
    ),
  );
}

/** By the build number, as the clocks of machines differ; steps that begin together may have one number, and not one time. */
function isLater({ value, updated }: SnapshotFile, { number, timestamp }: SnapshotBuild): boolean {
  const theirs = Number(/-(\d+)$/.exec(value)?.[1] ?? 0);
  return theirs > number || (theirs === number && updated > timestamp.replace('.', ''));
}

/** The content of the file, with the names, order and white space of Maven's own writer. */
export function formatMetadata(metadata: Metadata): string {
  const { groupId, artifactId, version } = metadata;
  const { latest, release, versions, lastUpdated, snapshot, snapshotFiles, plugins } = metadata;
  const optional = (name: string, value: string | undefined): readonly Element[] =>
    value === undefined ? [] : [leaf(name, value)];
  const parent = (name: string, children: readonly Element[]): readonly Element[] =>
    children.length === 0 ? [] : [{ name, text: '', children }];
  const elements = [
    ...optional('groupId', groupId),
    ...optional('artifactId', artifactId),
    ...parent('versioning', [
      ...optional('latest', latest),
      ...optional('release', release),
      ...parent(
        'versions',
        versions.map((version) => leaf('version', version)),
      ),
      ...optional('lastUpdated', lastUpdated),
      ...parent(
        'snapshot',
        snapshot === undefined
          ? []
          : [leaf('timestamp', snapshot.timestamp), leaf('buildNumber', String(snapshot.buildNumber))],
      ),
      ...parent(
        'snapshotVersions',
        snapshotFiles.flatMap(({ classifier, extension, value, updated }) =>
          parent('snapshotVersion', [
            ...optional('classifier', classifier),
            leaf('extension', extension),
            leaf('value', value),
            leaf('updated', updated),
          ]),
        ),
      ),
    ]),
    ...optional('version', version),
    ...(plugins === undefined ? [] : [plugins]),
  ];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    // snapshotVersions needs 1.1.0.
    snapshotFiles.length > 0 ? '<metadata modelVersion="1.1.0">' : '<metadata>',
    ...elements.flatMap((element) => formatElement(element, '  ')),
    '</metadata>',
    '',
  ].join('\n');
}

function formatUpdated(date: Date): string {
  return date.toISOString().replaceAll(/\D/g, '').slice(0, 14);
}
