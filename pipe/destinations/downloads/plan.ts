/** The whole plan of an upload to Downloads, as data, before the first byte is sent. */

import { basename } from 'node:path';
import { InputError } from '../../errors.ts';
import type { SourceFile } from '../../io/source-file.ts';
import type { FileSettings } from './settings.ts';
import { printable } from '../../toolkit/stdout.ts';
import { selectFiles, type Surroundings } from '../../io/select-files.ts';

/** The name of the list that `--checksums` adds, in the format of sha256sum(1). */
export const checksumsName = 'SHA256SUMS';

export interface PlannedFile {
  readonly source: SourceFile;
  /** The download's name. */
  readonly name: string;
}

export interface DownloadsPlan {
  readonly files: readonly PlannedFile[];
  readonly totalBytes: number;
  readonly leftOutDirectories: readonly string[];
}

/** @throws InputError where the files cannot be what the user means */
export async function planDownloads(settings: FileSettings, surroundings: Surroundings): Promise<DownloadsPlan> {
  const { files, leftOutDirectories } = await selectFiles(settings.patterns, surroundings);
  if (settings.rename !== undefined && files.length !== 1) {
    throw new InputError(
      `--name renames one file, and FILENAME matches ${files.length}: name just one, or leave --name out`,
    );
  }
  const planned = files.map((source) => ({ source, name: settings.rename ?? basename(source.path) }));
  // Form parsers cut off what stands before a backslash, for the sake of old browsers that sent whole Windows paths,
  // and take no control character in a header but the escaped line breaks.
  const unsendable = planned.filter(({ name }) => /\\|(?![\r\n])\p{Cc}/u.test(name)).map(({ name }) => printable(name));
  if (unsendable.length > 0) {
    throw new InputError(
      `${unsendable.join(', ')}: a download cannot have a backslash or a control character in its name: rename the file, or give --name`,
    );
  }
  if (settings.withChecksums && planned.some(({ name }) => name === checksumsName)) {
    throw new InputError(
      `--checksums uploads a ${checksumsName} of its own, and FILENAME matches one too: leave one of them out`,
    );
  }
  return { files: planned, totalBytes: files.reduce((sum, file) => sum + file.size, 0), leftOutDirectories };
}
