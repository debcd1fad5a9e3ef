/** Creates the files to upload. */

import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, stat, truncate, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

const blockBytes = 4 * 1024 * 1024;

/** Creates a file of incompressible content, and leaves it in the system's cache. */
export async function makeRandomFile(path: string, size: number): Promise<void> {
  if ((await stat(path).catch(() => undefined))?.size !== size) {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(path, 'w');
    try {
      for (let position = 0; position < size; position += blockBytes)
        await file.write(randomBytes(Math.min(blockBytes, size - position)));
    } finally {
      await file.close();
    }
  }
  for await (const chunk of createReadStream(path, { highWaterMark: blockBytes })) void chunk;
}

/** Creates a file of zeros that takes no space on disk. */
export async function makeSparseFile(path: string, size: number): Promise<void> {
  await writeFile(path, '');
  await truncate(path, size);
}
