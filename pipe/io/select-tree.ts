/** Lists all files that patterns name, with those inside the directories that they name, for an archive. */

import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, normalize, relative, sep } from 'node:path';
import { InputError } from '../errors.ts';
import type { ArrayValue } from '../toolkit/environment.ts';
import { printable } from '../toolkit/stdout.ts';
import { correctionAdvice, inspect, type RealDirectory, type RealFile } from './inspect-path.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { forbiddenDirectories } from './paths.ts';
import { type Places, realOwnFiles, realRoots, selectPaths } from './select-files.ts';
import type { SourceFile } from './source-file.ts';
import { whenFilesMayOpen } from './when-files-may-open.ts';

/** A file of a tree. */
export interface TreeFile {
  /** Its place in the tree: relative, with forward slashes. */
  readonly path: string;
  readonly file: SourceFile;
  readonly isExecutable: boolean;
}

/** The files that patterns name. */
export interface Tree {
  /** Sorted by path, each path once. */
  readonly files: readonly TreeFile[];
  /** Directories with nothing in them, sorted; those in which everything is excluded are not among them. */
  readonly emptyDirectories: readonly string[];
  /** Parts of FILENAME that match nothing. */
  readonly warnings: readonly string[];
}

/** What is listed. */
export interface TreeRules {
  /** The variable that the patterns are from. Default: FILENAME. */
  readonly variable?: string;
  /** The option that patterns with `!` are from. Default: they are among the others. */
  readonly exclusionName?: string | undefined;
  /** Whether a file is left out. Default: none is. */
  readonly isLeftOut?: (realPath: string) => boolean;
  /** Those that links lead to included. */
  readonly maxDirectories?: number;
}

/** Keeps the thread pool busy, and is far below any limit on open files. */
const maxOpenFiles = 32;
/** Two links in each directory to the one before make 2^n of n directories. No build has as many as this. */
const usualMaxDirectories = 100_000;

/**
 * Lists the files. Of one directory, paths are relative to it; otherwise, to the working directory. Links are followed, as long
 * as they stay inside the clone or the working directory. Names that begin with a dot count, but never `.git` and `.bitbucket`.
 *
 * @throws InputError as `selectFiles`; also if a link leads outside or back to its own directory, or a file is outside the working
 *   directory
 */
export async function selectTree(
  patterns: ArrayValue,
  places: Places,
  {
    variable = 'FILENAME',
    exclusionName,
    isLeftOut = () => false,
    maxDirectories = usualMaxDirectories,
  }: TreeRules = {},
): Promise<Tree> {
  const { workingDirectory } = places;
  const { found, excluded, exclusions, warnings } = await selectPaths(patterns, places, {
    withTrees: true,
    name: variable,
    exclusionName,
  });
  const [first] = found;
  const base = found.length === 1 && first?.kind === 'directory' ? first.absolutePath : workingDirectory;
  const roots = await realRoots(places);
  const own = new Set((await realOwnFiles(places)).map(({ real }) => real));
  const files = new Map<string, TreeFile>();
  const emptyDirectories = new Set<string>();
  const problems: string[] = [];
  let directories = 0;

  function placeOf({ path, absolutePath }: RealFile | RealDirectory): string | undefined {
    const place = relative(base, absolutePath).split(sep).join('/');
    if (!place.startsWith('../')) return place;
    problems.push(
      `${printable(path)} is outside the working directory, which paths in an archive are relative to: run the pipe in a directory above it`,
    );
    return undefined;
  }

  function addFile(found: RealFile): void {
    if (own.has(found.real) || isLeftOut(found.real)) return;
    const path = placeOf(found);
    const { file, isExecutable } = found;
    if (path !== undefined) files.set(path, { path, file, isExecutable });
  }

  /** Real paths of the directories that are being listed, each in the one before. */
  const parents = new Set<string>();

  async function addDirectory(directory: RealDirectory): Promise<void> {
    const { path, absolutePath, real } = directory;
    if (++directories > maxDirectories)
      throw new InputError(
        `there are more than ${maxDirectories} directories, those that links lead to included: ${printable(path)} is one of them`,
        { advice: `Exclude links to directories from ${variable}.` },
      );
    if (parents.has(real)) {
      problems.push(`${printable(path)} is a link that leads back to a directory above it: remove or exclude it`);
      return;
    }
    const entries = await entriesIn(absolutePath, path);
    const kept = (entries ?? [])
      .filter(({ name }) => !forbiddenDirectories.has(name) && !excluded(join(path, name)))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    // Only a link leads elsewhere. To resolve a path takes the longer the deeper it is, and there may be a thousand levels.
    const inspected = await mapConcurrently(kept, maxOpenFiles, (entry) =>
      inspect(
        join(path, entry.name),
        workingDirectory,
        roots,
        entry.isSymbolicLink() ? undefined : join(real, entry.name),
      ),
    );
    parents.add(real);
    for (const each of inspected) {
      if (each.kind === 'problem') problems.push(each.problem);
      else if (each.kind === 'file') addFile(each);
      else await addDirectory(each);
    }
    parents.delete(real);
    const place = entries?.length === 0 ? placeOf(directory) : undefined;
    if (place !== undefined && place !== '') emptyDirectories.add(place);
  }

  /** Undefined if it cannot be read, which is then a problem. */
  async function entriesIn(absolutePath: string, path: string): Promise<readonly Dirent[] | undefined> {
    try {
      return await whenFilesMayOpen(printable(path), async () => await readdir(absolutePath, { withFileTypes: true }));
    } catch (error) {
      if (error instanceof InputError) throw error;
      problems.push(
        `${printable(path)} is a directory that this user cannot read: check its permissions, or exclude it`,
      );
      return undefined;
    }
  }

  for (const each of found)
    if (each.kind === 'file') addFile(each);
    else await addDirectory({ ...each, path: normalize(each.path) });
  const isEmpty = problems.length === 0 && files.size === 0;
  const isAllExcluded = isEmpty && exclusions.length > 0;
  if (isEmpty)
    problems.push(
      exclusions.length === 0
        ? 'there is no file in what is named: an archive needs one'
        : `every file in what is named is excluded (by ${exclusionName === undefined ? '' : `${exclusionName} `}${exclusions.map(printable).join(', ')}): an archive needs one`,
    );
  if (problems.length > 0)
    throw new InputError([...new Set(problems)], {
      advice: correctionAdvice(problems, (isAllExcluded ? exclusionName : undefined) ?? variable),
    });
  return {
    files: [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1)),
    emptyDirectories: [...emptyDirectories].sort(),
    warnings,
  };
}
