/** What the name of a file tells about it, in the form `artifactId-version[-classifier].extension`. */

import { type Coordinates, isSnapshot, snapshotBase } from './coordinates.ts';

/** What a file name shows; what it does not show is undefined. */
export interface ShownByName {
  readonly classifier?: string | undefined;
  /** Without the leading dot, such as `tar.gz`, `jar.asc` or `spdx.json`. */
  readonly extension?: string | undefined;
  /** Whether the name has a version that is not the artifact's. */
  readonly isOtherVersion: boolean;
}

/** Classifiers of files that supplement an artifact, and are never the artifact itself. */
export const supplements = ['sources', 'javadoc', 'tests', 'test-sources', 'test-javadoc'] as const;

/** Several parts, such as `spdx.json`. Qualifiers of a version (`1.0.Final`, `1.0.RC1`) have capitals. */
const wholeExtension = /^(?:-(?<classifier>.+?))?\.(?<extension>(?:[a-z][a-z0-9]*|7z)(?:\.(?:[a-z][a-z0-9]*|7z))*)$/;
/** Of a name without a known version, where dots may be anything. */
const lastExtension = /\.((?:tar\.)?(?:[A-Za-z][A-Za-z0-9]*|7z)(?:\.(?:asc|sig|sigstore|sigstore\.json))?)$/;
const supplementAtEnd = new RegExp(`^(?:\\d.*-)?(${supplements.join('|')})\\.`);

/**
 * Reads a file name.
 *
 * @param classifier the file's, which decides where the classifier in the name ends
 */
export function readArtifactName(name: string, coordinates: Coordinates, classifier?: string): ShownByName {
  const rest = afterVersion(name, coordinates);
  if (rest === undefined) return readOtherName(name, coordinates);
  const own = classifier === undefined ? undefined : `-${classifier}`;
  const start = own !== undefined && rest.startsWith(`${own}.`) ? own.length : 0;
  const found = wholeExtension.exec(rest.slice(start))?.groups;
  const extension = found?.extension ?? lastExtension.exec(rest)?.[1];
  // As in app-1.0.1.jar, if the version is 1.0.
  const isOtherVersion = found === undefined && extension !== undefined && rest !== `.${extension}`;
  return { classifier: start > 0 ? classifier : found?.classifier, extension, isOtherVersion };
}

/** A name without the artifact's version: another version, or none. */
function readOtherName(name: string, { artifactId }: Coordinates): ShownByName {
  const rest = name.startsWith(`${artifactId}-`) ? name.slice(artifactId.length + 1) : '';
  return {
    classifier: supplementAtEnd.exec(rest)?.[1],
    extension: lastExtension.exec(name)?.[1],
    isOtherVersion: /^\d/.test(rest),
  };
}

/** What follows the artifactId and the version; undefined if the name does not begin with them. */
function afterVersion(name: string, coordinates: Coordinates): string | undefined {
  const { artifactId, version } = coordinates;
  const starts = [`${artifactId}-${version}`];
  if (isSnapshot(coordinates)) {
    const base = `${artifactId}-${snapshotBase(coordinates)}`;
    const timestamp = name.startsWith(base) ? /^\d{8}\.\d{6}-\d+/.exec(name.slice(base.length))?.[0] : undefined;
    if (timestamp !== undefined) starts.push(base + timestamp);
  }
  const rests = starts.filter((start) => name.startsWith(start)).map((start) => name.slice(start.length));
  return rests.find((rest) => /^(?:$|[.-])/.test(rest));
}
