/** Whole runs against servers that echo the credentials: no secret leaves the pipe in any way. */

import { EventEmitter } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { reportCrash, run } from '../pipe/run.ts';
import type { Environment } from '../pipe/toolkit/environment.ts';
import { startEchoServer } from './echo-server.ts';
import { answer, serve } from './http/test-servers.ts';
import { findLeaks } from './leaks.ts';
import { writeLayout } from './oci/registry/images.ts';
import { startBundle } from './run-bundle.ts';
import { oneOfEachType } from './one-of-each-type.ts';
import { arrayVariables, type Ended, useSandbox } from './run-pipe.ts';
import { tokens } from './sandbox/tokens.ts';

const fixture = useSandbox();
const basic = Buffer.from(`${tokens.apiUser}:${tokens.apiToken}`).toString('base64');
const granted =
  'eyJhbGciOiJSUzI1NiJ9.Z3JhbnRlZC1ieS10aGUtcmVnaXN0cnk.Xq8-Lr2wTb6NcYm4Hd_Ps9JfFg1UoEa7TiVx3Rk5Qj0DySlWnBf';

/** The variables for every place that the pipe writes to. */
const handOver: Environment = {
  BITBUCKET_PIPE_STORAGE_DIR: '.storage',
  BITBUCKET_PIPELINES_VARIABLES_PATH: 'variables',
  BITBUCKET_PIPELINE_UUID: '{0}',
  BITBUCKET_COMMIT: '0123456789abcdef0123456789abcdef01234567',
  BITBUCKET_WORKSPACE: 'acme',
  BITBUCKET_REPO_SLUG: 'app',
};

/** Runs the pipe with every hand-over. */
async function runAndCollect(env: Environment, ...args: readonly string[]): Promise<Ended> {
  return await fixture.runPipe(
    {
      ...handOver,
      BITBUCKET_PIPE_STORAGE_DIR: join(fixture.directory, '.storage'),
      BITBUCKET_PIPELINES_VARIABLES_PATH: join(fixture.directory, 'variables'),
      ...env,
      ...arrayVariables('EXTRA_ARGS', ['--output', 'out.json', ...args]),
    },
    { retryBaseMs: 0 },
  );
}

const account: Environment = { USERNAME: tokens.apiUser, TOKEN: tokens.apiToken };

const kinds = oneOfEachType(fixture);

describe('if a server echoes the credentials, in any encoding and truncated anywhere, none are printed or written', () => {
  it.each(kinds)('TYPE %s', async (type, given) => {
    const secrets =
      type === 'image'
        ? [granted]
        : type === 'file'
          ? [basic]
          : [type === 'octopus' ? tokens.octopusKey : tokens.apiToken];
    await using server = await startEchoServer(secrets, type === 'image' ? granted : undefined);
    const env = {
      TYPE: type,
      API_URL: server.origin,
      REGISTRY: type === 'file' ? undefined : server.origin,
      ...(type === 'octopus' ? { TOKEN: tokens.octopusKey } : account),
    };
    const files = await given();
    // Every failed attempt shows one reason.
    while (server.left > 0) {
      const before = server.left;
      const { exitCode, output, everything } = await runAndCollect({ ...env, ...files }, '--retries', '20');
      expect(exitCode).toBe(1);
      expect(output).toContain('503 ');
      expect(output).toContain('***');
      for (const secret of secrets)
        expect({ left: before, leaks: findLeaks(everything, secret) }).toMatchObject({ leaks: [] });
      const result = JSON.parse(await readFile(join(fixture.directory, 'out.json'), 'utf8')) as { error: string };
      expect(result.error).toContain('***');
      expect(server.left).toBeLessThan(before);
    }
  });
});

it('a secret in a file name is not in any result, variable or report', async () => {
  const name = `build of ${tokens.apiToken} ${'x'.repeat(30)}.txt`;
  await writeFile(join(fixture.directory, name), 'content');
  const { exitCode, output, everything } = await runAndCollect({ ...account, FILENAME: '*.txt' });
  expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
  expect([...fixture.sandbox.downloads.keys()]).toEqual([name]);
  expect(everything).toContain('UPLOAD_URL=');
  expect(everything).toContain('"title":"build of ***');
  expect(findLeaks(everything, tokens.apiToken)).toEqual([]);
});

it('a token that a registry granted is not in a crash message', async () => {
  await using server = await startEchoServer([granted], granted);
  const env = {
    TYPE: 'image',
    IMAGE: 'acme/app:v1',
    REGISTRY: server.origin,
    FILENAME: await writeLayout(fixture),
    ...account,
  };
  const lines: string[] = [];
  const stdout = { write: (text: string) => lines.push(text) };
  const parts = {
    stdout,
    signals: new EventEmitter(),
    workingDirectory: fixture.directory,
    nodeVersion: 'v0.0.0',
    metadataPaths: [],
  };
  await run({ ...env, EXTRA_ARGS: '--retries=0' }, parts);
  // A crash is reported with the run's environment object, which leads to the tokens that the run was granted.
  const other = lines.splice(0).join('');
  expect(other).toContain('✖ ');
  const same = { ...env, EXTRA_ARGS: '--retries=0', DEBUG: 'true' };
  await run(same, parts);
  expect(reportCrash(new Error(`sent ${granted}`, { cause: new Error(granted) }), same, stdout)).toBe(1);
  expect(lines.at(-1)).toContain('✖ Unexpected error: sent ***');
  expect(findLeaks(other + lines.join(''), granted)).toEqual([]);
});

