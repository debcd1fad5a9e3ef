/** Finds the files that match the user's paths and globs, and rejects those that must not or cannot be uploaded. */

import { realpath } from 'node:fs/promises';
import { basename, dirname, join, normalize } from 'node:path';
import { InputError } from '../errors.ts';
import { exists } from './exists.ts';
import { correctionAdvice, inspect, type RealDirectory, type RealFile } from './inspect-path.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { matchAll } from './match-patterns.ts';
import { isForbidden, isInside } from './paths.ts';
import type { SourceFile } from './source-file.ts';
import { whyNoMatch } from './why-no-match.ts';
import type { ArrayValue } from '../toolkit/environment.ts';
import type { OwnFile } from '../toolkit/results.ts';
import { printable } from '../toolkit/stdout.ts';

export interface Selection {
  /** In the order of the patterns; the matches of each pattern are sorted by path. */
  readonly files: readonly SourceFile[];
  /** Directories that a glob matches, and in which no file was selected. */
  readonly leftOutDirectories: readonly string[];
  /** Patterns of one string that match nothing, although others match. */
  readonly warnings: readonly string[];
}

/** What else is selected, or only once. */
export interface SelectionRules {
  /**
   * Whether a file with several names, which are links to it, is selected under each base name: then several files may have the
   * same base name. Otherwise it is selected once.
   */
  readonly underEachName?: boolean;
  /** The variable or option that the patterns are from. Default: FILENAME. */
  readonly name?: string;
  /** Whether directories are selected like files. */
  readonly withDirectories?: boolean;
  /**
   * Whether directories are selected for what is in them, which `selectTree` lists: patterns may exclude a part of it, what the
   * run itself writes is left out, and a file that several paths lead to is selected under each.
   */
  readonly withTrees?: boolean;
  /** The option that patterns with `!` are from. Default: they are among the others. */
  readonly exclusionName?: string | undefined;
}

/** The directories that files may be selected from. */
export interface Places {
  /** The base of relative paths. */
  readonly workingDirectory: string;
  /** The root of the clone, if there is one. */
  readonly cloneDirectory?: string | undefined;
  /** The files that the run writes, which cannot be published. */
  readonly ownFiles?: readonly OwnFile[];
  /** Is told what each pattern matches. */
  readonly debug?: (message: string) => void;
}

/** Keeps the thread pool busy, and is far below any limit on open files. */
const maxOpenFiles = 32;

/**
 * Finds the files. A pattern that begins with `!` excludes files and directories, unless a path of that name exists.
 *
 * @throws InputError naming every problem: a pattern without a match, a directory, a special file,
 *   an unreadable file or directory, a path outside the clone and the working directory, the run's own output
 */
export async function selectFiles(
  patterns: ArrayValue,
  places: Places,
  rules: Omit<SelectionRules, 'withDirectories' | 'withTrees'> = {},
): Promise<Selection> {
  const { found, leftOutDirectories, warnings } = await selectPaths(patterns, places, rules);
  return { leftOutDirectories, warnings, files: found.flatMap((each) => (each.kind === 'file' ? [each.file] : [])) };
}

/** What `selectPaths` finds. */
interface SelectedPaths extends Omit<Selection, 'files'> {
  readonly found: readonly (RealFile | RealDirectory)[];
  /** Whether a pattern with `!` excludes the path. */
  readonly excluded: (path: string) => boolean;
  /** The globs of those patterns, without `!`. */
  readonly exclusions: readonly string[];
}

