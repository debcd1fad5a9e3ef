import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { outputOf } from '../release/run-command.ts';
import { describeIf } from '../skip-unless.ts';
import { runStep, type StepEnd } from './run-step.ts';

const canHide = spawnSync('unshare', ['--mount', '--pid', '--fork', '--mount-proc', 'true']).status === 0;

let directory = '';
let engine: Server;
let engineHost: string | undefined;

/** A clone, and a server on a socket in place of the engine. */
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'run-step-'));
  const environment = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' };
  const author = ['-c', 'user.name=tests', '-c', 'user.email=tests@example.com'];
  for (const words of [
    ['init', '--quiet'],
    [...author, 'commit', '--quiet', '--allow-empty', '--message=Start'],
  ])
    await outputOf('git', words, { cwd: directory, env: environment });
  engine = createServer((incoming, response) => response.end(`${incoming.method} ${incoming.url}`));
  engine.listen(join(directory, 'engine.sock'));
  await once(engine, 'listening');
  engineHost = process.env['DOCKER_HOST'];
  process.env['DOCKER_HOST'] = `unix://${join(directory, 'engine.sock')}`;
});
afterEach(async () => {
  if (engineHost === undefined) delete process.env['DOCKER_HOST'];
  else process.env['DOCKER_HOST'] = engineHost;
  engine.close();
  await rm(directory, { recursive: true });
});

async function run(...script: readonly string[]): Promise<StepEnd> {
  const memory = { stepBytes: 2e9, serviceBytes: 1e9 };
  const options = { directory, memory, buildNumber: 42, variables: { OWN: 'own' }, output: 'ignore' } as const;
  return await runStep({ name: 'Test', script }, options);
}
const written = async (): Promise<string> => await readFile(join(directory, 'written'), 'utf8');

/** A line that asks the engine. */
const ask = (path: string): string =>
  `node -e "fetch(process.env.DOCKER_HOST.replace('tcp:', 'http:') + '${path}', { method: 'POST', body: '{}' }).then(async (answer) => console.log(answer.status, await answer.text()))" >>written`;

describeIf(canHide, 'only root can hide processes')('a step', () => {
  it('has its variables in one shell, its own processes, and no socket of the engine', async () => {
    const end = await run(
      'export SHARED=shared',
      'echo "$CI $BITBUCKET_BUILD_NUMBER $SHARED $OWN" >written',
      'test ! -S /run/docker.sock',
      "ls /proc | grep -c '^[0-9]' >>written",
      ask('/images/create?fromImage=node'),
    );
    expect(end).toMatchObject({ exitCode: 0, problems: [] });
    const [variables, processes, answer] = (await written()).split('\n');
    expect([variables, answer]).toEqual(['true 42 shared own', '200 POST /images/create?fromImage=node']);
    expect(Number(processes)).toBeLessThan(10);
  });

  it('ends with the first line that fails', async () => {
    expect(await run('false', 'touch written')).toMatchObject({ exitCode: 1, problems: [] });
    await expect(written()).rejects.toThrow('ENOENT');
  });

  it('is told what Pipelines refuses, which is a problem even if the step goes on', async () => {
    const end = await run(ask('/images/create?fromImage=node&platform=linux/arm64'));
    expect(end).toMatchObject({
      exitCode: 0,
      problems: [expect.stringMatching(/^refused: POST .*: --platform is not allowed$/)],
    });
    expect(await written()).toContain('403 {"message":"authorization denied by plugin pipelines: --platform');
  });

  it('is told of no vulnerability by npm audit, without the registry', async () => {
    const lock = {
      lockfileVersion: 3,
      packages: { '': { dependencies: { a: '1.0.0' } }, 'node_modules/a': { version: '1.0.0' } },
    };
    await writeFile(join(directory, 'package.json'), JSON.stringify(lock.packages['']));
    await writeFile(join(directory, 'package-lock.json'), JSON.stringify(lock));
    expect(await run('npm audit --omit=dev')).toMatchObject({
      exitCode: 0,
      problems: [],
      notes: expect.arrayContaining(['npm audit asked about 1 package, and was told of no vulnerability']),
    });
  });

  it('is not told of npm audit that asks nothing', async () => {
    expect(await run('npm audit --version')).toMatchObject({
      exitCode: 0,
      problems: ['npm audit asked for no advisories'],
    });
  });
});
