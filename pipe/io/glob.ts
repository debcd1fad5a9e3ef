/** Finds the paths that a glob matches. Follows links to directories, as bash and Python do. */

import type { Dirent } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, matchesGlob, resolve, sep } from 'node:path';
import { InputError } from '../errors.ts';
import { printable } from '../toolkit/stdout.ts';
import { whenFilesMayOpen } from './when-files-may-open.ts';

/** Where a glob is matched, and which directories it does not enter. */
export interface GlobOptions {
  /** The base of a relative glob. */
  readonly workingDirectory: string;
  /** The names of directories that are never entered. */
  readonly forbiddenNames: ReadonlySet<string>;
  /** Whether `**` follows a link to this directory, which is given by its real path. */
  readonly mayFollow: (realDirectory: string) => boolean;
  /** Whether a directory's contents are of no interest, so that it is not read. */
  readonly isExcluded: (path: string) => boolean;
}

/** What a glob matches. */
export interface GlobResult {
  /** Sorted. Relative if the glob is; directories have no trailing slash. */
  readonly paths: readonly string[];
  /** Directories that had to be read, but that this user may not read. */
  readonly unreadable: readonly string[];
}

interface Place {
  /** As it is shown: empty for the working directory. */
  readonly path: string;
  readonly realPath: string;
  /** The segment of the glob to match next. */
  readonly index: number;
}

/**
 * Finds the files and directories. `*`, `?` and `[abc]` never match a leading dot, nor does `**` enter a directory whose
 * name begins with one. `**` enters each real directory once, so links that lead back end, and enters real directories
 * before links to them, so that a file's path is its real one if possible.
 *
 * @param glob without braces: see `expandBraces`
 */
export async function findPaths(glob: string, options: GlobOptions): Promise<GlobResult> {
  const { workingDirectory } = options;
  const segments = glob
    .split(sep)
    .filter((segment, index, all) => !/^\.?$/.test(segment) && !(segment === '**' && all[index - 1] === '**'));
  const isAbsolute = glob.startsWith(sep);
  // Of `{a,}`, `{a,.}` and the like.
  if (segments.length === 0) return { paths: glob === '' ? [] : [isAbsolute ? sep : '.'], unreadable: [] };
  const onlyDirectories = glob.endsWith(sep);
  const paths = new Set<string>();
  const unreadable = new Set<string>();
  const visited = new Set<string>();
  const root = isAbsolute ? sep : workingDirectory;
  const places: Place[] = [{ path: isAbsolute ? sep : '', realPath: await realpath(root), index: 0 }];
  const links: Place[] = [];
  for (let place = places.pop() ?? links.shift(); place !== undefined; place = places.pop() ?? links.shift()) {
    const key = `${place.index}\0${place.realPath}`;
    if (visited.has(key)) continue;
    visited.add(key);
    await visit(place);
  }
  return { paths: [...paths].sort(), unreadable: [...unreadable].sort() };

  async function visit(place: Place): Promise<void> {
    const { path, realPath, index } = place;
    const segment = segments[index] ?? '';
    const isLast = index === segments.length - 1;
    if (!hasMagic(segment)) {
      if (options.forbiddenNames.has(segment)) return;
      const next = join(path, segment);
      if (isLast) await add(next);
      else if (await isDirectory(next)) await enter(places, next, index + 1);
      return;
    }
    const isRecursive = segment === '**';
    if (isRecursive && !isLast) places.push({ ...place, index: index + 1 });
    for (const entry of await read(path)) {
      const { name } = entry;
      if (options.forbiddenNames.has(name)) continue;
      if (isRecursive ? name.startsWith('.') : !matches(name, segment)) continue;
      const next = join(path, name);
      if (isLast) await add(next, entry);
      if (isLast && !isRecursive) continue;
      const nextIndex = isRecursive ? index : index + 1;
      if (entry.isDirectory()) places.push({ path: next, realPath: join(realPath, name), index: nextIndex });
      else if (entry.isSymbolicLink() && (await isDirectory(next)))
        await enter(links, next, nextIndex, isRecursive ? options.mayFollow : undefined);
    }
  }

  async function enter(
    queue: Place[],
    path: string,
    index: number,
    mayEnter: (realPath: string) => boolean = () => true,
  ): Promise<void> {
    const realPath = await realpath(resolve(workingDirectory, path));
    if (mayEnter(realPath)) queue.push({ path, realPath, index });
  }

  async function add(path: string, entry?: Dirent): Promise<void> {
    if (entry === undefined && !(await exists(path))) return;
    if (!onlyDirectories || (await isDirectory(path))) paths.add(path);
  }

  async function exists(path: string): Promise<boolean> {
    return await lstat(resolve(workingDirectory, path)).then(
      () => true,
      (error: unknown) => noteUnreachable(path, error),
    );
  }

  async function isDirectory(path: string): Promise<boolean> {
    return await stat(resolve(workingDirectory, path)).then(
      (stats) => stats.isDirectory(),
      (error: unknown) => noteUnreachable(path, error),
    );
  }

  /** Notes the directory that this user may not search. @returns false: what cannot be reached is not matched */
  function noteUnreachable(path: string, error: unknown): false {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') unreadable.add(dirname(path));
    return false;
  }

  async function read(path: string): Promise<readonly Dirent[]> {
    if (path !== '' && options.isExcluded(path)) return [];
    try {
      return await whenFilesMayOpen(
        printable(path === '' ? '.' : path),
        async () => await readdir(resolve(workingDirectory, path), { withFileTypes: true }),
      );
    } catch (error) {
      if (error instanceof InputError) throw error;
      const { code = '' } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') unreadable.add(path === '' ? '.' : path);
      return [];
    }
  }
}

/** Whether a path, or a directory that it is in, matches a glob or has this name; both relative to the same directory. */
export function matchesOrIsInside(path: string, glob: string): boolean {
  // A leading dot is replaced, so that * matches it: what is to be left out should be left out.
  const visible = path.replace(/(^|\/)\.(?!\.?(?:\/|$))/g, '$1_');
  for (let end = path.indexOf(sep, 1); ; end = path.indexOf(sep, end + 1)) {
    const length = end === -1 ? path.length : end;
    const part = path.slice(0, length);
    if (part === glob || matches(part, glob) || matches(visible.slice(0, length), glob)) return true;
    if (end === -1) return false;
  }
}

/** A path has at most 4,096 bytes. Node.js fails if a glob makes a regular expression that is too large: some of 14,000 do. */
const maxMatchedCharacters = 8 * 1024;

/**
 * Whether a path matches a glob, whose braces are ordinary characters: see `expandBraces`. Node.js itself would expand
 * `{1..9999999999}` until its memory is used up, and has no escape that it does not expand.
 */
export function matches(path: string, glob: string): boolean {
  return glob.length <= maxMatchedCharacters && matchesGlob(withOtherBraces(path), withOtherBraces(glob));
}

/** With characters for private use, which have no meaning in a glob. */
function withOtherBraces(text: string): string {
  return text.replaceAll('{', '\uE000').replaceAll('}', '\uE001');
}

function hasMagic(segment: string): boolean {
  return /[*?[]|[+@!]\(/.test(segment);
}
