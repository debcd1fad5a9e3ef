/** Makes the package of a run from files: in OUTPUT_PATH if that is set, otherwise in a temporary file. */

import { realpath } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { PackFormat } from '../../archive/pack/format.ts';
import type { PackedFile } from '../../archive/pack/pack-file.ts';
import { type PackageIdentity, parsePackageName } from '../../archive/pack/package-name.ts';
import { packTemporarily } from '../../archive/pack/pack-temporarily.ts';
import { windowsWarnings } from '../../archive/pack/windows-names.ts';
import { InputError } from '../../errors.ts';
import { exists } from '../../io/exists.ts';
import { correctionAdvice, inspect } from '../../io/inspect-path.ts';
import { missingAdvice, type Places, realRoots } from '../../io/select-files.ts';
import { whyNoMatch } from '../../io/why-no-match.ts';
import type { ArrayValue } from '../../toolkit/environment.ts';
import { printable } from '../../toolkit/stdout.ts';
import { checkOutputPath, isPart, keepPackage, type Output } from './output-path.ts';

/** A directory to pack, and the files in it that count. */
interface SourceDirectory {
  readonly sourcePath: string;
  /** Globs, relative to the directory; none if all of it is packed. */
  readonly includes: readonly string[];
  readonly excludes: readonly string[];
}

/** A package that the run makes. */
export interface PackageToPack {
  readonly identity: PackageIdentity;
  readonly format: PackFormat;
  /** A directory, or FILENAME. */
  readonly files: SourceDirectory | ArrayValue;
  /** As the user wrote it. */
  readonly outputPath: string | undefined;
  /** Of every file in it, in milliseconds since 1970. */
  readonly time: number;
}

/** A package that has been made. */
export interface MadePackage extends PackedFile {
  readonly fileCount: number;
  readonly warnings: readonly string[];
  /** The path in OUTPUT_PATH, as the user would write it; undefined if that is not set. */
  readonly outputFile: string | undefined;
  /** Copies the package to OUTPUT_PATH, if that is set. @throws InputError if it cannot be written, or exists with other content */
  readonly keep: (overwrites: boolean) => Promise<void>;
  /** Removes temporary files. */
  readonly close: () => Promise<void>;
}

/** `ID.VERSION.FORMAT` */
export function packageFileName({
  identity: { id, version },
  format,
}: Pick<PackageToPack, 'identity' | 'format'>): string {
  return `${id}.${version}.${format}`;
}

/**
 * Packs the files.
 *
 * @throws InputError as `packTemporarily`, or if SOURCE_PATH is not a directory of the build, or OUTPUT_PATH cannot be written to
 * @throws FileChangedError if a file changes meanwhile; the signal's reason if it aborts
 */
export async function packPackage(wanted: PackageToPack, places: Places, signal: AbortSignal): Promise<MadePackage> {
  const name = packageFileName(wanted);
  const output = outputOf(wanted, places);
  if (output !== undefined) await checkOutputPath(output);
  const { patterns, where, variable, exclusionName } = await selectionOf(wanted.files, places);
  const isLeftOut = await earlierPackages(output?.directory, wanted.identity);
  const packed = await packTemporarily(patterns, where, {
    ...wanted,
    name,
    signal,
    isLeftOut,
    variable,
    exclusionName,
  });
  const { tree } = packed;
  return {
    ...packed,
    fileCount: tree.files.length,
    // Many deployment targets run Windows, whatever the format.
    warnings: [...tree.warnings, ...windowsWarnings(tree, name)],
    outputFile: output?.outputFile,
    async keep(overwrites) {
      if (output !== undefined) await keepPackage(output, packed, { overwrites, places });
    },
  };
}

function outputOf(wanted: PackageToPack, { workingDirectory }: Places): Output | undefined {
  const { outputPath } = wanted;
  if (outputPath === undefined) return undefined;
  const name = packageFileName(wanted);
  // A path that begins with ./ shows that it is one, and `join` would drop that.
  const outputFile = `${outputPath.replace(/\/+$/, '')}/${name}`;
  return { directory: resolve(workingDirectory, outputPath), outputPath, outputFile, name };
}

async function selectionOf(
  files: SourceDirectory | ArrayValue,
  places: Places,
): Promise<{
  readonly patterns: ArrayValue;
  readonly where: Places;
  readonly variable: string;
  readonly exclusionName?: string;
}> {
  if (!('sourcePath' in files)) return { patterns: files, where: places, variable: 'FILENAME' };
  const { sourcePath, includes, excludes } = files;
  const { workingDirectory, cloneDirectory = workingDirectory } = places;
  if (!(await exists(resolve(places.workingDirectory, sourcePath)))) throw await missingSource(sourcePath, places);
  const found = await inspect(sourcePath, workingDirectory, await realRoots(places));
  const advice = 'Correct SOURCE_PATH accordingly.';
  if (found.kind === 'problem')
    throw new InputError(`SOURCE_PATH: ${found.problem}`, { advice: correctionAdvice([found.problem], 'SOURCE_PATH') });
  if (found.kind === 'file')
    throw new InputError(`SOURCE_PATH: ${printable(sourcePath)} is a file, not a directory`, { advice });
  const kept = includes.length === 0 ? ['.'] : includes.map((glob) => (/^\*\*(?:\/\*)?$/.test(glob) ? '.' : glob));
  const items = [...kept, ...excludes.map((glob) => `!${glob}`)];
  return {
    patterns: { form: 'items', items },
    where: { ...places, workingDirectory: found.real, cloneDirectory },
    exclusionName: '--exclude',
    variable: includes.length === 0 ? 'SOURCE_PATH' : '--include (relative to SOURCE_PATH)',
  };
}

async function missingSource(sourcePath: string, { workingDirectory }: Places): Promise<InputError> {
  const { text, isMissing } = await whyNoMatch(sourcePath, workingDirectory, 'directories');
  const problem = `SOURCE_PATH: ${printable(sourcePath)} does not exist in ${printable(workingDirectory)}${text}`;
  return new InputError(problem, {
    advice: isMissing ? missingAdvice('SOURCE_PATH') : correctionAdvice([problem], 'SOURCE_PATH'),
  });
}

/** Packages of earlier runs in OUTPUT_PATH, which may be inside SOURCE_PATH: packed in turn, they would change every package. */
async function earlierPackages(
  directory: string | undefined,
  { id }: PackageIdentity,
): Promise<(realPath: string) => boolean> {
  const real = directory === undefined ? undefined : await realpath(directory).catch(() => directory);
  return (path) => dirname(path) === real && (parsePackageName(basename(path))?.id === id || isPart(basename(path)));
}
