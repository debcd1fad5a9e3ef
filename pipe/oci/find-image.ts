/** The one archive or layout that a path or a glob means. */

import { glob } from 'node:fs/promises';
import { resolve } from 'node:path';
import { InputError } from '../errors.ts';
import { exists } from '../io/exists.ts';
import { printable } from '../toolkit/stdout.ts';
import type { ImagePath } from './open-image.ts';

/** @throws InputError where nothing matches, or several files do */
export async function findImage(pattern: string, workingDirectory: string): Promise<ImagePath> {
  const literal = resolve(workingDirectory, pattern);
  if (await exists(literal)) return { path: pattern, absolutePath: literal };
  const matches: string[] = [];
  for await (const match of glob(pattern, { cwd: workingDirectory })) matches.push(match);
  const [path] = matches;
  if (path === undefined)
    throw new InputError(`${printable(pattern)} matches nothing in ${printable(workingDirectory)}`);
  if (matches.length > 1)
    throw new InputError(
      `${printable(pattern)} matches several: ${matches.sort().map(printable).join(', ')}. Name the one that is the image`,
    );
  return { path, absolutePath: resolve(workingDirectory, path) };
}
