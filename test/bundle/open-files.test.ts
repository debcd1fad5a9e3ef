/** The bundle as a process that may open few files, all of which are open when it begins, or when it ends. */

import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { selfSigned } from '../http/certificates.ts';
import { jar } from '../destinations/maven/artifacts.ts';
import { type Ended, startBundle, useBundle } from '../run-bundle.ts';
import { dockerArchive } from '../sandbox/demo-image.ts';
import { tokens } from '../sandbox/tokens.ts';

const fixture = useBundle();

/** Opens all files that it may once the bundle is loaded, and closes them after `ms`. */
const holdFiles = (ms: number, begin: string): string => `
  const { closeSync, openSync } = require('node:fs');
  const hold = () => {
    const held = [];
    try {
      for (;;) held.push(openSync('/dev/null'));
    } catch {}
    setTimeout(() => held.forEach((file) => closeSync(file)), ${ms}).unref();
  };
  ${begin}`;

const fromTheStart = 'setImmediate(hold)';
/** From reading the file of the output variables on, and again when the result is written: the second one, after that at the start. */
const withResults = `
  const files = require('node:fs/promises');
  const { readFile, mkdir } = files;
  let reads = 0;
  files.readFile = async (path, ...words) => {
    if (path === 'variables' && ++reads === 1) hold();
    return await readFile(path, ...words);
  };
  let directories = 0;
  files.mkdir = async (...words) => {
    if (++directories === 2) hold();
    return await mkdir(...words);
  };`;

async function run(ms: number, env: Readonly<Record<string, string>>, begin = fromTheStart): Promise<Ended> {
  const { directory, sandbox } = fixture;
  const preload = join(directory, 'preload.cjs');
  await writeFile(preload, holdFiles(ms, begin));
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

describe('the certificates of an authority', () => {
  const upload = async (ms: number): Promise<Ended> => {
    await writeFile(join(fixture.directory, 'authority.pem'), selfSigned().cert);
    return await run(ms, { FILENAME: 'a.txt', SSL_CERT_FILE: 'authority.pem' });
  };

  it('are read as soon as they can be opened', async () => {
    const { exitCode, output } = await upload(500);
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringMatching(/^✔ Uploaded 1 file/m) });
  });

  it('are not blamed if they cannot be opened', async () => {
    const { exitCode, output } = await upload(600_000);
    expect({ exitCode, output }).toEqual({
      exitCode: 1,
      output: expect.stringContaining(
        'authority.pem cannot be opened, because too many files are open (EMFILE): lower',
      ),
    });
  });
});

describe('results', () => {
  const upload = async (ms: number): Promise<Ended> => {
    await writeFile(join(fixture.directory, 'variables'), 'EARLIER=value');
    const files = { BITBUCKET_PIPE_STORAGE_DIR: '.', BITBUCKET_PIPELINES_VARIABLES_PATH: 'variables' };
    return await run(ms, { FILENAME: 'a.txt', ...files }, withResults);
  };
  const written = async (name: string): Promise<string> =>
    await readFile(join(fixture.directory, name), 'utf8').catch(() => 'missing');

  it('are written as soon as files can be opened', async () => {
    const { exitCode, output } = await upload(500);
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.not.stringContaining('WARNING') });
    expect(JSON.parse(await written('result.json'))).toMatchObject({ type: 'file' });
    expect(await written('variables')).toMatch(/^EARLIER=value\nUPLOAD_ACTION=uploaded\n/);
  });

  it('that cannot be written are a warning with the cause', async () => {
    const { exitCode, output } = await upload(600_000);
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringMatching(/^✔ Uploaded 1 file/m) });
    const why = String.raw`cannot be opened, because too many files are open \(EMFILE\)`;
    expect(output).toMatch(
      new RegExp(
        `^WARNING: The result could not be written to \\S+ \\(BITBUCKET_PIPE_STORAGE_DIR\\): \\S+ ${why}`,
        'm',
      ),
    );
    expect(output).toMatch(
      new RegExp(`^WARNING: The output variables .* \\(BITBUCKET_PIPELINES_VARIABLES_PATH\\): variables ${why}`, 'm'),
    );
    expect(await written('variables')).toBe('EARLIER=value');
  });
});

describe('with --concurrency 64, and 64 open files at most,', () => {
  const start = async (env: Readonly<Record<string, string>>): Promise<Ended> =>
    await startBundle({ EXTRA_ARGS: '--concurrency=64', ...env }, { cwd: fixture.directory, openFiles: 64 }).ended;

  it('300 files are uploaded', async () => {
    const { apiUrl } = fixture.sandbox;
    for (let index = 0; index < 300; index++)
      await writeFile(join(fixture.directory, `${index}.txt`), randomBytes(70_000));
    const target = { API_URL: apiUrl, WORKSPACE: 'acme', REPOSITORY: 'app', TOKEN: tokens.accessToken };
    const options = { EXTRA_ARGS: "['--concurrency', '64', '--verify']" };
    const { exitCode, output } = await start({ ...target, FILENAME: '*.txt', ...options });
    expect({ exitCode, output: output.slice(-3000) }).toEqual({
      exitCode: 0,
      output: expect.stringMatching(/^✔ Uploaded 300 files/m),
    });
    expect(output).toContain('WARNING: --concurrency 64 is lowered to');
  });

  it('an image of 100 layers is published', async () => {
    const { registryUrl } = fixture.sandbox;
    const layers = Array.from({ length: 100 }, (_, index) => [`${index}.txt`, randomBytes(70_000)]);
    await writeFile(join(fixture.directory, 'app.tar'), dockerArchive('acme/app:1.0', Object.fromEntries(layers)));
    const account = { REGISTRY: registryUrl, USERNAME: tokens.apiUser, TOKEN: tokens.apiToken };
    const { exitCode, output } = await start({ ...account, IMAGE: 'acme/app:1.0', FILENAME: 'app.tar' });
    expect({ exitCode, output: output.slice(-3000) }).toEqual({ exitCode: 0, output: expect.stringMatching(/^✔ /m) });
  });
});
