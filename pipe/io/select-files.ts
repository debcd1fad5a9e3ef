/** Finds the files that match the user's paths and globs, and rejects those that must not or cannot be uploaded. */

import type { BigIntStats } from 'node:fs';
import { glob, open, realpath, stat } from 'node:fs/promises';
import { relative, resolve, sep } from 'node:path';
import { InputError } from '../errors.ts';
import { exists } from './exists.ts';
import { fingerprintOf, type SourceFile } from './source-file.ts';
import { mapConcurrently } from './map-concurrently.ts';
import type { ArrayValue } from '../toolkit/environment.ts';
import { printable } from '../toolkit/stdout.ts';

export interface Selection {
  /** In the order of the patterns; the matches of each pattern are sorted by path. */
  readonly files: readonly SourceFile[];
  /** Directories that a glob matches, and in which no file was selected. */
  readonly leftOutDirectories: readonly string[];
}

/** The directories that files may be selected from. */
export interface Places {
  /** The base of relative paths. */
  readonly workingDirectory: string;
  /** The root of the clone, if there is one. */
  readonly cloneDirectory?: string | undefined;
}

/** Keeps the thread pool busy, and is far below any limit on open files. */
const maxOpenFiles = 32;

/** Never uploaded: other pipes' data, and the repository's history and configuration, which may contain credentials. */
const forbiddenDirectories: ReadonlySet<string> = new Set(['.bitbucket', '.git']);

/**
 * Finds the files, each of them once. Several files may have the same base name.
 *
 * @throws InputError naming every problem: a pattern without a match, a directory, a special file,
 *   an unreadable file, a path outside the clone and the working directory
 */
export async function selectFiles(patterns: ArrayValue, places: Places): Promise<Selection> {
  const { workingDirectory } = places;
  const problems: string[] = [];
  const roots = await realRoots(places);
  const files = new Map<string, SourceFile>();
  const directories = new Set<string>();
  for (const { pattern, paths, isLiteral } of await matchAll(patterns, workingDirectory)) {
    let usable = 0;
    const inspected = await mapConcurrently(paths, maxOpenFiles, (path) => inspect(path, workingDirectory, roots));
    for (const [index, found] of inspected.entries()) {
      const path = paths[index] ?? '';
      if (found.kind === 'file')
        files.set(resolve(workingDirectory, path), files.get(resolve(workingDirectory, path)) ?? found.file);
      else if (found.kind === 'directory' && !isLiteral) directories.add(path);
      else problems.push(found.kind === 'directory' ? directoryProblem(path) : found.problem);
      if (found.kind === 'file' || found.kind === 'problem') usable++;
    }
    if (usable === 0 && !isLiteral) problems.push(noMatchProblem(pattern, paths.length > 0, workingDirectory));
  }
  if (problems.length > 0) throw new InputError(problems.join('\n'));
  const selected = [...files.values()];
  const isLeftOut = (directory: string): boolean => {
    const inside = resolve(workingDirectory, directory) + sep;
    return !selected.some((file) => resolve(workingDirectory, file.path).startsWith(inside));
  };
  return { files: selected, leftOutDirectories: [...directories].filter(isLeftOut) };
}

interface Match {
  readonly pattern: string;
  readonly paths: readonly string[];
  /** The pattern is an existing path, even if it contains glob characters. */
  readonly isLiteral: boolean;
}

async function matchAll(patterns: ArrayValue, workingDirectory: string): Promise<readonly Match[]> {
  if (patterns.form === 'items') return await matchEach(patterns.items, workingDirectory);
  const whole = await matchOne(patterns.text, workingDirectory);
  // Split at white space as atlassian/bitbucket-upload-file does, but only if the whole value matches nothing.
  const words = patterns.text.split(/\s+/).filter((word) => word !== '');
  return whole.paths.length > 0 || words.length < 2 ? [whole] : await matchEach(words, workingDirectory);
}

async function matchEach(patterns: readonly string[], workingDirectory: string): Promise<readonly Match[]> {
  const matches: Match[] = [];
  for (const pattern of patterns) matches.push(await matchOne(pattern, workingDirectory));
  return matches;
}

async function matchOne(pattern: string, workingDirectory: string): Promise<Match> {
  if (pattern.trim() === '' || pattern.includes('\0')) return { pattern, paths: [], isLiteral: false };
  for (const path of [pattern, pattern.trim()]) {
    if (await exists(resolve(workingDirectory, path))) return { pattern, paths: [path], isLiteral: true };
  }
  const paths: string[] = [];
  for await (const path of glob(pattern.trim(), { cwd: workingDirectory })) {
    if (!isForbidden(path)) paths.push(path);
  }
  return { pattern, paths: paths.sort(), isLiteral: false };
}

type Found =
  | { readonly kind: 'file'; readonly file: SourceFile }
  | { readonly kind: 'directory' }
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
  if (stats.isDirectory()) return { kind: 'directory' };
  if (!stats.isFile()) return { kind: 'problem', problem: `${shown} is ${specialKind(stats)}, not a regular file` };
  try {
    await (await open(absolute, 'r')).close();
  } catch {
    return { kind: 'problem', problem: `${shown} cannot be read by this user: check its permissions` };
  }
  return {
    kind: 'file',
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

function isForbidden(path: string): boolean {
  return path.split(sep).some((segment) => forbiddenDirectories.has(segment));
}

function isInside(path: string, root: string): boolean {
  return root === sep || path === root || path.startsWith(root + sep);
}

async function realRoots({ workingDirectory, cloneDirectory }: Places): Promise<readonly string[]> {
  const roots = [await realpath(workingDirectory)];
  if (cloneDirectory !== undefined && (await exists(cloneDirectory))) roots.push(await realpath(cloneDirectory));
  // A root inside the other one is redundant, in the message too.
  return [...new Set(roots)].filter((root) => !roots.some((other) => other !== root && isInside(root, other)));
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
  return `${shown} matches no file in ${printable(workingDirectory)}${outside}`;
}
