/** Reports of runs on the port that Pipelines has for them. So these tests cannot run in Pipelines, where it is taken. */

import { beforeEach, expect, it } from '@jest/globals';
import { tokens } from '../sandbox/tokens.ts';
import { useStep } from './run-pipe.ts';

const step = useStep({ proxyPort: 29_418 });

beforeEach(async () => {
  await step.write('module/dist/app.zip', 'content');
});

it('reports what it has published', async () => {
  const { exitCode, output } = await step.runPipe({ FILENAME: 'dist/*' });
  expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringContaining('✔ ') });
  const { reports, violations } = await step.sandbox.state();
  expect(Object.entries(reports)).toEqual([
    [
      expect.stringMatching(new RegExp(`^${step.commit}/bitbucket-upload-package-file-[0-9a-f]{16}$`)),
      expect.objectContaining({
        result: 'PASSED',
        link: `${step.sandbox.apiUrl}/repositories/acme/app/downloads/`,
      }),
    ],
  ]);
  expect(violations).toEqual([]);
});

it('reports why it has failed', async () => {
  expect((await step.runPipe({ FILENAME: 'dist/*', TOKEN: tokens.expiredToken })).exitCode).toBe(1);
  const { reports, violations } = await step.sandbox.state();
  expect(Object.values(reports)).toEqual([
    expect.objectContaining({ result: 'FAILED', details: expect.stringContaining(' 401 ') }),
  ]);
  expect(violations).toEqual([]);
});
