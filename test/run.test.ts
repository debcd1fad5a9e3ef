import { EventEmitter } from 'node:events';
import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Environment } from '../pipe/toolkit/environment.ts';
import { arrayVariables, useSandbox } from './run-pipe.ts';
import { tokens } from './sandbox/tokens.ts';

const fixture = useSandbox();

const appPassword = `ATBB${'x'.repeat(32)}`;

beforeEach(async () => {
  await mkdir(join(fixture.directory, 'dist'));
  for (const name of ['dist/a.zip', 'dist/b.zip', 'package.json', 'README.md'])
    await writeFile(join(fixture.directory, name), name);
});

describe('invalid input ends the run with exit code 1 and advice, and sends nothing', () => {
  const cases: readonly (readonly [title: string, env: Environment, ...texts: readonly (string | RegExp)[]])[] = [
    [
      'no variables at all',
      { TOKEN: '', FILENAME: '', WORKSPACE: '', REPOSITORY: '' },
      '✖ Validation errors:\n',
      'TOKEN:\n- required field',
      'FILENAME:\n- required field',
      'WORKSPACE:\n- ',
      'REPOSITORY:\n- ',
    ],
    ['an unresolved variable', { TOKEN: '$MY_TOKEN', FILENAME: 'dist/*' }, 'is a reference that was not expanded'],
    ['an unknown TYPE', { TYPE: 'docker', FILENAME: 'dist/*' }, 'TYPE:\n', 'unallowed value docker'],
    ['a DEBUG that is not a boolean', { DEBUG: 'maybe', FILENAME: 'dist/*' }, 'DEBUG:\n- must be of boolean type'],
    [
      'an array with a hole',
      { FILENAME_COUNT: '3', FILENAME_0: 'dist/a.zip', FILENAME_2: 'dist/b.zip' },
      'FILENAME_1:\n- required field, because FILENAME_COUNT is 3',
    ],
    [
      'array items without a count',
      { FILENAME_0: 'dist/a.zip' },
      'FILENAME_COUNT:\n- required field, because FILENAME_0 is set',
    ],
    [
      'more items than the count',
      { FILENAME_COUNT: '1', FILENAME_0: 'dist/a.zip', FILENAME_1: 'dist/b.zip' },
      'FILENAME_1:\n- is beyond FILENAME_COUNT, which is 1',
    ],
    [
      'a value and an array at once',
      { FILENAME: 'dist/a.zip', FILENAME_COUNT: '1', FILENAME_0: 'dist/b.zip' },
      'is set both as one value and as an array',
    ],
    ['an empty array', { FILENAME_COUNT: '0' }, 'FILENAME:\n- required field'],
    [
      'a malformed sequence',
      { FILENAME: 'dist/*', EXTRA_ARGS: "['--keep', {a: b}]" },
      'EXTRA_ARGS:\n',
      'is not a valid array',
    ],
    ['an unknown option', { FILENAME: 'dist/*', EXTRA_ARGS: '--force' }, 'unknown option "--force"', '--skip-existing'],
    [
      'options in one text',
      { FILENAME: 'dist/*', EXTRA_ARGS: '--keep 5' },
      'write each word as a separate item (--keep and 5)',
    ],
    ['a missing value', { FILENAME: 'dist/*', EXTRA_ARGS: '--name' }, 'option --name needs a value: --name NAME'],
    [
      'options that contradict each other',
      { FILENAME: 'dist/*', EXTRA_ARGS: "['--skip-existing', '--no-clobber']" },
      'contradict each other',
    ],
    ['--keep alone', { FILENAME: 'dist/*', EXTRA_ARGS: '--keep=5' }, 'option --keep needs --keep-pattern'],
    [
      'a name of 300 bytes',
      { FILENAME: 'dist/a.zip', EXTRA_ARGS: `--name=${'é'.repeat(150)}` },
      'option --name is 300 bytes long, but the limit is 255',
    ],
    ['variables that contradict each other', { FILENAME: 'dist/*', ACCOUNT: 'other' }, 'contradicts ACCOUNT'],
    [
      'a REPOSITORY with its workspace',
      { FILENAME: 'dist/*', REPOSITORY: 'acme/app' },
      'set WORKSPACE to acme and REPOSITORY to app',
    ],
    ['an invalid API_URL', { FILENAME: 'dist/*', API_URL: 'ftp://api.bitbucket.org' }, 'API_URL:\n- must be an'],
    [
      'an unencrypted API_URL',
      { FILENAME: 'dist/*', API_URL: 'http://gateway.example/2.0' },
      'API_URL:\n',
      'is plain http, ',
    ],
    [
      'an API token without its email',
      { FILENAME: 'dist/*', TOKEN: tokens.apiToken },
      'USERNAME:\n',
      'needs the email of the Atlassian account',
    ],
    [
      'an app password',
      { FILENAME: 'dist/*', TOKEN: '', BITBUCKET_USERNAME: 'me', BITBUCKET_APP_PASSWORD: appPassword },
      'BITBUCKET_APP_PASSWORD:\n- is an app password, and app passwords were switched off by Atlassian on 2026-07-28. Use an API token',
    ],
    [
      'an app password as TOKEN',
      { FILENAME: 'dist/*', TOKEN: appPassword },
      'is an app password, and app passwords were switched off',
    ],
    [
      'a token with a line break inside',
      { FILENAME: 'dist/*', TOKEN: `${tokens.accessToken}\nexport X=1` },
      'contains white space',
    ],
    [
      'an invalid proxy',
      { FILENAME: 'dist/*', HTTPS_PROXY: 'socks4://localhost:1080' },
      'HTTPS_PROXY:\n- must be the URL of an HTTP or SOCKS5 proxy',
    ],
    ['a pattern that matches nothing', { FILENAME: 'build/*.zip' }, '✖ build/*.zip matches no file in '],
    [
      'one pattern of several that matches nothing',
      arrayVariables('FILENAME', ['dist/*.zip', '*.tar']),
      '✖ *.tar matches no file in ',
    ],
    ['a directory', { FILENAME: 'dist' }, '✖ dist is a directory: name its files, as in dist/* or dist/**'],
    ['a path outside the clone', { FILENAME: '/etc/hostname' }, '✖ /etc/hostname is outside '],
    [
      'two files with the same name',
      arrayVariables('FILENAME', ['dist/a.zip', 'copy/a.zip']),
      '✖ dist/a.zip and copy/a.zip would all become the download a.zip',
    ],
    ['a named pipe', { FILENAME: 'queue' }, '✖ queue is a named pipe (FIFO), not a regular file'],
    ['a device through a link', { FILENAME: 'zero' }, '✖ zero is outside '],
  ];

  it.each(cases)('%s', async (_, env, ...texts) => {
    await mkdir(join(fixture.directory, 'copy'));
    await writeFile(join(fixture.directory, 'copy/a.zip'), 'other');
    await symlink('/dev/zero', join(fixture.directory, 'zero'));
    execFileSync('mkfifo', [join(fixture.directory, 'queue')]);
    const { exitCode, output } = await fixture.runPipe({ DEBUG: 'false', ...env });
    expect(exitCode).toBe(1);
    for (const text of texts) expect(output).toContain(text);
    expect(output).not.toMatch(/^ {4}at /m);
    expect(fixture.sandbox.requests).toEqual([]);
  });

  it('reports all problems at once', async () => {
    const { output } = await fixture.runPipe({
      DEBUG: 'x',
      TOKEN: 'a b',
      WORKSPACE: 'a b',
      EXTRA_ARGS: "['--nope', '--retries', '99']",
    });
    for (const name of ['DEBUG', 'TOKEN', 'WORKSPACE', 'EXTRA_ARGS', 'FILENAME'])
      expect(output).toContain(`${name}:\n- `);
    expect(output).toContain('--nope');
    expect(output).toContain('option --retries needs a whole number from 0 to 20, not "99"');
  });
});

