/** Finds the files that match the user's paths and globs, and rejects those that must not or cannot be uploaded. */

import type { BigIntStats } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { InputError } from '../errors.ts';
import { hasSpacedAlternatives } from './braces.ts';
import { exists } from './exists.ts';
import { fingerprintOf, type SourceFile } from './source-file.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { matchAll } from './match-patterns.ts';
import { isForbidden, isInside } from './paths.ts';
import { whenFilesMayOpen } from './when-files-may-open.ts';
import type { ArrayValue } from '../toolkit/environment.ts';
import { printable } from '../toolkit/stdout.ts';

export interface Selection {
  /** In the order of the patterns; the matches of each pattern are sorted by path. */
  readonly files: readonly SourceFile[];
  /** Directories that a glob matches, and in which no file was selected. */
  readonly leftOutDirectories: readonly string[];
  /** Patterns of one string that match nothing, although others match. */
  readonly warnings: readonly string[];
}

/** The directories that files may be selected from. */
export interface Places {
  /** The base of relative paths. */
  readonly workingDirectory: string;
  /** The root of the clone, if there is one. */
  readonly cloneDirectory?: string | undefined;
  /** The file that the run writes its results to: no glob matches it. */
  readonly outputPath?: string | undefined;
}

/** Keeps the thread pool busy, and is far below any limit on open files. */
const maxOpenFiles = 32;

/**
 * Finds the files. Each real file is selected once under each base name that it has: several files may have the same base
 * name, and a link to a file is selected besides that file if its name is another. A pattern that begins with `!`
 * excludes files and directories, unless a path of that name exists.
 *
 * @throws InputError naming every problem: a pattern without a match, a directory, a special file,
 *   an unreadable file or directory, a path outside the clone and the working directory
 */
export async function selectFiles(patterns: ArrayValue, places: Places): Promise<Selection> {
  const { workingDirectory } = places;
  const problems: string[] = [];
  const unmatched: string[] = [];
  const roots = await realRoots(places);
  const output = await realOutputPath(places);
  const files = new Map<string, RealFile>();
  const directories = new Map<string, string>();
  const { matches, excluded, isWordList } = await matchAll(patterns, { workingDirectory, roots });
  for (const { pattern, paths, isLiteral, isExclusive, problems: own } of matches) {
    problems.push(...own);
    let usable = own.length;
    const wanted = paths.filter((path) => !excluded(path));
    const inspected = await mapConcurrently(wanted, maxOpenFiles, (path) => inspect(path, workingDirectory, roots));
    for (const [index, found] of inspected.entries()) {
      const path = wanted[index] ?? '';
      if (found.kind === 'file') {
        if (found.real === output && !isLiteral) continue;
        const key = `${found.real}\0${basename(path)}`;
        files.set(key, files.get(key) ?? found);
      } else if (found.kind === 'directory' && !isLiteral) directories.set(path, found.real);
      else problems.push(found.kind === 'directory' ? directoryProblem(path) : found.problem);
      if (found.kind === 'file' || found.kind === 'problem') usable++;
    }
    if (usable > 0 || isLiteral || (paths.length > 0 && wanted.length === 0)) continue;
    const problem = isExclusive
      ? `${printable(pattern)} excludes files: name the files to publish as well`
      : noMatchProblem(
          pattern,
          inspected.some(({ kind }) => kind === 'directory'),
          workingDirectory,
        );
    (isWordList ? unmatched : problems).push(problem);
  }
  if (files.size === 0) {
    problems.push(...unmatched);
    // A list with a mistake in it, such as a missing quote, is read as a name.
    if (patterns.form === 'string' && /^\s*\[.*\]\s*$/s.test(patterns.value))
      problems.push("an array of names is written as a YAML flow sequence: ['a', 'b c']");
  }
  if (files.size === 0 && problems.length === 0)
    problems.push('every file that matches is excluded by a pattern with !');
  if (problems.length > 0) throw new InputError(problems);
  const selected = [...files.values()];
  const isLeftOut = ([, real]: readonly [string, string]): boolean =>
    !selected.some((file) => isInside(file.real, real));
  return {
    files: selected.map(({ file }) => file),
    leftOutDirectories: [...directories].filter(isLeftOut).map(([path]) => path),
    warnings: unmatched,
  };
}

interface RealFile {
  readonly kind: 'file';
  readonly file: SourceFile;
  /** The path without links. */
  readonly real: string;
}

type Found =
  | RealFile
  | { readonly kind: 'directory'; readonly real: string }
  | { readonly kind: 'problem'; readonly problem: string };

