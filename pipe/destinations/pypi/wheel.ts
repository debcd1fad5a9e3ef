/**
 * Reads a wheel: its metadata, and each of its files, whose hashes RECORD must list.
 *
 * @see https://packaging.python.org/en/latest/specifications/binary-distribution-format/
 */

import { expandsTooFar, expansionLimit } from '../../archive/expansion-limit.ts';
import { withZipMembers, ZipError, type ZipMember } from '../../archive/zip.ts';
import { InputError } from '../../errors.ts';
import { createHashes } from '../../io/hashes.ts';
import type { SourceFile } from '../../io/source-file.ts';
import { printable } from '../../toolkit/stdout.ts';
import { isSameRelease, type NameAndVersion, readingsOf } from './names.ts';
import { type RecordedFile, readRecord } from './record.ts';

/** The largest known METADATA has 1 MB, the largest RECORD 3 MB. */
const maxMetadataBytes = 4 * 1024 * 1024;
const maxRecordBytes = 16 * 1024 * 1024;
/** So many problems of a wheel are listed one by one. */
const maxListed = 5;

/** Files that sign RECORD, and RECORD itself, are not in it. */
const unrecorded = ['RECORD', 'RECORD.jws', 'RECORD.p7s'];

/**
 * Reads a wheel, and compares each of its files with RECORD.
 *
 * @param readings the name and version in its file name
 * @returns the content of METADATA
 * @throws InputError if it is not a ZIP archive, is damaged, expands to more than any package, has a path that leads out of it or
 *   two files of one path, lacks METADATA, WHEEL or RECORD, or has other files than RECORD lists
 */
export async function readWheel(file: SourceFile, readings: readonly NameAndVersion[]): Promise<Buffer> {
  const name = printable(file.path);
  try {
    return await withZipMembers(
      file,
      () => true,
      async (members) => {
        const files = filesByPath(members, name);
        const total = members.reduce((sum, { size }) => sum + size, 0);
        if (total > expansionLimit(file.size)) throw expandsTooFar(file.size, name);
        const directory = infoDirectory(files, readings, name);
        const read = async (part: string, maxBytes: number): Promise<Buffer> => {
          const member = files.get(`${directory}/${part}`);
          if (member === undefined)
            throw new InputError(`${name} has no ${printable(directory)}/${part}: build the wheel anew`);
          return await member.read(maxBytes);
        };
        const metadata = await read('METADATA', maxMetadataBytes);
        checkWheelVersion(await read('WHEEL', maxMetadataBytes), name);
        const where = `${name}: RECORD`;
        const record = readRecord(await read('RECORD', maxRecordBytes), where);
        const own = new Set(unrecorded.map((part) => `${directory}/${part}`));
        const problems = [...missingFiles(files, record, own), ...(await differences(files, record, own))];
        if (problems.length > 0) throw new InputError(listed(problems, where));
        return metadata;
      },
    );
  } catch (error) {
    if (!(error instanceof ZipError)) throw error;
    throw new InputError(`${name} is not a wheel that can be installed: ${error.message}`, { cause: error });
  }
}

function filesByPath(members: readonly ZipMember[], name: string): ReadonlyMap<string, ZipMember> {
  const files = new Map<string, ZipMember>();
  for (const member of members) {
    const { path } = member;
    if (path.startsWith('/') || path.includes('\\') || path.split('/').includes('..'))
      throw new InputError(`${name} has an entry ${printable(path)}, which leads out of the package`);
    if (path.endsWith('/')) continue;
    if (files.has(path))
      throw new InputError(`${name} has two files ${printable(path)}, and installers differ in which one they use`);
    files.set(path, member);
  }
  return files;
}

/** `name-version.dist-info`, the only one at the top. */
function infoDirectory(
  files: ReadonlyMap<string, ZipMember>,
  readings: readonly NameAndVersion[],
  name: string,
): string {
  const suffix = '.dist-info';
  const tops = new Set([...files.keys()].map((path) => path.slice(0, Math.max(0, path.indexOf('/')))));
  const [directory, ...others] = [...tops].filter((top) => top.endsWith(suffix));
  if (directory === undefined) throw new InputError(`${name} has no ${suffix} directory, so it is not a wheel`);
  if (others.length > 0)
    throw new InputError(
      `${name} has several ${suffix} directories: ${[directory, ...others].map(printable).join(', ')}`,
    );
  const own = readingsOf(directory.slice(0, -suffix.length));
  if (!own.some((reading) => readings.some((wanted) => isSameRelease(reading, wanted))))
    throw new InputError(
      `${name} has ${printable(directory)}, which is not the name and version of the file: build the wheel anew, and do not rename it`,
    );
  return directory;
}

/** An installer must refuse a wheel of a higher major version than it knows. */
function checkWheelVersion(wheel: Buffer, name: string): void {
  const version = /^Wheel-Version:\s*(\S+)/m.exec(wheel.toString('utf8'))?.[1];
  if (version === undefined || !/^1\.\d+$/.test(version))
    throw new InputError(`${name} has the Wheel-Version ${JSON.stringify(version ?? '')}, but installers know 1.0`);
}

function missingFiles(
  files: ReadonlyMap<string, ZipMember>,
  record: ReadonlyMap<string, RecordedFile>,
  own: ReadonlySet<string>,
): readonly string[] {
  return [...record.keys()]
    .filter((path) => !files.has(path) && !own.has(path))
    .map((path) => `${printable(path)} is listed, but not in the wheel`);
}

async function differences(
  files: ReadonlyMap<string, ZipMember>,
  record: ReadonlyMap<string, RecordedFile>,
  own: ReadonlySet<string>,
): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const [path, member] of files) {
    const recorded = record.get(path);
    if (own.has(path)) continue;
    if (recorded?.hash === undefined) {
      problems.push(
        `${printable(path)} is in the wheel, but ${recorded === undefined ? 'not listed' : 'listed without a hash'}`,
      );
      continue;
    }
    const { algorithm, hex } = recorded.hash;
    const hashes = createHashes([algorithm]);
    for await (const chunk of member.open()) hashes.update(chunk);
    const actual = hashes.digest()[algorithm];
    if (actual !== hex) problems.push(`${printable(path)} has ${algorithm} ${actual}, but is listed with ${hex}`);
    else if (recorded.size !== undefined && recorded.size !== member.size)
      problems.push(`${printable(path)} has ${member.size} bytes, but is listed with ${recorded.size}`);
  }
  return problems;
}

function listed(problems: readonly string[], where: string): readonly string[] {
  const rest = problems.length - maxListed;
  return [
    `${where} does not match the files of the wheel: build it anew, and change nothing in it`,
    ...problems.slice(0, maxListed).map((problem) => `${where}: ${problem}`),
    ...(rest > 0 ? [`${where}: and ${rest} more such files`] : []),
  ];
}
