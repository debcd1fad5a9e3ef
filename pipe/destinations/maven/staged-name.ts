/** What the name of a file in a directory in repository layout tells: its kind and, for a SNAPSHOT, its build. */

import { readArtifactName } from './artifact-name.ts';
import {
  type Coordinates,
  fileName,
  type FileKind,
  isClassifier,
  isExtension,
  isSnapshot,
  snapshotBase,
} from './coordinates.ts';

/** A file of an artifact. */
export interface StagedName {
  readonly kind: FileKind;
  /** The version in the name; for a SNAPSHOT, of one build: `1.1-20261121.060929-2`. */
  readonly version: string;
}

/** Any name: the classifier ends at the first dot. */
const anyKind = /^(?:-(?<classifier>[^.]+))?\.(?<extension>.+)$/;

/**
 * Reads the name of a file.
 *
 * @param coordinates as the path has them
 * @returns undefined if the name is not one of `artifactId-version[-classifier].extension`
 * @see https://maven.apache.org/repository/layout.html
 */
export function readStagedName(name: string, coordinates: Coordinates): StagedName | undefined {
  const { artifactId } = coordinates;
  const version = versionIn(name, coordinates);
  if (version === undefined) return undefined;
  const shown = readArtifactName(name, coordinates);
  if (shown.isOtherVersion) return undefined;
  const found = anyKind.exec(name.slice(`${artifactId}-${version}`.length))?.groups;
  const kinds = [shown, found].flatMap((each) =>
    each?.extension === undefined ? [] : [{ classifier: each.classifier, extension: each.extension }],
  );
  const kind = kinds.find(
    (each) =>
      fileName(artifactId, version, each) === name &&
      isExtension(each.extension) &&
      (each.classifier === undefined || isClassifier(each.classifier)),
  );
  return kind && { kind, version };
}

function versionIn(name: string, coordinates: Coordinates): string | undefined {
  const { artifactId, version } = coordinates;
  const start = `${artifactId}-`;
  if (!name.startsWith(start)) return undefined;
  const rest = name.slice(start.length);
  if (rest.startsWith(version)) return version;
  if (!isSnapshot(coordinates) || !rest.startsWith(snapshotBase(coordinates))) return undefined;
  const base = snapshotBase(coordinates);
  const [build] = /^\d{8}\.\d{6}-\d+/.exec(rest.slice(base.length)) ?? [];
  return build === undefined ? undefined : base + build;
}

/** The build of a SNAPSHOT's file, so that a later one compares as larger: by its number, then by its time. */
export function compareBuilds(one: string, other: string): number {
  const read = (version: string): readonly [number, string] => {
    const [, timestamp = '', number = '0'] = /(\d{8}\.\d{6})-(\d+)$/.exec(version) ?? [];
    return [Number(number), timestamp];
  };
  const [[number, timestamp], [otherNumber, otherTimestamp]] = [read(one), read(other)];
  return number - otherNumber || (timestamp < otherTimestamp ? -1 : Number(timestamp > otherTimestamp));
}
