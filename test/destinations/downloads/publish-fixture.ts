/** Writes files to a working directory, and shows what landed in Downloads and how many requests that took. */

import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Fixture, useSandbox } from '../../run-pipe.ts';

export interface PublishFixture {
  readonly fixture: Fixture;
  /** Writes a file to the working directory. @returns the content's SHA-256 */
  readonly write: (name: string, content?: Buffer | string) => Promise<string>;
  /** The SHA-256 of each download on the server, by name. */
  readonly landed: () => Readonly<Record<string, string>>;
  readonly requests: (method: string) => number;
}

/** Larger than the system's socket buffers, so that both sides see a fault in the middle. */
export const large = Buffer.alloc(12 * 1024 * 1024, 'pipe');

export function usePublishFixture(): PublishFixture {
  const fixture = useSandbox();
  return {
    fixture,
    write: async (name, content = name) => {
      const path = join(fixture.directory, name);
      await mkdir(join(path, '..'), { recursive: true });
      await writeFile(path, content);
      return createHash('sha256').update(content).digest('hex');
    },
    landed: () => Object.fromEntries([...fixture.sandbox.downloads.values()].map(({ name, sha256 }) => [name, sha256])),
    requests: (method) => fixture.sandbox.requests.filter((request) => request.method === method).length,
  };
}
