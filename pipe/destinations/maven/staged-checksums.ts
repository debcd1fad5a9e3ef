/** Compares the checksum files of a directory in repository layout with its files. */

import { createHashes } from '../../io/hashes.ts';
import { mapConcurrently } from '../../io/map-concurrently.ts';
import { readThrough } from '../../io/observed-body.ts';
import { fileBody } from '../../io/source-file.ts';
import { readStart } from '../../io/bounded-read.ts';
import { printable } from '../../toolkit/stdout.ts';
import { type Algorithm, algorithms } from './algorithms.ts';
import { parseChecksum } from './checksums.ts';
import type { StagedFiles } from './staged-files.ts';

/** One file is hashed while another is read. Hashing is serial, so more readers would only take memory. */
const maxReaders = 2;
const maxChecksumBytes = 16 * 1024;

/**
 * The checksum files that do not match, or whose file is missing. Each file that has one is read as a whole.
 *
 * @returns a problem for each of them
 * @throws FileChangedError if a file changes while it is read
 */
export async function findWrongChecksums({ sources, checksums }: StagedFiles): Promise<readonly string[]> {
  const byFile = Map.groupBy(checksums, ([path]) => path.replace(/\.[^.]*$/, ''));
  const problems = await mapConcurrently([...byFile], maxReaders, async ([path, own]) => {
    const source = sources.get(path);
    const shown = own.map(([, { path: shownPath }]) => printable(shownPath));
    if (source === undefined) return [`${shown.join(' and ')}: the file is missing`];
    const kinds = own.map(([checksumPath]) => algorithmOf(checksumPath));
    const hashes = (await readThrough(fileBody(source), createHashes(kinds))).digest();
    return await Promise.all(
      own.map(async ([, file], index) => {
        const kind = kinds[index] ?? 'md5';
        const text = (await readStart(fileBody(file).open(), maxChecksumBytes)).toString('latin1');
        const stated = parseChecksum(text, kind);
        if (stated === undefined) return `${shown[index]} has no ${kind} checksum in it`;
        return stated === hashes[kind]
          ? undefined
          : `${shown[index]} says ${stated}, but ${printable(source.path)} has ${kind} ${hashes[kind]}`;
      }),
    );
  });
  return problems.flat().filter((problem) => problem !== undefined);
}

function algorithmOf(path: string): Algorithm {
  return algorithms.find((algorithm) => path.endsWith(`.${algorithm}`)) ?? 'md5';
}
