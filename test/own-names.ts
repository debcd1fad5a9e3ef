/** The names under which this checkout is released, which are others in a fork. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const pipe = parse(readFileSync(join(__dirname, '..', 'pipe.yml'), 'utf8')) as Readonly<
  Record<'image' | 'repository', string>
>;

/** `workspace/repository`, as users write it after `pipe:`. */
export const repositoryPath = pipe.repository.replace('https://bitbucket.org/', '');

/** `account/image` on Docker Hub. */
export const imagePath = pipe.image.replace(/:[^:]*$/, '');
