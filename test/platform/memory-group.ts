/** A cgroup that limits the memory of the processes in it, where this machine lets us make one (version 1 of cgroups). */

import { existsSync } from 'node:fs';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const root = '/sys/fs/cgroup/memory';

export interface MemoryGroup {
  /** As processes join it: by writing their ID there. */
  readonly procsPath: string;
  /** As the Docker Engine names it. */
  readonly name: string;
  /** How often a process was killed or had to wait for memory, and the most that was used, page cache included. */
  read(): Promise<{ readonly kills: number; readonly peakBytes: number }>;
  /** Only once all its processes have ended. */
  remove(): Promise<void>;
}

/** @returns undefined if this machine has no such cgroups, or lets us make none */
export async function makeMemoryGroup(name: string, bytes: number): Promise<MemoryGroup | undefined> {
  const directory = join(root, name);
  if (!existsSync(join(root, 'memory.limit_in_bytes'))) return undefined;
  try {
    await mkdir(directory);
    await writeFile(join(directory, 'memory.limit_in_bytes'), String(bytes));
  } catch {
    return undefined;
  }
  const numberIn = async (file: string, pattern: RegExp): Promise<number> =>
    Number(pattern.exec(await readFile(join(directory, file), 'utf8'))?.[1] ?? 0);
  return {
    procsPath: join(directory, 'cgroup.procs'),
    name: `/${name}`,
    read: async () => ({
      kills: await numberIn('memory.oom_control', /^oom_kill (\d+)$/m),
      peakBytes: await numberIn('memory.max_usage_in_bytes', /^(\d+)$/m),
    }),
    // The kernel may still be busy with it, which does no harm.
    remove: async () => await rmdir(directory).catch(() => undefined),
  };
}
