/** Files in a working directory, what of them lands in Downloads, and by how many requests. */

import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Fixture, useSandbox } from '../../run-pipe.ts';

export interface PublishFixture {
  readonly fixture: Fixture;
  /** Into the working directory. @returns the content's SHA-256 */
  readonly write: (name: string, content?: Buffer | string) => Promise<string>;
  /** What the server holds, by name. */
  readonly landed: () => Readonly<Record<string, string>>;
  readonly requests: (method: string) => number;
}

/** More than the system's buffers take, so that a fault in the middle is one for both sides. */
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