/** The files and, if they are wanted, the directories. @throws InputError as `selectFiles` */
export async function selectPaths(
  patterns: ArrayValue,
  places: Places,
  {
    underEachName = false,
    withTrees = false,
    withDirectories = withTrees,
    name = 'FILENAME',
    exclusionName,
  }: SelectionRules,
): Promise<SelectedPaths> {
  const { workingDirectory } = places;
  const problems: string[] = [];
  const unmatched: string[] = [];
  let isMissing = false;
  const roots = await realRoots(places);
  const ownFiles = await realOwnFiles(places);
  const selected = new Map<string, RealFile | RealDirectory>();
  const directories = new Map<string, string>();
  const { matches, excluded, exclusions, isWordList } = await matchAll(patterns, { workingDirectory, roots });
  for (const { pattern, paths, isLiteral, isExclusive, problems: patternProblems } of matches) {
    problems.push(...patternProblems);
    let usable = patternProblems.length;
    const leftOut: string[] = [];
    const wanted = paths.filter((path) => !excluded(path));
    places.debug?.(`${name}: ${printable(pattern)} matches ${wanted.length === 0 ? 'nothing' : listPaths(wanted)}`);
    const inspected = await mapConcurrently(wanted, maxOpenFiles, (path) => inspect(path, workingDirectory, roots));
    for (const [index, found] of inspected.entries()) {
      const path = wanted[index] ?? '';
      // `**` has matched what is in the directories, and leaves out names that begin with a dot.
      const isWanted = withDirectories && (isLiteral || !withTrees || !/\*\*\/*\s*$/.test(pattern));
      const isSelected = found.kind === 'file' || (isWanted && found.kind === 'directory');
      if (isSelected) {
        const isTree = withTrees && found.kind === 'directory';
        const own = isTree ? undefined : ownFiles.find(({ real }) => isInside(real, found.real));
        if (own !== undefined) {
          if (!isLiteral && found.kind === 'file' && (await own.isExpendable())) {
            leftOut.push(`${printable(path)}, which the run writes itself (${own.name})`);
            continue;
          }
          problems.push(ownFileProblem(path, found.kind, own));
        }
        const partial = exclusions.find(
          (glob) => found.kind === 'directory' && !isTree && isInsideLiterally(glob, path),
        );
        if (partial !== undefined)
          problems.push(
            `${printable(`!${partial}`)} excludes a part of ${printable(path)}, which is published as a whole: leave it out`,
          );
        // Hard links are files of their own: neither name is the original, so to leave one out would be a guess.
        const key = withTrees ? found.absolutePath : underEachName ? `${found.real}\0${basename(path)}` : found.real;
        selected.set(key, preferred(selected.get(key), found));
      } else if (found.kind === 'directory' && !isLiteral) directories.set(path, found.real);
      else problems.push(found.kind === 'directory' ? directoryProblem(path) : found.problem);
      if (isSelected || found.kind === 'problem') usable++;
    }
    if (usable > 0 || isLiteral || (paths.length > 0 && wanted.length === 0)) continue;
    const problem =
      leftOut.length > 0
        ? `${printable(pattern)} matches only ${leftOut.join(', ')}`
        : isExclusive
          ? `${printable(pattern)} excludes files: name the files to publish as well`
          : inspected.some(({ kind }) => kind === 'directory')
            ? `${printable(pattern)} matches only directories: name the files in them, as in ${printable(pattern).replace(/\/+$/, '')}/*`
            : await noMatchProblem(pattern);
    (isWordList ? unmatched : problems).push(problem);
  }
  async function noMatchProblem(pattern: string): Promise<string> {
    if (pattern.trim() === '') return 'an empty path matches no file';
    const shown = printable(pattern);
    if (isForbidden(pattern)) return `${shown} is inside .git or .bitbucket, whose contents are never uploaded`;
    const why = await whyNoMatch(pattern, workingDirectory);
    isMissing ||= why.isMissing;
    return `${shown} matches no file in ${printable(workingDirectory)}${why.text}`;
  }

  if (selected.size === 0) {
    problems.push(...unmatched);
    // A list with a mistake in it, such as a missing quote, is read as a name.
    if (patterns.form === 'string' && /^\s*\[.*\]\s*$/s.test(patterns.value))
      problems.push("an array of names is written as a YAML flow sequence: ['a', 'b c']");
  }
  const isAllExcluded = selected.size === 0 && problems.length === 0;
  if (isAllExcluded) problems.push(`every file that matches is excluded by ${exclusionName ?? 'a pattern with !'}`);
  if (problems.length > 0)
    throw new InputError(problems, {
      advice: isMissing
        ? missingAdvice(name)
        : correctionAdvice(problems, (isAllExcluded ? exclusionName : undefined) ?? name),
    });
  const found = [...selected.values()];
  const isLeftOut = ([, real]: readonly [string, string]): boolean => !found.some((each) => isInside(each.real, real));
  return {
    found,
    excluded,
    exclusions,
    leftOutDirectories: [...directories].filter(isLeftOut).map(([path]) => path),
    warnings: unmatched,
  };
}

/** Whether all that the glob matches is inside the directory, by the part before its first `*` and the like. */
function isInsideLiterally(glob: string, directory: string): boolean {
  return glob.replace(/[*?[{].*$/s, '').startsWith(`${normalize(directory).replace(/\/$/, '')}/`);
}

/** Of several names, a file's own comes before that of a link. */
function preferred(
  first: RealFile | RealDirectory | undefined,
  second: RealFile | RealDirectory,
): RealFile | RealDirectory {
  const hasOwnName = ({ path, real }: RealFile | RealDirectory): boolean => basename(path) === basename(real);
  return first === undefined || (!hasOwnName(first) && hasOwnName(second)) ? second : first;
}

function ownFileProblem(path: string, kind: 'file' | 'directory', { name }: OwnFile): string {
  return kind === 'file'
    ? `${printable(path)} is also the file of ${name}, which would overwrite it: write the results to another file`
    : `${name} writes into ${printable(path)}, which is to be published: write the results somewhere else`;
}

/** The first paths of a selection, for messages. */
export function listPaths(paths: readonly string[]): string {
  const shown = paths.slice(0, 5).map(printable);
  return paths.length > shown.length ? `${shown.join(', ')}, …` : shown.join(', ');
}

function directoryProblem(path: string): string {
  const shown = printable(path.replace(/\/+$/, ''));
  return `${shown} is a directory: name its files, as in ${shown}/* or ${shown}/**, or pack it first`;
}

/** What to do about a file that may not have been built. @param name the variable or option that it is from */
export function missingAdvice(name: string): string {
  return `Correct ${name}, or build the file first, in the same step; files of an earlier step are here only if that step lists them under artifacts. To see what is here, run "find . -type f" before the pipe.`;
}

/** The real paths of the directories that files may be selected from. */
export async function realRoots({ workingDirectory, cloneDirectory }: Places): Promise<readonly string[]> {
  const roots = [await realpath(workingDirectory)];
  if (cloneDirectory !== undefined && (await exists(cloneDirectory))) roots.push(await realpath(cloneDirectory));
  // A root inside the other one is redundant, in the message too.
  return [...new Set(roots)].filter((root) => !roots.some((other) => other !== root && isInside(root, other)));
}

/** A file that the run writes, by its real path. */
export type RealOwnFile = OwnFile & { readonly real: string };

/** The files that the run writes. They may not exist yet, but their directories do, or nothing can match. */
export async function realOwnFiles({ ownFiles = [] }: Places): Promise<readonly RealOwnFile[]> {
  return await Promise.all(
    ownFiles.map(async (file) => {
      const directory = await realpath(dirname(file.path)).catch(() => dirname(file.path));
      const real = await realpath(file.path).catch(() => join(directory, basename(file.path)));
      return { ...file, real };
    }),
  );
}
