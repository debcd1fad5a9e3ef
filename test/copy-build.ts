/** Copies what the Dockerfile builds the bundle from to another place, to build it there. */

import { cp, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';

const root = join(__dirname, '..');

/** @param place a directory, which is made if it does not exist */
export async function copyBuild(place: string): Promise<void> {
  const dockerfile = await readFile(join(root, 'Dockerfile'), 'utf8');
  const [, stage = ''] = dockerfile.split(/^FROM .*$/m);
  const paths = [...stage.matchAll(/^COPY ((?:.*\\\n)*.*)$/gm)].flatMap(([, words = '']) =>
    words.split(/[\s\\]+/).slice(0, -1),
  );
  for (const path of paths) await cp(join(root, path), join(place, path), { recursive: true });
  await symlink(join(root, 'node_modules'), join(place, 'node_modules'));
}
