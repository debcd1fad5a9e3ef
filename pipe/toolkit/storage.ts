/** The directories in which pipes of one pipeline leave data for each other, as Atlassian's toolkit lays them out. */

import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Environment } from './environment.ts';

const sharedFile = '_shared_variables.json';

/** Writes a file whole or not at all, and makes its directory where it is missing. */
export async function writeWhole(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const stats = await stat(path).catch(() => undefined);
  if (stats !== undefined && !stats.isFile()) {
    // A device, such as /dev/stdout, is written to; renaming would put a file in its place.
    await writeFile(path, content);
    return;
  }
  const temporary = join(dirname(path), `.${randomUUID()}.tmp`);
  await writeFile(temporary, content);
  await rename(temporary, path);
}

/** This pipe's own directory, `BITBUCKET_PIPE_STORAGE_DIR`. */
export function pipeStorageDirectory(env: Environment): string | undefined {
  return env['BITBUCKET_PIPE_STORAGE_DIR'] || undefined;
}

/** A value that another pipe, or an earlier run, shared; undefined where there is none. */
export async function readShared(env: Environment, name: string): Promise<unknown> {
  const all = await readAllShared(env);
  return Object.hasOwn(all, name) ? all[name] : undefined;
}

/** Shares a value with the pipes that run later in the same pipeline. Returns false outside Pipelines. */
export async function writeShared(env: Environment, name: string, value: unknown): Promise<boolean> {
  const directory = env['BITBUCKET_PIPE_SHARED_STORAGE_DIR'];
  if (!directory) return false;
  const all = { ...(await readAllShared(env)), [name]: value };
  await writeWhole(join(directory, sharedFile), JSON.stringify(all));
  return true;
}

async function readAllShared(env: Environment): Promise<Readonly<Record<string, unknown>>> {
  const directory = env['BITBUCKET_PIPE_SHARED_STORAGE_DIR'];
  if (!directory) return {};
  try {
    const content = JSON.parse(await readFile(join(directory, sharedFile), 'utf8')) as unknown;
    return typeof content === 'object' && content !== null ? (content as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
