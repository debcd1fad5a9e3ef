/** Plans the publication of directories in repository layout, as `mvn deploy` and Gradle leave them for a later upload. */

import { dirname } from 'node:path/posix';
import { InputError } from '../../errors.ts';
import { readWhole } from '../../io/bounded-read.ts';
import type { Places } from '../../io/select-files.ts';
import { fileBody, type SourceFile } from '../../io/source-file.ts';
import { printable } from '../../toolkit/stdout.ts';
import { type Metadata, readMetadata } from './metadata.ts';
import { type StagedPlan, planStaged } from './plan-staged.ts';
import type { MavenPlan } from './planned.ts';
import type { SelectedDirectories } from './select-all.ts';
import { findWrongChecksums } from './staged-checksums.ts';
import { listStaged, type StagedFiles } from './staged-files.ts';
import { maxXmlBytes, XmlError } from './xml.ts';

const maxRecordBytes = 64 * 1024;

/**
 * Plans all that the directories have. Their metadata tells only in which order versions were added; what is published is
 * merged with the repository's.
 *
 * @throws InputError naming all problems: files that are not in the layout, wrong checksums, POMs of other artifacts
 * @throws FileChangedError if a file changes while it is read
 */
export async function planDirectories(
  { directories, problems: given, warnings }: SelectedDirectories,
  places: Places,
): Promise<MavenPlan> {
  const problems = [...given];
  let advice: string | undefined;
  const collect = async <T>(work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      advice ??= error.advice;
      problems.push(...error.message.split('\n'));
      return undefined;
    }
  };
  const artifacts: StagedPlan[] = [];
  const taken = new Map<string, string>();
  for (const directory of directories) {
    const staged = await collect(listStaged(directory, places));
    if (staged === undefined) continue;
    problems.push(...(await findDownloads(staged)), ...(await findWrongChecksums(staged)));
    for (const [key, version] of staged.versions) {
      const other = taken.get(key);
      if (other !== undefined) problems.push(`${printable(other)} and ${printable(version.path)} are the same version`);
      taken.set(key, version.path);
    }
    artifacts.push(...(await planVersions(staged, collect)));
  }
  if (problems.length > 0) throw new InputError(problems, { advice });
  return {
    artifacts,
    directories: directories.map(({ path }) => path),
    totalBytes: artifacts.flatMap(({ files }) => files).reduce((sum, { size }) => sum + size, 0),
    warnings: [...warnings, ...artifacts.flatMap((artifact) => artifact.warnings)],
  };
}

/** By path, but versions of one artifact in the order of its metadata, as Maven has deployed them. */
async function planVersions(
  { versions, metadata }: StagedFiles,
  collect: <T>(work: Promise<T>) => Promise<T | undefined>,
): Promise<readonly StagedPlan[]> {
  const planned: StagedPlan[] = [];
  const read = async (source: SourceFile | undefined): Promise<Metadata | undefined> =>
    source && (await collect(readListed(source)));
  for (const [directory, group] of Map.groupBy(versions, ([key]) => dirname(key))) {
    const listed = (await read(metadata.get(directory)))?.versions ?? [];
    // A version that is not listed was there before those that are.
    const inOrder = group.toSorted(
      ([, a], [, b]) => listed.indexOf(a.coordinates.version) - listed.indexOf(b.coordinates.version),
    );
    for (const [key, version] of inOrder) {
      const artifact = await collect(planStaged(version, await read(metadata.get(key))));
      if (artifact !== undefined) planned.push(artifact);
    }
  }
  return planned;
}

/** @throws InputError if the file is not valid metadata */
async function readListed(source: SourceFile): Promise<Metadata> {
  const where = printable(source.path);
  const bytes = await readWhole(fileBody(source).open(), maxXmlBytes);
  if (bytes === undefined) throw new InputError(`${where} is not valid Maven metadata: it is too large`);
  try {
    return readMetadata(bytes);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw new InputError(`${where} is not valid Maven metadata: ${error.message}`, { cause: error });
  }
}

/** A local repository also has what Maven has downloaded, by its records: `app-1.0.jar>central=`. */
async function findDownloads({ downloads }: StagedFiles): Promise<readonly string[]> {
  for (const record of downloads) {
    const bytes = await readWhole(fileBody(record).open(), maxRecordBytes);
    if (bytes !== undefined && !/>[^=\s]+=/.test(bytes.toString('latin1'))) continue;
    return [
      `${printable(record.path)} says that Maven has downloaded files into this directory: publish one that only "mvn deploy" or Gradle has written to`,
    ];
  }
  return [];
}
