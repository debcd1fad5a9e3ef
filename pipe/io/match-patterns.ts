/** Reads patterns: paths, globs and exclusions, of an array or of one string, and finds what they match. */

import { relative, resolve } from 'node:path';
import type { ArrayValue } from '../toolkit/environment.ts';
import { printable } from '../toolkit/stdout.ts';
import { expandBraces, hasSpacedAlternatives, maxGlobCharacters } from './braces.ts';
import { exists } from './exists.ts';
import { findPaths, type GlobOptions, matchesOrIsInside } from './glob.ts';
import { forbiddenDirectories, isForbidden, isInside } from './paths.ts';

/** A pattern, and the paths that it matches. */
export interface Match {
  readonly pattern: string;
  readonly paths: readonly string[];
  /** The pattern is an existing path, even if it contains glob characters. */
  readonly isLiteral: boolean;
  /** There is nothing but patterns that exclude, and this is one of them. */
  readonly isExclusive?: boolean;
  readonly problems: readonly string[];
}

/** The matches of all patterns, and what the exclusions among them say. */
export interface Matches {
  readonly matches: readonly Match[];
  /** Whether a pattern with `!` excludes the path. */
  readonly excluded: (path: string) => boolean;
  /** The globs of those patterns, without `!`. */
  readonly exclusions: readonly string[];
  /** The patterns are the lines or words of one string: some of them may match nothing. */
  readonly isWordList: boolean;
}

export interface MatchPlaces {
  readonly workingDirectory: string;
  /** Real paths of the directories that links may lead to. */
  readonly roots: readonly string[];
}

/** The matches of each pattern. @throws InputError if a pattern has too many alternatives in braces */
export async function matchAll(patterns: ArrayValue, places: MatchPlaces): Promise<Matches> {
  if (patterns.form === 'items') return { ...(await matchEach(patterns.items, places)), isWordList: false };
  const items = await splitText(patterns.value, places);
  return { ...(await matchEach(items, places)), isWordList: items.length > 1 };
}

/**
 * One string is one pattern if it matches as a whole. Otherwise its lines are patterns, and a line that matches nothing
 * is split at white space, as atlassian/bitbucket-upload-file does; but not within the braces of a glob.
 */
async function splitText(text: string, places: MatchPlaces): Promise<readonly string[]> {
  const parts = /\S\s*[\r\n]\s*\S/.test(text)
    ? text.split(/[\r\n]+/)
    : hasSpacedAlternatives(text)
      ? [text]
      : text.split(/\s+/);
  const patterns = parts.filter((part) => part.trim() !== '');
  if (patterns.length < 2) return [text];
  const whole = await matchOne(text, places, () => false);
  if (whole.paths.length > 0 && (whole.isLiteral || !isExclusion(text))) return [text];
  const split: string[] = [];
  for (const pattern of patterns) split.push(...(await splitText(pattern, places)));
  return split;
}

async function matchEach(
  patterns: readonly string[],
  places: MatchPlaces,
): Promise<Pick<Matches, 'matches' | 'excluded' | 'exclusions'>> {
  const { workingDirectory } = places;
  const included: string[] = [];
  const exclusions: string[] = [];
  for (const pattern of patterns) {
    const isExcluding = isExclusion(pattern) && (await literalPath(pattern, workingDirectory)) === undefined;
    (isExcluding ? exclusions : included).push(pattern);
  }
  const excludedGlobs = exclusions.flatMap((pattern) =>
    expandBraces(relative(workingDirectory, resolve(workingDirectory, pattern.trim().slice(1)))),
  );
  const excluded = (path: string): boolean => {
    const ownPath = relative(workingDirectory, resolve(workingDirectory, path));
    return excludedGlobs.some((glob) => matchesOrIsInside(ownPath, glob));
  };
  const matches: Match[] = [];
  for (const pattern of included) matches.push(await matchOne(pattern, places, excluded));
  if (included.length === 0) matches.push(...exclusions.map((pattern) => ({ ...noMatch, pattern, isExclusive: true })));
  return { matches, excluded, exclusions: excludedGlobs };
}

function isExclusion(pattern: string): boolean {
  return /^\s*![^(]/.test(pattern);
}

const noMatch = { paths: [], isLiteral: false, problems: [] } as const;

async function literalPath(pattern: string, workingDirectory: string): Promise<string | undefined> {
  for (const path of [pattern, pattern.trim()]) {
    // With the slash, only a directory exists.
    const absolutePath = resolve(workingDirectory, path);
    if (await exists(path.endsWith('/') ? `${absolutePath}/` : absolutePath)) return path;
  }
  return undefined;
}

async function matchOne(
  pattern: string,
  { workingDirectory, roots }: MatchPlaces,
  isExcluded: (path: string) => boolean,
): Promise<Match> {
  if (pattern.trim() === '' || pattern.includes('\0')) return { ...noMatch, pattern };
  // A long list of names in one string: it is split next.
  if (pattern.length > maxGlobCharacters) return { ...noMatch, pattern };
  const literal = await literalPath(pattern, workingDirectory);
  if (literal !== undefined) return { ...noMatch, pattern, paths: [literal], isLiteral: true };
  const options: GlobOptions = {
    workingDirectory,
    forbiddenNames: forbiddenDirectories,
    mayFollow: (real) => !isForbidden(real) && roots.some((root) => isInside(real, root)),
    isExcluded,
  };
  const paths = new Set<string>();
  const problems: string[] = [];
  const isSpaced = hasSpacedAlternatives(pattern);
  for (const glob of expandBraces(pattern.trim())) {
    const found = await findPaths(glob, options);
    for (const path of found.paths) paths.add(path);
    for (const path of found.unreadable)
      problems.push(
        `${printable(path)} is a directory that this user cannot read: check its permissions, or exclude it`,
      );
    if (isSpaced && found.paths.length === 0)
      problems.push(
        `${printable(pattern)} stands for ${printable(glob)} too, which matches no file: write the braces without spaces, as in {a,b}`,
      );
  }
  // With no match at all, the pattern itself is reported.
  if (paths.size === 0 && isSpaced) return { ...noMatch, pattern };
  return { pattern, paths: [...paths].sort(), isLiteral: false, problems: [...new Set(problems)] };
}