describe('tokens', () => {
  it.each([
    ['an access token alone', { TOKEN: tokens.accessToken }],
    ['an access token with an unnecessary USERNAME', { TOKEN: tokens.accessToken, USERNAME: 'someone' }],
    ['an API token with its email', { TOKEN: tokens.apiToken, USERNAME: tokens.apiUser }],
    ['a token of an unknown kind alone', { TOKEN: tokens.plainToken }],
    ['a token of an unknown kind with a user name', { TOKEN: tokens.plainToken, USERNAME: 'robot' }],
    ['a token that was stored with a trailing line break', { TOKEN: `${tokens.accessToken}\n` }],
    ['an API token that may only write', { TOKEN: tokens.writeOnlyApiToken, USERNAME: tokens.apiUser }],
  ])('%s works', async (_, env) => {
    const { exitCode } = await fixture.runPipe({ FILENAME: 'dist/*', ...env });
    expect(exitCode).toBe(0);
    expect([...fixture.sandbox.downloads.keys()].sort()).toEqual(['a.zip', 'b.zip']);
  });

  const refused: readonly (readonly [title: string, env: Environment, status: string, advice: string])[] = [
    [
      'an expired token',
      { TOKEN: tokens.expiredToken },
      '401 Token is invalid',
      'What to do: The access token has expired or was revoked',
    ],
    [
      'an API token with another email',
      { TOKEN: tokens.apiToken, USERNAME: 'other@acme.example' },
      '401 ',
      'What to do: Check that USERNAME is the email of the Atlassian account',
    ],
    [
      'an invalid token of an unknown kind',
      { TOKEN: 'something-else-entirely-0123456789' },
      '401 ',
      'What to do: TOKEN was sent as an access token, because USERNAME is not set',
    ],
    [
      'a token without the scope',
      { TOKEN: tokens.readOnlyAccessToken },
      '403 ',
      'What to do: The token lacks the scope repository:write; it has repository.',
    ],
    [
      'a token of another workspace',
      { TOKEN: tokens.otherWorkspaceToken },
      '404 ',
      'What to do: The repository acme/app does not exist, or the token cannot see it',
    ],
    [
      'a workspace that does not exist',
      { WORKSPACE: 'nobody' },
      '404 ',
      'What to do: The repository nobody/app does not exist',
    ],
  ];

  it.each(refused)('%s: shows the status, the reason, the request ID and advice', async (_, env, status, advice) => {
    const { exitCode, output } = await fixture.runPipe({ FILENAME: 'dist/*', ...env });
    expect(exitCode).toBe(1);
    expect(output).toContain(status);
    expect(output).toMatch(/\(request id \w+\)/);
    expect(output).toContain(advice);
    expect(output).toContain('a.zip: NOT published');
    expect([...fixture.sandbox.downloads.keys()]).toEqual([]);
  });
});

