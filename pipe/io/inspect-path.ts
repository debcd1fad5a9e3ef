/** Finds out what a path is, and whether it may be published. */

import type { BigIntStats } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { InputError } from '../errors.ts';
import { permissionAdvice } from '../toolkit/file-system-advice.ts';
import { printable } from '../toolkit/stdout.ts';
import { exists } from './exists.ts';
import { isForbidden, isInside } from './paths.ts';
import { fingerprintOf, type SourceFile } from './source-file.ts';
import { whenFilesMayOpen } from './when-files-may-open.ts';

interface RealPath {
  readonly path: string;
  readonly absolutePath: string;
  /** The path without links. */
  readonly real: string;
}

/** A file that can be read. */
export interface RealFile extends RealPath {
  readonly kind: 'file';
  readonly file: SourceFile;
  /** By its owner. */
  readonly isExecutable: boolean;
}

/** A directory. */
export interface RealDirectory extends RealPath {
  readonly kind: 'directory';
}

/** A file, a directory, or the reason why the path cannot be published. */
export type Found = RealFile | RealDirectory | { readonly kind: 'problem'; readonly problem: string };

/**
 * Inspects a path. Only what is inside one of the roots, whose paths are real, can be published.
 *
 * @param knownReal the path without links, if the caller knows that it has none
 */
export async function inspect(
  path: string,
  workingDirectory: string,
  roots: readonly string[],
  knownReal?: string,
): Promise<Found> {
  const shown = printable(path);
  const absolutePath = resolve(workingDirectory, path);
  let stats: BigIntStats;
  let real: string;
  try {
    stats = await stat(absolutePath, { bigint: true });
    real = knownReal ?? (await realpath(absolutePath));
  } catch (error) {
    return { kind: 'problem', problem: `${shown}: ${await unreachableReason(absolutePath, error)}` };
  }
  if (!roots.some((root) => isInside(real, root))) {
    const target = real === absolutePath ? '' : ` (it resolves to ${printable(real)})`;
    return {
      kind: 'problem',
      problem: `${shown} is outside ${roots.map(printable).join(' and ')}${target}: only the build's own files can be published. Copy it there first`,
    };
  }
  if (isForbidden(absolutePath) || isForbidden(real)) {
    return { kind: 'problem', problem: `${shown} is inside .git or .bitbucket, whose contents are never uploaded` };
  }
  if (stats.isDirectory()) return { kind: 'directory', path, absolutePath, real };
  if (!stats.isFile()) return { kind: 'problem', problem: `${shown} is ${specialKind(stats)}, not a regular file` };
  try {
    await (await whenFilesMayOpen(shown, async () => await open(absolutePath, 'r'))).close();
  } catch (error) {
    if (error instanceof InputError) return { kind: 'problem', problem: error.message };
    const { code = '', message } = error as NodeJS.ErrnoException;
    const isForbiddenHere = code === 'EACCES' || code === 'EPERM';
    return {
      kind: 'problem',
      problem: `${shown} ${isForbiddenHere ? 'cannot be read by this user: check its permissions' : `cannot be read: ${message}`}`,
    };
  }
  const file: SourceFile = { path, absolutePath, size: Number(stats.size), fingerprint: fingerprintOf(stats) };
  return { kind: 'file', path, absolutePath, real, file, isExecutable: (stats.mode & 0o100n) !== 0n };
}

/** What to do about problems with paths. @param variable names the variable or option that they are from */
export function correctionAdvice(problems: readonly string[], variable: string): string {
  return problems.every((problem) => /\bthis user\b/.test(problem))
    ? permissionAdvice
    : `Correct ${variable} accordingly.`;
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
