/** The whole plan of an upload to Downloads, as data, before the first byte is sent. */

import { basename } from 'node:path';
import { packTemporarily } from '../../archive/pack/pack-temporarily.ts';
import { windowsWarnings } from '../../archive/pack/windows-names.ts';
import { InputError } from '../../errors.ts';
import type { SourceFile } from '../../io/source-file.ts';
import type { FileSettings } from './settings.ts';
import { printable } from '../../toolkit/stdout.ts';
import { type Places, selectFiles } from '../../io/select-files.ts';

/** The list that `--checksums` uploads, in the format of sha256sum(1). */
export const checksumsName = 'SHA256SUMS';

/** The file with the checksum of one download, for `--checksums=each`. */
export function checksumName(name: string): string {
  return `${name}.sha256`;
}

export interface PlannedFile {
  readonly source: SourceFile;
  /** The download's name. */
  readonly name: string;
}

/** What is to be uploaded. */
export interface DownloadsPlan {
  readonly files: readonly PlannedFile[];
  readonly totalBytes: number;
  readonly leftOutDirectories: readonly string[];
  /** Parts of FILENAME that match nothing. */
  readonly warnings: readonly string[];
  /** What is in the archive, if the files were packed. */
  readonly packed?: { readonly fileCount: number } | undefined;
  /** Releases what the plan holds. */
  readonly close?: () => Promise<void>;
}

type PlanSettings = Pick<FileSettings, 'patterns' | 'rename' | 'checksums' | 'pack'>;

/**
 * The files that FILENAME matches, each with the name that it will have among the downloads; or the archive that they are packed
 * into.
 *
 * @throws InputError if FILENAME matches nothing, or if the files cannot be published under their names, or packed
 * @throws FileChangedError if a file changes while it is packed; the signal's reason if it aborts
 */
export async function planDownloads(
  settings: PlanSettings,
  places: Places,
  signal: AbortSignal,
): Promise<DownloadsPlan> {
  if (settings.pack === undefined) return await planFiles(settings, places);
  const { name, format } = settings.pack;
  checkOwnChecksums([name], settings);
  const { file, tree, close } = await packTemporarily(settings.patterns, places, { ...settings.pack, signal });
  return {
    files: [{ source: file, name }],
    totalBytes: file.size,
    leftOutDirectories: [],
    // Tar archives are seldom unpacked there.
    warnings: [...tree.warnings, ...(format === 'zip' || format === 'nupkg' ? windowsWarnings(tree, name) : [])],
    packed: { fileCount: tree.files.length },
    close,
  };
}

async function planFiles(settings: PlanSettings, places: Places): Promise<DownloadsPlan> {
  const { files, leftOutDirectories, warnings } = await selectFiles(settings.patterns, places, {
    underEachName: true,
  });
  checkNames(files);
  if (settings.rename !== undefined && files.length !== 1) {
    throw new InputError(
      `--name renames one file, but FILENAME matches ${files.length}: name just one file, or leave --name out`,
    );
  }
  const planned = files.map((source) => ({ source, name: settings.rename ?? basename(source.path) }));
  // Form parsers drop everything before a backslash, because old browsers sent whole Windows paths, and accept no control
  // character in a header except escaped line breaks.
  const unsendable = planned.filter(({ name }) => /\\|(?![\r\n])\p{Cc}/u.test(name)).map(({ name }) => printable(name));
  if (unsendable.length > 0) {
    throw new InputError(
      `${unsendable.join(', ')}: a download cannot have a backslash or a control character in its name: rename the file, or give --name`,
    );
  }
  checkOwnChecksums(
    planned.map(({ name }) => name),
    settings,
  );
  return { files: planned, totalBytes: files.reduce((sum, file) => sum + file.size, 0), leftOutDirectories, warnings };
}

/** @throws InputError if `--checksums` would upload a file of the same name */
function checkOwnChecksums(names: readonly string[], { checksums }: PlanSettings): void {
  const own = new Set(checksums === 'list' ? [checksumsName] : checksums === 'each' ? names.map(checksumName) : []);
  const taken = names.find((name) => own.has(name));
  if (taken !== undefined)
    throw new InputError(
      `--checksums uploads its own ${printable(taken)}, but FILENAME also matches one: leave one of them out`,
    );
}

/** @throws InputError if two files have the same base name: Downloads has no directories, so one would replace the other */
function checkNames(files: readonly SourceFile[]): void {
  const problems = [...Map.groupBy(files, ({ path }) => basename(path))]
    .filter(([, same]) => same.length > 1)
    .map(
      ([name, same]) =>
        `${same.map(({ path }) => printable(path)).join(' and ')} would all become the download ${printable(name)}: rename all but one`,
    );
  if (problems.length > 0) throw new InputError(problems);
}
