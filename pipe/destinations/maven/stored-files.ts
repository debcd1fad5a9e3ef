/** Compares stored files with those to publish: a release is never replaced, and never sent twice. */

import type { Log } from '../../toolkit/log.ts';
import { HttpError, PipeError } from '../../errors.ts';
import { findRefused, isConflict, mayRefuseContent, type ReadBack } from '../../http/read-back.ts';
import type { MavenClient, StoredFile } from './client.ts';
import { type Algorithm, algorithms } from './algorithms.ts';
import { type Checksums } from './checksums.ts';

/** A released version is stored with different content. */
export class VersionConflictError extends PipeError {
  override readonly name = 'VersionConflictError';
}

/** One error for several. It has advice of its own only if all of them have the same. @param message default: a line for each */
export function joinConflicts(
  conflicts: readonly VersionConflictError[],
  message: string | readonly string[] = conflicts.map((conflict) => conflict.message),
): VersionConflictError {
  const [advice, ...others] = new Set(conflicts.map((conflict) => conflict.advice));
  return new VersionConflictError(message, { advice: others.length === 0 ? advice : undefined });
}

const damagedAdvice =
  'The stored file is damaged or replaced: its checksum files are right, but its content is not. Have those who run the repository delete the file, then run the step again; or publish a new version.';

/** A file to publish. */
export interface WantedFile {
  /** Relative to the repository, encoded. */
  readonly path: string;
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /** The checksum files that it gets. */
  readonly algorithms: readonly Algorithm[];
  checksums(): Promise<Checksums>;
}

/** An identical file is already stored, perhaps without some of its checksum files, or with damaged ones. */
export interface IdenticalFile {
  /** The kinds of checksum files to publish. */
  readonly lackingChecksums: readonly Algorithm[];
}

/**
 * Compares the stored file with the one to publish: by checksum files, which tell what was sent, and then by content, which may
 * have been damaged since. That costs one request, and the bytes of the file, only if the repository names no digest.
 *
 * @returns undefined if nothing is stored
 * @throws VersionConflictError if a different file is stored
 */
export async function compareStored(client: MavenClient, wanted: WantedFile): Promise<IdenticalFile | undefined> {
  const { path, name, size } = wanted;
  const stored = await client.find(path, name);
  if (stored === undefined) return undefined;
  const local = await wanted.checksums();
  const remote = await readChecksums(client, wanted);
  const conflict = otherChecksum(name, remote, local);
  // MD5 alone does not tell that the file was sent as it is here.
  const wasSent =
    conflict === undefined && [remote.sha1, remote.sha256, remote.sha512].some((value) => value !== undefined);
  // Checksum files say what was sent. What is stored may be a part of it.
  if (stored.size !== undefined && stored.size !== size)
    throw (
      conflict ??
      differs(
        `${name}: the repository has ${stored.size} bytes, the local file has ${size} bytes and sha256 ${local.sha256}`,
        wasSent,
      )
    );
  try {
    // If the content is right, a checksum file that differs is damaged.
    if ((await holdsContent(client, wanted, local, stored, wasSent)) === true)
      return { lackingChecksums: wanted.algorithms.filter((algorithm) => remote[algorithm] !== local[algorithm]) };
  } catch (error) {
    throw conflict ?? error;
  }
  // A file that is listed but cannot be read is gone: a cache may still list a deleted file.
  if (conflict !== undefined) throw conflict;
  return undefined;
}

/** The first checksum file that says that something else was sent; undefined if none does. */
function otherChecksum(
  name: string,
  remote: Readonly<Partial<Checksums>>,
  local: Checksums,
): VersionConflictError | undefined {
  for (const algorithm of ['sha256', 'sha512', 'sha1', 'md5'] as const) {
    const value = remote[algorithm];
    if (value !== undefined && value !== local[algorithm])
      return new VersionConflictError(
        `${name}: the repository has ${algorithm} ${value}, the local file has ${local[algorithm]}`,
      );
  }
  return undefined;
}

/**
 * Whether the repository has exactly these bytes, whatever the checksum files beside them say: they may be from another
 * publisher, while the file is not. Reads the whole file, unless the repository names its digest.
 *
 * @param found what the repository says of the file
 * @param wasSent whether checksum files say that it was once these bytes
 * @returns undefined if the repository does not show the file
 * @throws VersionConflictError if it has other bytes
 */