describe('the bundle', () => {
  it.each([
    ['as JSON escapes', (text: string) => each(text, (code) => `\\u${code.toString(16).padStart(4, '0')}`)],
    ['as HTML', (text: string) => each(text, (code) => `&#${code};`)],
    ['wrapped', (text: string) => Buffer.from(`me:${text}`).toString('base64').replaceAll(/.{76}/g, '$&\\r\\n')],
  ])('prints no token that a server echoes %s', async (_, write) => {
    await using server = await serve(
      answer(400, `{"error":"${'x'.repeat(300)} ${write(tokens.apiToken)} ${'y'.repeat(90)}"}`),
    );
    await writeFile(join(fixture.directory, 'a.txt'), 'content');
    const env = {
      ...account,
      WORKSPACE: 'acme',
      REPOSITORY: 'app',
      FILENAME: 'a.txt',
      API_URL: server.origin,
      DEBUG: 'true',
      EXTRA_ARGS: '--output=out.json',
    };
    const { exitCode, output } = await startBundle(env, { cwd: fixture.directory }).ended;
    expect({ exitCode, output }).toEqual({
      exitCode: 1,
      output: expect.stringMatching(/x (?:bWU6)?\*\*\*/),
    });
    const result = await readFile(join(fixture.directory, 'out.json'), 'utf8');
    expect(result).toMatch(/x (?:bWU6)?\*\*\*/);
    expect(findLeaks(output + result, tokens.apiToken)).toEqual([]);
  });

  function each(text: string, write: (code: number) => string): string {
    return text.replaceAll(/[^]/g, (character) => write(character.charCodeAt(0)));
  }
});

describe('a secret in the wrong variable is not quoted in the error', () => {
  const secret = 'Tr0ub4dor&3-horse-staple';
  it.each<[string, Environment]>([
    ['REGISTRY', { TYPE: 'npm', REGISTRY: `https://me:${secret}@registry.example/` }],
    [
      'REGISTRY of an image',
      { TYPE: 'image', IMAGE: 'app', REGISTRY: `https://me:${encodeURIComponent(secret)}@r.example` },
    ],
    ['IMAGE', { TYPE: 'image', IMAGE: `me:${secret}@r.example/app` }],
    ['API_URL', { API_URL: `https://${secret}@api.example/2.0` }],
    ['EXTRA_ARGS', { ...arrayVariables('EXTRA_ARGS', ['--password', secret]) }],
    ['EXTRA_ARGS as a plain value', { EXTRA_ARGS: `--token=${secret}` }],
    ['HTTPS_PROXY', { HTTPS_PROXY: `socks4://me:${secret}@proxy.example` }],
    ['a misspelled variable', { TOKENS: secret, DEBUG: secret }],
    ['a variable other than TOKEN', { TOKEN: secret, TYPE: secret, WORKSPACE: secret, DEBUG: `"${secret}"` }],
  ])('%s', async (_, env) => {
    const { exitCode, output } = await fixture.runPipe({ FILENAME: 'x', ...env });
    expect(exitCode).toBe(1);
    expect(output).toContain('Validation errors');
    expect(findLeaks(output, secret)).toEqual([]);
  });

  it('an API token as USERNAME or WORKSPACE', async () => {
    const { output } = await fixture.runPipe({ FILENAME: 'x', WORKSPACE: tokens.apiToken, USERNAME: tokens.apiToken });
    expect(output).toContain('"***" is not a valid workspace slug');
  });
});

it('the address of a Docker Engine is shown without its password', async () => {
  const env = {
    ...account,
    TYPE: 'image',
    IMAGE: 'app',
    DOCKER_HOST: 'tcp://me:hunter2hunter2@127.0.0.1:1',
    REGISTRY: 'localhost:1',
  };
  const { exitCode, output } = await fixture.runPipe(env);
  expect(exitCode).toBe(1);
  expect(output).toContain('tcp://me:***@127.0.0.1:1');
});

it.each(['a', '1', 'file', 'e:'])('a secret as short as %j does not garble the output', async (secret) => {
  await writeFile(join(fixture.directory, 'a.txt'), 'content');
  const { output } = await runAndCollect({ TOKEN: secret, FILENAME: 'a.txt' }, '--dry-run');
  expect(output).toContain('INFO: Publishing 1 ');
  expect(output).toContain('✔ Dry run: nothing was sent');
});

it('a short secret that is also a name does not change the output for programs', async () => {
  await writeFile(join(fixture.directory, 'postgres'), 'content');
  const { everything, output } = await runAndCollect({ DB_PASSWORD: 'postgres', FILENAME: 'postgres' });
  const { apiUrl } = fixture.sandbox;
  const url = `${apiUrl}/repositories/acme/app/downloads/postgres`;
  expect(output).not.toContain('postgres');
  expect(everything).toContain(`UPLOAD_URL=${url}\n`);
  expect(everything).toContain(`"url": "${url}"`);
});
