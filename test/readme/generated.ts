/** Files that are made by code, and kept in the repository. */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';

const root = join(__dirname, '..', '..');

/** Whether `npm run readme` has started the tests: it writes the files anew. */
const isWriting = process.env['WRITE_GENERATED'] === 'true';

/** @param path relative to the project */
export async function expectGenerated(path: string, content: string): Promise<void> {
  if (isWriting) await writeFile(join(root, path), content);
  else expect({ path, content: await readFile(join(root, path), 'utf8') }).toEqual({ path, content });
}
