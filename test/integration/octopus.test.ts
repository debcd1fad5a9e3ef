/** Octopus's own client for TypeScript accepts the sandbox as an Octopus server, and sees what the pipe has published there. */

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import { sha1Of } from '../destinations/octopus/fixture.ts';
import { startBundle } from '../run-bundle.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';

jest.setTimeout(180_000);

const execute = promisify(execFile);
let directory = '';
let sandbox: Sandbox;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'octopus-'));
  await writeFile(join(directory, 'package.json'), '{"private":true}');
  const words = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '@octopusdeploy/api-client@3'];
  await execute('npm', words, { cwd: directory });
  sandbox = await startSandbox();
});
beforeEach(() => sandbox.reset());
afterAll(async () => {
  await sandbox.close();
  await rm(directory, { recursive: true });
});

/** Runs a function of the client, of which `octopus` is the module and `client` an instance. */
async function runClient(script: string): Promise<string> {
  const { octopusUrl: instanceURL, tokens } = sandbox;
  const configuration = { userAgentApp: 'test', instanceURL, apiKey: tokens.octopusKey };
  const program = `const octopus = require('@octopusdeploy/api-client');
    (async () => {
      const client = await octopus.Client.create(${JSON.stringify(configuration)});
      ${script}
    })().catch((error) => { console.error(error); process.exitCode = 1; })
      // Its connections would keep the process alive.
      .finally(() => process.exit());`;
  const { stdout } = await execute(process.execPath, ['--eval', program], { cwd: directory });
  return stdout;
}

it('publishes packages and build information to it', async () => {
  await writeFile(join(directory, 'app.1.0.0.zip'), 'content');
  await runClient(`
    const packages = new octopus.PackageRepository(client, 'Default');
    await packages.push(['app.1.0.0.zip'], octopus.OverwriteMode.FailIfExists);
    await new octopus.BuildInformationRepository(client, 'Default').push({
      spaceName: 'Default', BuildEnvironment: 'test', BuildNumber: '1', BuildUrl: 'https://ci.example/1', Branch: 'main',
      VcsType: 'Git', VcsRoot: 'https://git.example/app', VcsCommitNumber: 'abc', Commits: [{ Id: 'abc', Comment: 'x' }],
      Packages: [{ Id: 'app', Version: '1.0.0' }],
    }, octopus.OverwriteMode.OverwriteExisting);`);
  expect(sandbox.octopus.packages.get('app.1.0.0')?.sha1).toBe(sha1Of('content'));
  expect(sandbox.octopus.buildInformation.get('app.1.0.0')).toMatchObject({ BuildNumber: '1' });
  expect(sandbox.violations).toEqual([]);
});

it('fails if the version is there already', async () => {
  await sandbox.octopus.seed('app.1.0.0.zip', Buffer.from('other'));
  await writeFile(join(directory, 'app.1.0.0.zip'), 'content');
  const pushing = runClient(`await new octopus.PackageRepository(client, 'Default').push(['app.1.0.0.zip']);`);
  await expect(pushing).rejects.toThrow(/already exists/);
});

it('finds what the pipe has published', async () => {
  await writeFile(join(directory, 'app.2.0.0.zip'), 'by the pipe');
  const env = { TYPE: 'octopus', REGISTRY: sandbox.octopusUrl, TOKEN: sandbox.tokens.octopusKey };
  const { exitCode } = await startBundle({ ...env, FILENAME: 'app.2.0.0.zip' }, { cwd: directory }).ended;
  const printed = await runClient(`
    console.log(JSON.stringify(await new octopus.PackageRepository(client, 'Default').get('packages-app.2.0.0')));`);
  const found: unknown = JSON.parse(printed.split('\n').find((line) => line.startsWith('{')) ?? '');
  expect([exitCode, found]).toEqual([
    0,
    expect.objectContaining({ PackageId: 'app', Version: '2.0.0', Hash: sha1Of('by the pipe') }),
  ]);
});
