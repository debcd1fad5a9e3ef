/** The Maven 2 repository layout: parses paths, and checks file names. */
import { Refusal, text } from './answers.ts';
import { type ChecksumKind, checksumKinds } from './maven-store.ts';

/** A path without the extension of a checksum. */
export interface MavenPath {
  readonly kind: 'file' | 'metadata';
  /** Of the file itself. */
  readonly path: string;
  readonly checksum: ChecksumKind | undefined;
  /** The directory's segments; for a file: group, artifact, version. */
  readonly directory: readonly string[];
  readonly name: string;
}

const segmentPattern = /^[A-Za-z0-9_.+~^@!=$&'-]+$/;

/** @param path below the repository, decoded @throws Refusal if no Maven client would request it */
export function parseMavenPath(path: string): MavenPath {
  const segments = path.split('/');
  for (const segment of segments)
    if (!segmentPattern.test(segment) || /^\.+$/.test(segment))
      throw new Refusal(text(400, 'bad path'), `the segment ${JSON.stringify(segment)}`);
  const last = segments.at(-1) ?? '';
  const checksum = checksumKinds.find((kind) => last.endsWith(`.${kind}`));
  const name = checksum === undefined ? last : last.slice(0, -checksum.length - 1);
  const directory = segments.slice(0, -1);
  const kind = name === 'maven-metadata.xml' ? 'metadata' : 'file';
  return { kind, path: [...directory, name].join('/'), checksum, directory, name };
}

/** @throws Refusal if a file of that name does not belong there */
export function checkFileName({ directory, name }: MavenPath): void {
  const [version = '', artifactId = '', ...group] = directory.toReversed();
  if (group.length === 0) throw new Refusal(text(400, 'not in the layout'), 'a file outside of group/artifact/version');
  const base = version.endsWith('SNAPSHOT') ? version.slice(0, -'SNAPSHOT'.length) : undefined;
  const start = base === undefined ? `${artifactId}-${version}` : `${artifactId}-${base}`;
  const rest = name.startsWith(start) ? name.slice(start.length) : '';
  const isRight =
    base === undefined
      ? /^(?:-[\w.+-]+)?\.[A-Za-z0-9]/.test(rest)
      : /^\d{8}\.\d{6}-[1-9]\d*(?:-[\w.+-]+)?\.[A-Za-z0-9]/.test(rest);
  if (!isRight) throw new Refusal(text(400, 'not in the layout'), `the file name ${name} in version ${version}`);
}
