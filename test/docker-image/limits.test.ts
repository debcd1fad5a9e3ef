import { chmod, chown } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { cloneDirectory, pipeStorage, useStep } from './run-pipe.ts';

const step = useStep();

beforeEach(async () => {
  await step.write('module/dist/app.zip', 'content');
});

async function uploaded(): Promise<readonly unknown[]> {
  return (await step.sandbox.state()).downloads.map(({ name, size }) => [name, size]);
}

const locked = ['--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges'];

describe('runs on a read-only root file system without capabilities', () => {
  it.each(['0:0', '1234:1234'])('as user %s', async (user) => {
    await chmod(join(step.clone, pipeStorage), 0o777);
    const { exitCode, output, errors } = await step.runPipe(
      { FILENAME: 'dist/*', BITBUCKET_PIPELINES_VARIABLES_PATH: '' },
      { dockerOptions: [...locked, `--user=${user}`] },
    );
    expect({ exitCode, output, errors }).toEqual({ exitCode: 0, output: expect.stringContaining('✔ '), errors: '' });
    expect(output).not.toContain('WARNING');
    expect(await uploaded()).toEqual([['app.zip', 7]]);
  });
});

it('reports a file that the user may not read', async () => {
  await chown(join(step.clone, 'module/dist/app.zip'), 0, 0);
  await chmod(join(step.clone, 'module/dist/app.zip'), 0o600);
  const { exitCode, output } = await step.runPipe({ FILENAME: 'dist/*' }, { dockerOptions: ['--user=1234:1234'] });
  expect({ exitCode, output }).toEqual({ exitCode: 1, output: expect.stringMatching(/✖ .*dist\/app\.zip.* read/) });
  expect((await step.sandbox.state()).requests).toEqual([]);
});

it('runs in the root directory', async () => {
  const { exitCode, output } = await step.runPipe(
    { FILENAME: `${cloneDirectory}/module/dist/app.zip` },
    { workingDirectory: '/' },
  );
  expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringContaining('✔ ') });
  expect(await uploaded()).toEqual([['app.zip', 7]]);
});

describe("starts with the image's compile cache", () => {
  it.each(['0:0', '1234:1234'])('as user %s', async (user) => {
    const { exitCode, errors } = await step.runPipe(
      { NODE_DEBUG_NATIVE: 'COMPILE_CACHE' },
      { dockerOptions: [...locked, `--user=${user}`] },
    );
    expect(exitCode).toBe(1);
    expect(errors).toMatch(/V8 code cache for CommonJS \/dist\/pipe\.js was accepted/);
  });
});