describe('accepts the variables of atlassian/bitbucket-upload-file', () => {
  const pipelines: Environment = {
    TOKEN: undefined,
    WORKSPACE: undefined,
    REPOSITORY: undefined,
    BITBUCKET_REPO_OWNER: 'acme',
    BITBUCKET_WORKSPACE: 'acme',
    BITBUCKET_REPO_SLUG: 'app',
  };

  it.each([
    ['an access token', { BITBUCKET_ACCESS_TOKEN: tokens.accessToken, FILENAME: 'package.json' }, ['package.json']],
    [
      'an API token',
      { ATLASSIAN_ACCOUNT_EMAIL: tokens.apiUser, ATLASSIAN_API_TOKEN: tokens.apiToken, FILENAME: 'package.json' },
      ['package.json'],
    ],
    ['a glob', { BITBUCKET_ACCESS_TOKEN: tokens.accessToken, FILENAME: 'dist/*.zip' }, ['a.zip', 'b.zip']],
    [
      'several files in one text',
      { BITBUCKET_ACCESS_TOKEN: tokens.accessToken, FILENAME: 'package.json README.md dist/*' },
      ['README.md', 'a.zip', 'b.zip', 'package.json'],
    ],
    [
      'another account and repository',
      {
        BITBUCKET_REPO_OWNER: 'x',
        BITBUCKET_WORKSPACE: 'x',
        BITBUCKET_REPO_SLUG: 'y',
        BITBUCKET_ACCESS_TOKEN: tokens.accessToken,
        ACCOUNT: 'acme',
        REPOSITORY: 'app',
        FILENAME: 'package.json',
        DEBUG: 'true',
      },
      ['package.json'],
    ],
    [
      'an API token in place of the app password',
      { BITBUCKET_USERNAME: tokens.apiUser, BITBUCKET_APP_PASSWORD: tokens.apiToken, FILENAME: 'package.json' },
      ['package.json'],
    ],
    [
      'more than ten files',
      { BITBUCKET_ACCESS_TOKEN: tokens.accessToken, FILENAME: 'many/*' },
      Array.from({ length: 11 }, (_, index) => `f${index}`).sort(),
    ],
  ] as const)('%s', async (_, env, expected) => {
    await mkdir(join(fixture.directory, 'many'));
    for (let index = 0; index < 11; index++) await writeFile(join(fixture.directory, `many/f${index}`), '');
    const { exitCode } = await fixture.runPipe({ ...pipelines, ...env });
    expect(exitCode).toBe(0);
    expect([...fixture.sandbox.downloads.keys()].sort()).toEqual([...expected]);
  });
});

