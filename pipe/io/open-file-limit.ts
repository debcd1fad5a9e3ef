/** How many items can be under way at once within this process's limit on open files. */

import { readFile } from 'node:fs/promises';

/** What Node.js itself, its threads and their sockets have open. */
const reservedFiles = 32;
/** A file, and connections to two servers: one for the protocol, and one for content. */
const filesPerItem = 3;

/** The number of items, at least 1; infinite where the system does not tell its limit. */
export async function maxItemsAtOnce(): Promise<number> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const [, soft] = /^Max open files +(\d+)/m.exec(limits) ?? [];
  return soft === undefined ? Infinity : Math.max(1, Math.floor((Number(soft) - reservedFiles) / filesPerItem));
}
