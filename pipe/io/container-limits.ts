/** Reads what a container may use of its machine: Linux control groups, version 1 and 2. */

import { readFileSync } from 'node:fs';

/** Undefined if there is no limit. */
export interface ContainerLimits {
  /** May be a fraction. */
  readonly processors: number | undefined;
  /** Bytes. */
  readonly memory: number | undefined;
}

/** @returns the content of a file; undefined if it cannot be read */
type Read = (path: string) => string | undefined;

const root = '/sys/fs/cgroup';

/**
 * The smallest limits of this process's group and of all groups around it that can be seen.
 *
 * @see https://docs.kernel.org/admin-guide/cgroup-v2.html and, for version 1, cgroups(7)
 */
export function containerLimits(read: Read = readFile): ContainerLimits {
  const processors: number[] = [];
  const memory: number[] = [];
  // Lines of `ID:CONTROLLERS:PATH`; version 2 has one, with ID 0 and no controllers.
  for (const line of (read('/proc/self/cgroup') ?? '').split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    const names = controllers.split(',');
    for (const group of upwards(path)) {
      if (controllers === '') {
        processors.push(quotient(read(`${root}${group}/cpu.max`)));
        memory.push(Number.parseInt(read(`${root}${group}/memory.max`) ?? '', 10));
      }
      // A container's own groups are its root, but the path may be the one outside.
      if (names.includes('cpu')) {
        const directory = `${root}/cpu${group}`;
        processors.push(quotient(`${read(`${directory}/cpu.cfs_quota_us`)} ${read(`${directory}/cpu.cfs_period_us`)}`));
      }
      if (names.includes('memory'))
        memory.push(Number.parseInt(read(`${root}/memory${group}/memory.limit_in_bytes`) ?? '', 10));
    }
  }
  return { processors: least(processors), memory: least(memory) };
}

/** `/a/b` as `/a/b`, `/a` and the root, which is empty. */
function upwards(path: string): readonly string[] {
  const names = path.split('/').filter((name) => name !== '');
  return [...names.keys(), names.length].map((count) =>
    names
      .slice(0, count)
      .map((name) => `/${name}`)
      .join(''),
  );
}

/** Of `QUOTA PERIOD`; NaN if the quota is `max`, or -1 in version 1. */
function quotient(text = ''): number {
  const [quota = Number.NaN, period = Number.NaN] = text.trim().split(' ').map(Number);
  return quota > 0 ? quota / period : Number.NaN;
}

/** Without a limit, version 1 states the largest number of pages. */
const unlimited = 2 ** 60;

function least(limits: readonly number[]): number | undefined {
  const valid = limits.filter((limit) => limit > 0 && limit < unlimited);
  return valid.length === 0 ? undefined : Math.min(...valid);
}

function readFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
