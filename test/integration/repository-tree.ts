/** The files of a Maven repository, to be compared with those of another one. */

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The files below a directory, by path, with everything that differs between runs normalized. */
export async function tree(directory: string): Promise<Readonly<Record<string, string>>> {
  const files: Record<string, string> = {};
  const normalize = (content: string): string =>
    content.replaceAll(/\d{8}\.\d{6}/g, 'TIMESTAMP').replaceAll(/(?<=<(?:lastUpdated|updated)>)\d{14}/g, 'UPDATED');
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name).slice(directory.length + 1);
    // Maven does not publish these.
    if (!entry.isFile() || /\.sha(?:256|512)$/.test(path)) continue;
    const content = await readFile(join(directory, path));
    const [, subject, algorithm] = /^(.*)\.(md5|sha1)$/.exec(path) ?? [];
    files[normalize(path)] =
      subject === undefined || algorithm === undefined
        ? normalize(content.toString('latin1'))
        : checkSum(algorithm, await readFile(join(directory, subject)), content.toString());
  }
  return files;
}

function checkSum(algorithm: string, content: Buffer, claimed: string): string {
  return createHash(algorithm).update(content).digest('hex') === claimed ? 'right' : `wrong: ${claimed}`;
}