export async function holdsContent(
  client: MavenClient,
  { path, name }: WantedFile,
  own: Checksums,
  found: StoredFile | undefined,
  wasSent = false,
): Promise<true | undefined> {
  if (found === undefined) return undefined;
  if ([own.sha1, own.sha256, own.sha512].some((digest) => found.digests?.includes(digest) === true)) return true;
  const read = async (): Promise<string | undefined> => (await client.hash(path, name))?.sha256;
  let sha256 = found.sha256 ?? (await read());
  // Read twice: what arrived damaged once is not another's.
  if (sha256 !== undefined && sha256 !== own.sha256) sha256 = await read();
  if (sha256 === undefined) return undefined;
  if (sha256 === own.sha256) return true;
  throw differs(`${name}: the repository has sha256 ${sha256}, the local file has ${own.sha256}`, wasSent);
}

/** @param wasSent whether checksum files say that the stored file was once the local one, so that it is damaged */
function differs(difference: string, wasSent: boolean): VersionConflictError {
  return wasSent
    ? new VersionConflictError(`${difference}, as its checksum files say`, { advice: damagedAdvice })
    : new VersionConflictError(difference);
}

/** Publishes checksum files, and remembers which kinds the repository does not accept. */
export class ChecksumPublisher {
  readonly #client: MavenClient;
  readonly #log: Log;
  readonly #readBack: ReadBack;
  readonly #refused = new Set<Algorithm>();

  constructor(client: MavenClient, log: Log, readBack: ReadBack) {
    this.#client = client;
    this.#log = log;
    this.#readBack = readBack;
  }

  /** Publishes the checksum files of a file, except the kinds that the repository does not accept. */
  async publish(
    { path, name }: Pick<WantedFile, 'path' | 'name'>,
    checksums: Checksums,
    kinds: readonly Algorithm[] = algorithms,
  ): Promise<void> {
    const wanted = kinds.filter((algorithm) => !this.#refused.has(algorithm));
    // At the same time: four small requests in sequence would take longer than most files.
    const results = await Promise.allSettled(
      wanted.map(async (algorithm) => await this.#publishOne(path, name, algorithm, checksums[algorithm])),
    );
    const failure = results.find((result) => result.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
  }

  /** Publishes again the checksum files that are another publisher's; those that are not there stay away. */
  async repair(wanted: WantedFile, checksums: Checksums): Promise<void> {
    const found = await readChecksums(this.#client, wanted);
    const wrong = wanted.algorithms.filter(
      (algorithm) => found[algorithm] !== undefined && found[algorithm] !== checksums[algorithm],
    );
    await this.publish(wanted, checksums, wrong);
  }

  async #publishOne(path: string, name: string, algorithm: Algorithm, value: string): Promise<void> {
    try {
      await this.#client.replace(`${path}.${algorithm}`, `${name}.${algorithm}`, value);
    } catch (error) {
      if (!isPolicyRefusal(error)) throw error;
      // Some repositories make these files themselves, and some accept only MD5 and SHA-1, the two that Maven 3 publishes.
      const read = async (): Promise<string | undefined> => await this.#client.readChecksum(path, name, algorithm);
      if ((await findRefused(isConflict(error), read, this.#readBack)) === value) return;
      if (algorithm === 'md5' || algorithm === 'sha1') throw error;
      this.#refused.add(algorithm);
      this.#log.warning(
        `The repository does not accept .${algorithm} files, which Maven does not need: ${error.message}`,
      );
    }
  }
}

/** Whether the repository may have refused the file itself, rather than the account or the moment. */
export function isPolicyRefusal(error: unknown): error is HttpError {
  return mayRefuseContent(error) || (error instanceof HttpError && [404, 501].includes(error.refusal.status));
}

async function readChecksums(
  client: MavenClient,
  wanted: WantedFile,
): Promise<Readonly<Partial<Record<Algorithm, string>>>> {
  const read = async (algorithm: Algorithm): Promise<readonly [Algorithm, string | undefined]> => [
    algorithm,
    await client.readChecksum(wanted.path, wanted.name, algorithm),
  ];
  const found = await Promise.all(wanted.algorithms.map(read));
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}
