/** Lists the files and directories in a directory and below, for suggestions: a limited number, and none that may not be published. */

import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';

export interface Nearby {
  /** Relative to the directory, those that are nearest to it first. */
  readonly files: readonly string[];
  readonly directories: readonly string[];
}

/** A suggestion is not worth reading more. */
const maxEntries = 5_000;
const maxDepth = 8;

/** Leaves out names that begin with a dot, and what is in node_modules: nobody looks for what they publish there. */
export async function listNearby(directory: string): Promise<Nearby> {
  const files: string[] = [];
  const directories: string[] = [];
  let level = [''];
  for (let depth = 0; depth < maxDepth && level.length > 0; depth++) {
    const next: string[] = [];
    for (const path of level) {
      if (files.length + directories.length > maxEntries) return { files, directories };
      for (const entry of await entriesOf(resolve(directory, path))) {
        if (entry.name.startsWith('.')) continue;
        const inside = join(path, entry.name);
        if (!entry.isDirectory()) files.push(inside);
        else {
          directories.push(inside);
          if (entry.name !== 'node_modules') next.push(inside);
        }
      }
    }
    level = next;
  }
  return { files, directories };
}

async function entriesOf(path: string): Promise<readonly Dirent[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}
