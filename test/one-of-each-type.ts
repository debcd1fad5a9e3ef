/** Writes one item to publish for each TYPE, into a test's directory. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Type } from '../pipe/settings/variables.ts';
import type { Environment } from '../pipe/toolkit/environment.ts';
import { jar } from './destinations/maven/artifacts.ts';
import { writePackage } from './destinations/npm/tarballs.ts';
import { writeWheel } from './destinations/pypi/packages.ts';
import { writeLayout } from './oci/registry/images.ts';
import type { Fixture } from './run-pipe.ts';

/** Each TYPE, and a function that writes its item and returns the variables that name it. */
export function oneOfEachType(fixture: Fixture): readonly (readonly [type: Type, given: () => Promise<Environment>])[] {
  return [
    [
      'file',
      async () => {
        await writeFile(join(fixture.directory, 'a.txt'), 'content');
        return { FILENAME: 'a.txt' };
      },
    ],
    ['npm', async () => ({ FILENAME: await writePackage(fixture) })],
    [
      'maven',
      async () => {
        await writeFile(join(fixture.directory, 'app-1.0.jar'), jar());
        return { FILENAME: 'app-1.0.jar' };
      },
    ],
    [
      'octopus',
      async () => {
        await writeFile(join(fixture.directory, 'app.1.0.0.zip'), 'content of a package');
        return { FILENAME: 'app.1.0.0.zip' };
      },
    ],
    ['pypi', async () => ({ FILENAME: await writeWheel(fixture) })],
    ['image', async () => ({ FILENAME: await writeLayout(fixture), IMAGE: 'acme/app:v1' })],
  ];
}
