/** Compares what a repository has with what is to be published: a release is never replaced, and never sent twice. */

import type { Log } from '../../toolkit/log.ts';
import { HttpError, PipeError } from '../../errors.ts';
import type { MavenClient } from './client.ts';
import { type Algorithm, algorithms, type Checksums } from './checksums.ts';

/** A released version that is in the repository with other contents. */
export class VersionConflictError extends PipeError {
  override readonly name = 'VersionConflictError';
}

/** What is to be in the repository. */
export interface WantedFile {
  readonly path: string;
  readonly name: string;
  readonly size: number;
  checksums(): Promise<Checksums>;
}

/** The very same file is there, but for some of its checksum files. */
export interface Present {
  readonly missing: readonly Algorithm[];
}

/**
 * @returns undefined where nothing is there
 * @throws VersionConflictError where something else is there
 */
export async function compareStored(client: MavenClient, wanted: WantedFile): Promise<Present | undefined> {
  const { path, name, size } = wanted;
  const stored = await client.find(path, name);
  if (stored === undefined) return undefined;
  const ours = await wanted.checksums();
  const theirs = await readChecksums(client, wanted);
  for (const algorithm of ['sha256', 'sha512', 'sha1', 'md5'] as const) {
    const value = theirs[algorithm];
    if (value !== undefined && value !== ours[algorithm])
      throw new VersionConflictError(`${name}: there with ${algorithm} ${value}, here with ${ours[algorithm]}`);
  }
  const missing = algorithms.filter((algorithm) => theirs[algorithm] === undefined);
  // MD5 alone proves nothing.
  if (missing.length === algorithms.length || (missing.length === algorithms.length - 1 && theirs.md5 !== undefined)) {
    if (stored.size !== undefined && stored.size !== size)
      throw new VersionConflictError(
        `${name}: there with ${stored.size} bytes, here with ${size} and sha256 ${ours.sha256}`,
      );
    const sha256 = stored.sha256 ?? (await client.hash(path, name))?.sha256;
    // What is told of and cannot be read is not there: a cache remembers what has been deleted.
    if (sha256 === undefined) return undefined;
    if (sha256 !== ours.sha256)
      throw new VersionConflictError(`${name}: there with sha256 ${sha256}, here with ${ours.sha256}`);
  }
  return { missing };
}

/** Publishes checksum files, and knows which kinds the repository does not take. */
export class ChecksumPublisher {
  readonly #client: MavenClient;
  readonly #log: Log;
  readonly #refused = new Set<Algorithm>();

  constructor(client: MavenClient, log: Log) {
    this.#client = client;
    this.#log = log;
  }

  async publish(
    { path, name }: Pick<WantedFile, 'path' | 'name'>,
    checksums: Checksums,
    kinds: readonly Algorithm[] = algorithms,
  ): Promise<void> {
    const wanted = kinds.filter((algorithm) => !this.#refused.has(algorithm));
    // Together: one after the other, four small requests take longer than most files.
    const results = await Promise.allSettled(
      wanted.map(async (algorithm) => await this.#publishOne(path, name, algorithm, checksums[algorithm])),
    );
    const failure = results.find((result) => result.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
  }

  async #publishOne(path: string, name: string, algorithm: Algorithm, value: string): Promise<void> {
    try {
      await this.#client.putText(`${path}.${algorithm}`, `${name}.${algorithm}`, value);
    } catch (error) {
      if (!isPolicy(error)) throw error;
      // Some repositories make them by themselves, and some take only the first two, which alone Maven 3 publishes.
      if ((await this.#client.readChecksum(path, name, algorithm)) === value) return;
      if (algorithm === 'md5' || algorithm === 'sha1') throw error;
      this.#refused.add(algorithm);
      this.#log.warning(`The repository takes no .${algorithm} files, and Maven needs none: ${error.message}`);
    }
  }
}

/** Whether a refusal may be for what is asked, rather than for who asks, or when. */
export function isPolicy(error: unknown): error is HttpError {
  return error instanceof HttpError && [400, 403, 404, 405, 409, 412, 415, 422].includes(error.refusal.status);
}

async function readChecksums(
  client: MavenClient,
  { path, name }: WantedFile,
): Promise<Readonly<Partial<Record<Algorithm, string>>>> {
  const read = async (algorithm: Algorithm): Promise<readonly [Algorithm, string | undefined]> => [
    algorithm,
    await client.readChecksum(path, name, algorithm),
  ];
  const found = await Promise.all(algorithms.map(read));
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}