it('a signal while the plan is printed ends the run before anything else, even a dry run', async () => {
  const { run } = await import('../pipe/run.ts');
  const signals = new EventEmitter();
  let output = '';
  const parts = {
    stdout: {
      write(text: string) {
        output += text;
        if (text.includes('Publishing 1 file')) signals.emit('SIGTERM');
      },
    },
    signals,
    workingDirectory: fixture.directory,
    nodeVersion: 'v0.0.0',
    metadataPaths: [],
  };
  const target = { WORKSPACE: 'acme', REPOSITORY: 'app', API_URL: fixture.sandbox.apiUrl, TOKEN: tokens.accessToken };
  const env = { ...target, FILENAME: 'package.json', EXTRA_ARGS: '--dry-run', NO_COLOR: '1' };
  expect([await run(env, parts), output]).toEqual([
    143,
    expect.stringMatching(/^✖ Stopped by SIGTERM\n {2}nothing was published\n$/m),
  ]);
});

describe('the output', () => {
  it.each([
    ['a log', undefined, 'dumb', true],
    ['a terminal', true, 'xterm', true],
    ['a terminal that cannot move its cursor', true, 'dumb', false],
  ])('has colours in %s: isTTY %s, TERM %s: %s', async (_, isTTY, TERM, hasColours) => {
    let text = '';
    const { run } = await import('../pipe/run.ts');
    const parts = { signals: process, workingDirectory: fixture.directory, nodeVersion: 'v0.0.0', metadataPaths: [] };
    await run({ TERM }, { ...parts, stdout: { write: (chunk) => (text += chunk), ...(isTTY && { isTTY }) } });
    expect(text).toContain('✖ Validation errors:');
    expect(text.includes('\u001B[31m')).toBe(hasColours);
  });

  it('follows the conventions of pipes: colours even without a terminal, but none with NO_COLOR', async () => {
    const lines: string[] = [];
    const { run } = await import('../pipe/run.ts');
    const parts = {
      stdout: { write: (text: string) => lines.push(text) },
      signals: process,
      workingDirectory: fixture.directory,
      nodeVersion: 'v0.0.0',
      metadataPaths: [],
    };
    const env = {
      TOKEN: tokens.accessToken,
      API_URL: fixture.sandbox.apiUrl,
      WORKSPACE: 'acme',
      REPOSITORY: 'app',
      FILENAME: 'package.json',
    };
    await run(env, parts);
    expect(lines[0]).toMatch(/^\u001B\[32mINFO: Publishing 1 file, 12 B, to .*\u001B\[0m\n$/);
    expect(lines.at(-1)).toMatch(/^\u001B\[32m✔ Uploaded 1 file.*\n {2}http.*\u001B\[0m\n$/);
    await run({ ...env, FILENAME: 'nope' }, parts);
    expect(lines.at(-1)).toMatch(/^\u001B\[31m✖ nope matches no file.*\nWhat to do: .*\u001B\[0m\n$/);
    lines.length = 0;
    await run({ ...env, NO_COLOR: '1' }, parts);
    await run({ ...env, FORCE_COLOR: '0' }, parts);
    expect(lines.join('')).not.toContain('\u001B');
    await run({ ...env, NO_COLOR: '1', FORCE_COLOR: '1' }, parts);
    expect(lines.at(-1)).toMatch(/^\u001B\[32m✔ /);
  });

  it('has a stack trace only with DEBUG, and not for problems of the variables', async () => {
    const trace = /^ +at \w.*:\d+:\d+\)?$/m;
    for (const DEBUG of ['false', 'true']) {
      const failed = await fixture.runPipe({ FILENAME: 'dist/*', TOKEN: tokens.expiredToken, DEBUG });
      expect([failed.exitCode, trace.test(failed.output)]).toEqual([1, DEBUG === 'true']);
      const invalid = await fixture.runPipe({ FILENAME: 'dist/*', TYPE: 'nothing', DEBUG });
      expect([invalid.exitCode, trace.test(invalid.output)]).toEqual([1, false]);
    }
  });

  it('does not contain the token if a server echoes it, in any encoding', async () => {
    const basic = Buffer.from(`${tokens.apiUser}:${tokens.apiToken}`).toString('base64');
    const body = JSON.stringify({
      error: { message: `you sent ${tokens.apiToken}, ${encodeURIComponent(tokens.apiToken)} and ${basic}` },
    });
    fixture.sandbox.inject({
      method: 'POST',
      action: { kind: 'status', status: 400, body, headers: { 'x-request-id': tokens.apiToken } },
    });
    const { exitCode, output } = await fixture.runPipe({
      FILENAME: 'package.json',
      USERNAME: tokens.apiUser,
      TOKEN: tokens.apiToken,
      DEBUG: 'true',
    });
    expect(exitCode).toBe(1);
    expect(output).toContain('400 you sent ***, *** and');
  });

  it('cannot be coloured, or given new lines, by a server', async () => {
    fixture.sandbox.inject({
      method: 'POST',
      action: { kind: 'status', status: 400, body: '{"error":"\\u001b[2J\\n✔ all fine"}' },
    });
    const { output } = await fixture.runPipe({ FILENAME: 'package.json' });
    expect(output).not.toContain('\u001B');
    expect(output).not.toMatch(/^✔/m);
  });

  it('cannot be coloured, or given new lines, by a file name', async () => {
    await writeFile(join(fixture.directory, 'evil\u202E\n✔ fine.txt'), '');
    const { exitCode, output } = await fixture.runPipe({ FILENAME: 'evil*' });
    expect(exitCode).toBe(0);
    expect(output.match(/^✔.*$/gm)).toEqual([expect.stringMatching(/^✔ Uploaded 1 file/)]);
    expect(output).not.toContain('\u202E');
    await writeFile(join(fixture.directory, 'colour\u001B[31m.txt'), '');
    const refused = await fixture.runPipe({ FILENAME: 'colour*' });
    expect(refused.exitCode).toBe(1);
    expect(refused.output).not.toContain('\u001B');
  });
});
