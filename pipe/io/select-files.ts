/** Finds the files that the user's paths and globs name, and refuses what must not or cannot be uploaded. */

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
  /** In the order of the patterns, and by path within each. */
  readonly files: readonly SourceFile[];
  /** Directories that a glob matched while it matched nothing inside them. */
  readonly leftOutDirectories: readonly string[];
}

/** Where files may be taken from. */
export interface Places {
  /** What relative paths start from. */
  readonly workingDirectory: string;
  /** The clone's root, if there is a clone. */
  readonly cloneDirectory?: string | undefined;
}

/** Enough to keep the thread pool busy, and far from any limit on open files. */
const maxOpenFiles = 32;

/** Never uploaded: other pipes' data, and a repository's history with the credentials in its configuration. */
const forbiddenDirectories: ReadonlySet<string> = new Set(['.bitbucket', '.git']);

/**
 * Finds the files, each of them once. Two of them may have the same base name.
 *
 * @throws InputError naming everything that is wrong: a pattern without a match, a directory, a special file,
 *   an unreadable file, a path outside of the clone and the working directory
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
  /** The pattern is itself a path that exists, whatever characters it holds. */
  readonly isLiteral: boolean;
}

async function matchAll(patterns: ArrayValue, workingDirectory: string): Promise<readonly Match[]> {
  if (patterns.form === 'items') return await matchEach(patterns.items, workingDirectory);
  const whole = await matchOne(patterns.text, workingDirectory);
  // As atlassian/bitbucket-upload-file reads it, but only where the text as a whole is no path and no glob that matches.
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
    const target = real === absolute ? '' : ` (it is ${printable(real)})`;
    return {
      kind: 'problem',
      problem: `${shown} is outside of ${roots.map(printable).join(' and ')}${target}: only files of the build are published. Copy it there first`,
    };
  }
  if (isForbidden(absolute) || isForbidden(real)) {
    return { kind: 'problem', problem: `${shown} is inside of .git or .bitbucket, of which nothing is ever uploaded` };
  }
  if (stats.isDirectory()) return { kind: 'directory' };
  if (!stats.isFile()) return { kind: 'problem', problem: `${shown} is ${specialKind(stats)}, not a regular file` };
  try {
    await (await open(absolute, 'r')).close();
  } catch {
    return { kind: 'problem', problem: `${shown} may not be read by this user: check its permissions` };
  }
  return {
    kind: 'file',
    file: { path, absolutePath: absolute, size: Number(stats.size), fingerprint: fingerprintOf(stats) },
  };
}

async function unreachableReason(path: string, error: unknown): Promise<string> {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EACCES') return 'may not be reached by this user: check the permissions of its directories';
  if (code === 'ELOOP') return 'is a symbolic link that leads back to itself';
  if (code !== 'ENOENT') return message;
  if (path.includes('\uFFFD')) return 'its name is not valid UTF-8: rename it';
  return (await exists(path)) ? 'is a symbolic link to something that does not exist here' : 'no longer exists';
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
  // One that lies in the other adds nothing, also not to the message.
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
  if (isForbidden(pattern)) return `${shown} is inside of .git or .bitbucket, of which nothing is ever uploaded`;
  const outside =
    pattern.startsWith('/') && relative(workingDirectory, pattern).startsWith('..')
      ? '. A pipe runs in a container of its own: of the build it sees only the clone directory'
      : '';
  return `${shown} matches no file in ${printable(workingDirectory)}${outside}`;
}
