/** Lists a directory in repository layout, and sorts its files: artifacts, metadata, checksums, and what is not for others. */

import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { InputError } from '../../errors.ts';
import { inspect, type RealDirectory } from '../../io/inspect-path.ts';
import { mapConcurrently } from '../../io/map-concurrently.ts';
import { type Places, realRoots } from '../../io/select-files.ts';
import type { SourceFile } from '../../io/source-file.ts';
import { fileSystemAdvice } from '../../toolkit/file-system-advice.ts';
import { printable } from '../../toolkit/stdout.ts';
import { isChecksumExtension } from './algorithms.ts';
import { type Coordinates, coordinateProblems } from './coordinates.ts';
import { metadataName } from './metadata.ts';
import { readStagedName, type StagedName } from './staged-name.ts';

/** A file of an artifact. */
export interface StagedFile extends StagedName {
  readonly source: SourceFile;
}

/** A version of an artifact, by its path `group/artifact/version`. */
export interface StagedVersion {
  readonly coordinates: Coordinates;
  /** As the user sees it, for messages. */
  readonly path: string;
  readonly files: readonly StagedFile[];
}

/** The files of a directory. Keys are paths in the directory, with slashes. */
export interface StagedFiles {
  readonly versions: ReadonlyMap<string, StagedVersion>;
  /** The metadata files, by their directory. */
  readonly metadata: ReadonlyMap<string, SourceFile>;
  /** The files that can have checksums: those above. */
  readonly sources: ReadonlyMap<string, SourceFile>;
  readonly checksums: ReadonlyMap<string, SourceFile>;
  /** The records of where Maven has downloaded files from. */
  readonly downloads: readonly SourceFile[];
}

/** Keeps the thread pool busy. */
const maxOpenFiles = 32;
/** Each further one tells nothing new. */
const maxMisplaced = 5;

const checksum = /\.(?:md5|sha1|sha256|sha512)$/;
const downloadRecord = '_remote.repositories';
/** Maven's notes in a local repository, metadata of other repositories among them. */
const local =
  /^(?:_remote\.repositories|_maven\.repositories|resolver-status\.properties|maven-metadata-.+\.xml|.+\.lastUpdated)$/;

/**
 * Lists the files. Hidden ones and Maven's own notes are left out.
 *
 * @throws InputError naming all files that cannot be read, or the first ones that are not in repository layout
 */
export async function listStaged(directory: RealDirectory, places: Places): Promise<StagedFiles> {
  const roots = await realRoots(places);
  const paths = await listPaths(directory);
  const problems: string[] = [];
  const found = await mapConcurrently(paths, maxOpenFiles, async (path) => {
    const inspected = await inspect(join(directory.path, path), places.workingDirectory, roots);
    if (inspected.kind === 'file') return [path, inspected.file] as const;
    problems.push(
      inspected.kind === 'problem'
        ? inspected.problem
        : `${printable(join(directory.path, path))} is a link to a directory: replace it with the directory itself, or remove it`,
    );
    return undefined;
  });
  if (problems.length > 0) throw new InputError(problems.sort());
  return sortFiles(
    directory,
    found.filter((each) => each !== undefined),
  );
}

/** The paths of all files and links that are not hidden. A link to a directory is not followed, wherever that is. */
async function listPaths(directory: RealDirectory): Promise<readonly string[]> {
  const paths: string[] = [];
  const entriesIn = async (parent: string): Promise<readonly Dirent[]> => {
    try {
      return await readdir(join(directory.absolutePath, parent), { withFileTypes: true });
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw new InputError(`${printable(join(directory.path, parent))} cannot be read: ${code ?? message}`, {
        cause: error,
        advice: fileSystemAdvice(error),
      });
    }
  };
  const list = async (parent: string): Promise<void> => {
    for (const entry of await entriesIn(parent)) {
      if (entry.name.startsWith('.')) continue;
      const path = join(parent, entry.name);
      if (entry.isDirectory()) await list(path);
      else paths.push(path);
    }
  };
  await list('');
  return paths.sort();
}

function sortFiles(directory: RealDirectory, files: readonly (readonly [string, SourceFile])[]): StagedFiles {
  const versions = new Map<string, StagedVersion & { readonly files: StagedFile[] }>();
  const metadata = new Map<string, SourceFile>();
  const sources = new Map<string, SourceFile>();
  const checksums = new Map<string, SourceFile>();
  const downloads: SourceFile[] = [];
  const misplaced: string[] = [];
  for (const [path, source] of files) {
    const segments = path.split(sep);
    const name = segments.at(-1) ?? '';
    const parent = segments.slice(0, -1).join('/');
    const key = segments.join('/');
    if (name === downloadRecord) downloads.push(source);
    if (local.test(name.replace(checksum, ''))) continue;
    if (checksum.test(name)) checksums.set(key, source);
    else if (name === metadataName) {
      metadata.set(parent, source);
      sources.set(key, source);
    } else {
      const coordinates = coordinatesOf(segments.slice(0, -1));
      const staged = coordinates && readStagedName(name, coordinates);
      if (coordinates === undefined || staged === undefined || isChecksumExtension(staged.kind.extension)) {
        misplaced.push(key);
        continue;
      }
      const version = versions.get(parent) ?? {
        coordinates,
        path: join(directory.path, ...segments.slice(0, -1)),
        files: [],
      };
      version.files.push({ ...staged, source });
      versions.set(parent, version);
      sources.set(key, source);
    }
  }
  if (misplaced.length > 0 || versions.size === 0) throw layoutError(directory, misplaced);
  return { versions, metadata, sources, checksums, downloads };
}

/** The coordinates that a directory stands for: `com/acme/app/1.0`. */
function coordinatesOf(segments: readonly string[]): Coordinates | undefined {
  const [version, artifactId, ...group] = segments.toReversed();
  if (version === undefined || artifactId === undefined || group.length === 0) return undefined;
  const coordinates = { groupId: group.toReversed().join('.'), artifactId, version };
  return coordinateProblems(coordinates).length === 0 ? coordinates : undefined;
}

function layoutError({ path }: RealDirectory, misplaced: readonly string[]): InputError {
  const shown = misplaced.slice(0, maxMisplaced).map(printable);
  const more = misplaced.length > shown.length ? ` and ${misplaced.length - shown.length} more` : '';
  const found = shown.length === 0 ? 'it has no artifact' : `it has ${shown.join(', ')}${more}`;
  return new InputError(
    `${printable(path)} is not a directory in Maven's repository layout (com/acme/app/1.0/app-1.0.jar): ${found}`,
    {
      advice:
        'Set FILENAME to the directory that "mvn deploy -DaltDeploymentRepository=local::file:DIRECTORY" or Gradle\'s maven-publish writes, to its root and not to a directory in it, or to one artifact.',
    },
  );
}
