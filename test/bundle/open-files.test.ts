/** The bundle as a process that may open few files, all of which are open already when it begins. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { jar } from '../destinations/maven/artifacts.ts';
import { type Ended, startBundle, useBundle } from '../run-bundle.ts';
import { tokens } from '../sandbox/tokens.ts';

const fixture = useBundle();

/** Opens all files that it may once the bundle is loaded, and closes them after `ms`. */
const holdFiles = (ms: number): string => `
  const { closeSync, openSync } = require('node:fs');
  setImmediate(() => {
    const held = [];
    try {
      for (;;) held.push(openSync('/dev/null'));
    } catch {}
    setTimeout(() => held.forEach((file) => closeSync(file)), ${ms}).unref();
  });`;

async function run(ms: number, env: Readonly<Record<string, string>>): Promise<Ended> {
  const { directory, sandbox } = fixture;
  const preload = join(directory, 'preload.cjs');
  await writeFile(preload, holdFiles(ms));
  await writeFile(join(directory, 'a.txt'), 'content');
  const target = { API_URL: sandbox.apiUrl, WORKSPACE: 'acme', REPOSITORY: 'app', TOKEN: tokens.accessToken };
  return await startBundle(
    { ...target, NODE_OPTIONS: `--require=${preload}`, ...env },
    { cwd: directory, openFiles: 64 },
  ).ended;
}

it.each(['a.txt', '*.txt'])('waits until FILENAME, %s, can be opened', async (FILENAME) => {
  const { exitCode, output } = await run(500, { FILENAME });
  expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringMatching(/^✔ Uploaded 1 file/m) });
});

it.each([
  ['a.txt', 'a.txt'],
  ['*.txt', '.'],
])('says that too many files are open, and what to do, if FILENAME, %s, cannot be opened', async (FILENAME, name) => {
  const { exitCode, output } = await run(600_000, { FILENAME });
  expect({ exitCode, output }).toEqual({
    exitCode: 1,
    output: expect.stringContaining(
      `${name} cannot be opened, because too many files are open (EMFILE): lower --concurrency, or raise the limit on open files: ulimit -n`,
    ),
  });
  expect(output).not.toContain('permissions');
});

it('says the same of a jar', async () => {
  await writeFile(
    join(fixture.directory, 'app.jar'),
    jar({ groupId: 'com.acme', artifactId: 'app', version: '1' }, []),
  );
  const maven = { TYPE: 'maven', REGISTRY: fixture.sandbox.mavenUrl, USERNAME: 'user', TOKEN: 'other-token' };
  const { exitCode, output } = await run(600_000, { ...maven, FILENAME: 'app.jar' });
  expect({ exitCode, output }).toEqual({
    exitCode: 1,
    output: expect.stringContaining('app.jar cannot be opened, because too many files are open (EMFILE)'),
  });
});
