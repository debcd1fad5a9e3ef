/** Maven repositories for many steps at once, and what they hold in the end. */

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startNginxRepository } from '../integration/nginx-repository.ts';
import type { MavenOptions } from '../sandbox/maven-repository.ts';
import { startSandbox } from '../sandbox/sandbox.ts';

export interface StartedRepository {
  /** Ends with a slash. */
  readonly url: string;
  /** By path below the repository. */
  files(): Promise<ReadonlyMap<string, Buffer>>;
  /** Requests that no correct client would send. */
  readonly violations: readonly string[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** The sandbox's repository, or nginx, which ignores conditions. @param directory for nginx */
export async function startRepository(kind: MavenOptions | 'nginx', directory: string): Promise<StartedRepository> {
  if (kind !== 'nginx') {
    const sandbox = await startSandbox({ maven: { authentication: 'none', ...kind } });
    return {
      url: sandbox.mavenUrl,
      files: async () =>
        new Map(
          await Promise.all(
            [...sandbox.maven.files].map(async ([path, file]) => [path, await file.content()] as const),
          ),
        ),
      violations: sandbox.violations,
      [Symbol.asyncDispose]: async () => await sandbox.close(),
    };
  }
  const nginx = await startNginxRepository(directory);
  return {
    url: nginx.url,
    files: async () => {
      const entries = await readdir(nginx.content, { recursive: true, withFileTypes: true });
      const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
      return new Map(
        await Promise.all(
          paths.map(async (path) => [path.slice(nginx.content.length + 1), await readFile(path)] as const),
        ),
      );
    },
    violations: [],
    [Symbol.asyncDispose]: async () => await nginx.close(),
  };
}