async function inspect(path: string, workingDirectory: string, roots: readonly string[]): Promise<Found> {
  const shown = printable(path);
  const absolute = resolve(workingDirectory, path);
  let stats: BigIntStats;
  let real: string;
  try {
    stats = await stat(absolute, { bigint: true });
    real = await realpath(absolute);
  } catch (error) {
    return { kind: 'problem', problem: `${shown}: ${await unreachableReason(absolute, error)}` };
  }
  if (!roots.some((root) => isInside(real, root))) {
    const target = real === absolute ? '' : ` (it resolves to ${printable(real)})`;
    return {
      kind: 'problem',
      problem: `${shown} is outside ${roots.map(printable).join(' and ')}${target}: only the build's own files can be published. Copy it there first`,
    };
  }
  if (isForbidden(absolute) || isForbidden(real)) {
    return { kind: 'problem', problem: `${shown} is inside .git or .bitbucket, whose contents are never uploaded` };
  }
  if (stats.isDirectory()) return { kind: 'directory', real };
  if (!stats.isFile()) return { kind: 'problem', problem: `${shown} is ${specialKind(stats)}, not a regular file` };
  try {
    await (await whenFilesMayOpen(shown, async () => await open(absolute, 'r'))).close();
  } catch (error) {
    if (error instanceof InputError) return { kind: 'problem', problem: error.message };
    const { code = '', message } = error as NodeJS.ErrnoException;
    const isForbiddenHere = code === 'EACCES' || code === 'EPERM';
    return {
      kind: 'problem',
      problem: `${shown} ${isForbiddenHere ? 'cannot be read by this user: check its permissions' : `cannot be read: ${message}`}`,
    };
  }
  return {
    kind: 'file',
    real,
    file: { path, absolutePath: absolute, size: Number(stats.size), fingerprint: fingerprintOf(stats) },
  };
}

async function unreachableReason(path: string, error: unknown): Promise<string> {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EACCES') return 'cannot be reached by this user: check the permissions of its directories';
  if (code === 'ELOOP') return 'is a symbolic link that leads back to itself';
  if (code !== 'ENOENT') return message;
  if (path.includes('\uFFFD')) return 'its name is not valid UTF-8: rename it';
  return (await exists(path)) ? 'is a symbolic link to a path that does not exist here' : 'no longer exists';
}

function specialKind(stats: BigIntStats): string {
  if (stats.isFIFO()) return 'a named pipe (FIFO)';
  if (stats.isSocket()) return 'a socket';
  return stats.isBlockDevice() || stats.isCharacterDevice() ? 'a device' : 'a special file';
}

async function realRoots({ workingDirectory, cloneDirectory }: Places): Promise<readonly string[]> {
  const roots = [await realpath(workingDirectory)];
  if (cloneDirectory !== undefined && (await exists(cloneDirectory))) roots.push(await realpath(cloneDirectory));
  // A root inside the other one is redundant, in the message too.
  return [...new Set(roots)].filter((root) => !roots.some((other) => other !== root && isInside(root, other)));
}

/** The output file may not exist yet, but its directory does, or nothing can match. */
async function realOutputPath({ outputPath }: Places): Promise<string | undefined> {
  if (outputPath === undefined) return undefined;
  try {
    return await realpath(outputPath);
  } catch {
    const directory = await realpath(dirname(outputPath)).catch(() => dirname(outputPath));
    return join(directory, basename(outputPath));
  }
}

function directoryProblem(path: string): string {
  const shown = printable(path.replace(/\/+$/, ''));
  return `${shown} is a directory: name its files, as in ${shown}/* or ${shown}/**, or pack it first`;
}

function noMatchProblem(pattern: string, hasDirectories: boolean, workingDirectory: string): string {
  if (pattern.trim() === '') return 'an empty path matches no file';
  const shown = printable(pattern);
  if (hasDirectories)
    return `${shown} matches only directories: name the files in them, as in ${shown.replace(/\/+$/, '')}/*`;
  if (isForbidden(pattern)) return `${shown} is inside .git or .bitbucket, whose contents are never uploaded`;
  const outside =
    pattern.startsWith('/') && relative(workingDirectory, pattern).startsWith('..')
      ? '. A pipe runs in its own container, which sees only the clone directory'
      : '';
  const spaces = hasSpacedAlternatives(pattern) ? '. Write the braces without spaces, as in {a,b}' : '';
  return `${shown} matches no file in ${printable(workingDirectory)}${outside}${spaces}`;
}
