/** Explains why a pattern matches no file, by what it looks like and by what is there. */

import { readdir } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { nearestName } from '../toolkit/nearest-name.ts';
import { printable } from '../toolkit/stdout.ts';
import { unexpandedName } from '../toolkit/unexpanded.ts';
import { hasSpacedAlternatives } from './braces.ts';
import { exists } from './exists.ts';
import { matches } from './glob.ts';
import { listNearby, type Nearby } from './list-nearby.ts';

const maxListed = 5;

export interface WhyNoMatch {
  /** What follows "PATTERN matches no file in DIRECTORY". */
  readonly text: string;
  /** The pattern may be right, and the file is not there. */
  readonly isMissing: boolean;
}

/** A likely cause, or else what is there. @param wanted what is suggested */
export async function whyNoMatch(
  pattern: string,
  workingDirectory: string,
  wanted: 'files' | 'directories' = 'files',
): Promise<WhyNoMatch> {
  const trimmed = pattern.trim();
  const cause = howItIsWritten(trimmed) ?? (await whatIsMeant(trimmed, workingDirectory, wanted));
  if (cause !== undefined) return { text: cause, isMissing: false };
  const path = relative(workingDirectory, resolve(workingDirectory, trimmed));
  return { text: await whatIsThere(path, workingDirectory), isMissing: true };
}

async function whatIsMeant(
  trimmed: string,
  workingDirectory: string,
  wanted: 'files' | 'directories',
): Promise<string | undefined> {
  if (trimmed.startsWith('/') && relative(workingDirectory, trimmed).startsWith('..'))
    return '. A pipe runs in its own container, which sees only the clone directory';
  const path = relative(workingDirectory, resolve(workingDirectory, trimmed));
  if (trimmed.endsWith('/') && (await exists(resolve(workingDirectory, trimmed))))
    return `: ${printable(path)} is not a directory. Leave out the slash at the end`;
  const found = await listNearby(workingDirectory);
  const nearby = wanted === 'files' ? found : { files: found.directories, directories: [] };
  // The build has failed to fill it, whatever is elsewhere.
  if (isGlob(path) && (await listOf(resolve(workingDirectory, parentOf(path)))) === '') return undefined;
  const meant = isGlob(path) ? globMeant(path, nearby) : pathMeant(path, nearby);
  if (meant !== undefined)
    return `: did you mean ${printable(meant)}?${matches(meant.toLowerCase(), path.toLowerCase()) ? ' Upper and lower case differ' : ''}`;
  return undefined;
}

/** A cause that shows in the pattern itself. */
function howItIsWritten(pattern: string): string | undefined {
  const reference = unexpandedName(pattern);
  if (reference !== undefined)
    return `: $${reference} was not expanded. Is ${reference} defined for this repository, workspace or deployment, or earlier in this step?`;
  if (/^(["']).*\1$/.test(pattern)) return ': the quotation marks are part of the name. Leave them out';
  if (/^[A-Za-z]:[\\/]/.test(pattern))
    return ': the pipe runs in a Linux container, which has no drives. Write a path relative to the clone, with /';
  if (pattern.includes('\\'))
    return `: the pipe runs on Linux. Write / instead of \\, as in ${printable(pattern.replaceAll('\\', '/'))}`;
  if (hasSpacedAlternatives(pattern)) return '. Write the braces without spaces, as in {a,b}';
  if (/[^,],\s*[^,\s]/.test(pattern.replaceAll(/\{[^}]*\}/g, 'x')) || /^[^{]*,$/.test(pattern))
    return ': the comma is part of the name. Write several names as an array';
  return undefined;
}

function isGlob(pattern: string): boolean {
  return /[*?[{]/.test(pattern);
}

function pathMeant(path: string, { files, directories }: Nearby): string | undefined {
  const all = [...files, ...directories];
  const lower = path.toLowerCase();
  const name = lastOf(path);
  return (
    all.find((other) => other.toLowerCase() === lower) ??
    files.find((other) => lastOf(other) === name) ??
    files.find((other) => lastOf(other).toLowerCase() === name.toLowerCase()) ??
    nearestName(path, all) ??
    files.find((other) => nearestName(name, [lastOf(other)]) !== undefined)
  );
}

/** The same glob in another directory that has such files. */
function globMeant(glob: string, { files, directories }: Nearby): string | undefined {
  const name = lastOf(glob);
  const isAnyName = /^\*+$/.test(name);
  const found =
    files.find((other) => matches(other.toLowerCase(), glob.toLowerCase())) ??
    files.find((other) => !isAnyName && matches(lastOf(other), name));
  if (found !== undefined) {
    const isHere = matches(found.toLowerCase(), glob.toLowerCase());
    return isHere ? found : `${found.slice(0, found.length - lastOf(found).length)}${name}`;
  }
  const parent = parentOf(glob);
  if (parent === '' || isGlob(parent) || directories.includes(parent)) return undefined;
  const directory = nearestName(parent, directories);
  return directory === undefined ? undefined : `${directory}/${name}`;
}

/** What is in the deepest directory that the pattern names. */
async function whatIsThere(path: string, workingDirectory: string): Promise<string> {
  const segments = path.split('/').slice(0, -1);
  const firstGlob = segments.findIndex(isGlob);
  const named = firstGlob === -1 ? segments : segments.slice(0, firstGlob);
  let directory = '';
  for (const segment of named) {
    const next = directory === '' ? segment : `${directory}/${segment}`;
    if (!(await exists(resolve(workingDirectory, next)))) {
      const list = await listOf(resolve(workingDirectory, directory));
      return `: there is no directory ${printable(next)}${list === undefined || list === '' ? '' : `, only ${list}`}`;
    }
    directory = next;
  }
  const list = await listOf(resolve(workingDirectory, directory));
  if (list === undefined) return `: ${printable(directory)} is not a directory that can be read`;
  if (directory === '') return list === '' ? ', which is empty' : `, which has only ${list}`;
  return list === '' ? `: ${printable(directory)} is empty` : `: ${printable(directory)} has only ${list}`;
}

/** The first entries of a directory; undefined if it cannot be read. */
async function listOf(directory: string): Promise<string | undefined> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return undefined;
  const names = entries.map((entry) => printable(`${entry.name}${entry.isDirectory() ? '/' : ''}`)).sort();
  const more = names.length - maxListed;
  return `${names.slice(0, maxListed).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function parentOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
}
