/** Steps that publish versions of one package at once. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { packageTarball } from '../destinations/npm/tarballs.ts';
import { useSandbox } from '../run-pipe.ts';
import { tokens } from '../sandbox/tokens.ts';
import { runSteps, stepCount } from './run-steps.ts';

const fixture = useSandbox();

it('leaves all versions, and latest at the highest', async () => {
  const steps = await runSteps(
    fixture.directory,
    async ({ index, directory }) => {
      const manifest = { name: '@acme/lib', version: `1.${index}.0`, description: 'A lib' };
      await writeFile(join(directory, 'lib.tgz'), packageTarball(manifest));
      return {
        TYPE: 'npm',
        REGISTRY: fixture.sandbox.npmUrl,
        USERNAME: tokens.packagesUser,
        TOKEN: tokens.packagesToken,
        FILENAME: 'lib.tgz',
      };
    },
    { servers: () => fixture.sandbox },
  );
  // A step that begins after a higher version has been published is refused, as by npm: it would move latest back.
  const refused = steps.filter(({ exitCode }) => exitCode !== 0);
  for (const { output } of refused) expect(output).toMatch(/^✖ @acme\/lib@.* would replace .* as latest/m);
  const { versions, tags } = fixture.sandbox.npm.packages.get('@acme/lib') ?? {};
  expect(versions?.size).toBe(stepCount - refused.length);
  expect(tags?.get('latest')).toBe(`1.${stepCount - 1}.0`);
});
