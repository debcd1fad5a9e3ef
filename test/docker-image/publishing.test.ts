import { createHash, randomBytes } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { arrayVariables } from '../run-pipe.ts';
import type { Fault } from '../sandbox/faults.ts';
import { tokens } from '../sandbox/tokens.ts';
import { pipeStorage, useStep, variablesFile } from './run-pipe.ts';

const step = useStep();

const app = randomBytes(3_000_000);
const notes = 'What is new\n';

beforeEach(async () => {
  await step.write('module/dist/app.zip', app);
  await step.write('module/dist/notes.txt', notes);
});

const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');

/** The size and digest of each download, by name. */
async function uploaded(): Promise<Readonly<Record<string, string>>> {
  const { downloads } = await step.sandbox.state();
  return Object.fromEntries(downloads.map(({ name, size, sha256: digest }) => [name, `${size} ${digest}`]));
}

const sizeAndDigest = (content: string | Buffer): string => `${Buffer.byteLength(content)} ${sha256(content)}`;

/** Owner, mode and time of every file in the clone, except those that the pipe writes. */
async function inventory(): Promise<readonly string[]> {
  const paths = await readdir(step.clone, { recursive: true });
  const lines = paths
    .filter((path) => !path.startsWith('.bitbucket'))
    .map(async (path) => {
      const { uid, gid, mode, size, mtimeMs } = await lstat(join(step.clone, path));
      return [path, uid, gid, mode, size, mtimeMs].join(' ');
    });
  return (await Promise.all(lines)).sort();
}

it('publishes, and hands the results to Pipelines', async () => {
  const before = await inventory();
  const { exitCode, output, errors } = await step.runPipe({ FILENAME: 'dist/*', DEBUG: 'true' });
  expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: '' });
  const url = `${step.sandbox.apiUrl}/repositories/acme/app/downloads/`;
  expect(output).toMatch(new RegExp(`\n✔ Uploaded 2 files, 3\\.00 MB .*\n(?:  .*\n)*  ${url}notes\\.txt\n$`));
  expect(await uploaded()).toEqual({ 'app.zip': sizeAndDigest(app), 'notes.txt': sizeAndDigest(notes) });

  const result: unknown = JSON.parse(await readFile(join(step.clone, pipeStorage, 'result.json'), 'utf8'));
  expect(result).toEqual({
    schemaVersion: 1,
    pipe: 'bitbucket-upload-package',
    type: 'file',
    items: [
      { name: 'app.zip', size: app.length, url: `${url}app.zip`, sha256: sha256(app), action: 'uploaded' },
      { name: 'notes.txt', size: notes.length, url: `${url}notes.txt`, sha256: sha256(notes), action: 'uploaded' },
    ],
    deleted: [],
    seconds: expect.any(Number),
  });
  expect(await readFile(join(step.clone, variablesFile), 'utf8')).toBe(
    `UPLOAD_ACTION=uploaded\nUPLOAD_COUNT=2\nUPLOAD_SKIPPED_COUNT=0\nUPLOAD_URL=${url}\n`,
  );
  expect((await step.sandbox.state()).violations).toEqual([]);
  expect(await inventory()).toEqual(before);
});

it('publishes names with spaces, quotes, other alphabets and line breaks', async () => {
  const names = [
    'User Guide.pdf',
    `it's "1"$HOME.txt`,
    'Übersicht 日本語 🚀.md',
    'two\nlines.txt',
    '-rf',
    '50 % off.txt',
  ];
  for (const name of names) await step.write(`module/odd/${name}`, name);
  const { exitCode, output } = await step.runPipe({ FILENAME: 'odd/*' });
  expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringContaining('Uploaded 6 files') });
  expect(await uploaded()).toEqual(Object.fromEntries(names.map((name) => [name, sizeAndDigest(name)])));
  expect((await step.sandbox.state()).violations).toEqual([]);
});

describe('accepts arrays', () => {
  const files = ['dist/app.zip', 'module notes/User Guide.txt'];
  const forms = {
    'as Pipelines passes them': {
      ...arrayVariables('FILENAME', files),
      ...arrayVariables('EXTRA_ARGS', ['--checksums']),
    },
    'as YAML sequences': { FILENAME: `['${files.join("', '")}']`, EXTRA_ARGS: '["--checksums"]' },
    'as single values': { FILENAME: '{dist/app.zip,module notes/*}', EXTRA_ARGS: '--checksums' },
  };

  it.each(Object.entries(forms))('%s', async (_, variables) => {
    await step.write('module/module notes/User Guide.txt', 'Read me');
    const { exitCode, output } = await step.runPipe(variables);
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringContaining('✔ ') });
    const sums = `${sha256('Read me')}  User Guide.txt\n${sha256(app)}  app.zip\n`;
    expect(await uploaded()).toEqual({
      'app.zip': sizeAndDigest(app),
      'User Guide.txt': sizeAndDigest('Read me'),
      SHA256SUMS: expect.stringMatching(new RegExp(`^${sums.length} `)),
    });
  });
});

it('reports all invalid variables together, and sends nothing', async () => {
  const { exitCode, output } = await step.runPipe({
    TOKEN: '',
    FILENAME_1: 'dist/app.zip',
    EXTRA_ARGS: "['--keep', 'many', '--force']",
    DEBUG: 'maybe',
    REPOSITORY: 'acme/app',
  });
  expect(exitCode).toBe(1);
  expect(output).toMatch(/^✖ Validation errors:\n/);
  for (const problem of [
    'TOKEN:\n- required field',
    'FILENAME_COUNT:\n- required field',
    'DEBUG:\n- must be of boolean type',
    'REPOSITORY:\n- ',
  ])
    expect(output).toContain(`\n${problem}`);
  expect(output).toMatch(/\nEXTRA_ARGS:\n(?:- .*\n)*- .*--keep needs a whole number/);
  expect(output).toMatch(/\nEXTRA_ARGS:\n(?:- .*\n)*- .*unknown option "--force"/);
  expect((await step.sandbox.state()).requests).toEqual([]);
});

describe('fails with a reason and advice, and publishes nothing', () => {
  const cases = {
    'an expired token': [{ TOKEN: tokens.expiredToken }, '401', 'has expired or was revoked'],
    'an API token of another account': [
      { TOKEN: tokens.apiToken, USERNAME: 'somebody@else.example' },
      '401',
      'Check that USERNAME is the email',
    ],
    'a token without the scope': [{ TOKEN: tokens.readOnlyAccessToken }, '403', 'lacks the scope repository:write'],
    'a repository that does not exist': [{ REPOSITORY: 'gone' }, '404', 'The repository acme/gone does not exist'],
  } as const;

  it.each(Object.entries(cases))('%s', async (_, [variables, status, advice]) => {
    const { exitCode, output } = await step.runPipe({ FILENAME: 'dist/*', DEBUG: 'true', ...variables });
    expect(exitCode).toBe(1);
    expect(output).toMatch(new RegExp(`✖ .*\\n.*: ${status} `));
    expect(output).toMatch(/app\.zip: NOT published/);
    expect(output).toMatch(/notes\.txt: NOT published/);
    expect(output).toContain(advice);
    expect(await uploaded()).toEqual({});
    expect((await step.sandbox.state()).violations).toEqual([]);
  });
});

describe('survives', () => {
  const faults: Readonly<Record<string, Fault['action']>> = {
    'a server that is overloaded': { kind: 'status', status: 503, headers: { 'Retry-After': '1' } },
    'a connection that is reset': { kind: 'reset', afterBytes: 500_000 },
  };

  it.each(Object.entries(faults))('%s', async (_, action) => {
    await step.sandbox.inject({ method: 'POST', filename: 'app.zip', action });
    const { exitCode, output } = await step.runPipe({ FILENAME: 'dist/app.zip' });
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringMatching(/WARNING: .*\n(?:.*\n)*✔ /) });
    expect(await uploaded()).toEqual({ 'app.zip': sizeAndDigest(app) });
    const { requests } = await step.sandbox.state();
    expect(requests.filter(({ method }) => method === 'POST')).toHaveLength(2);
  });
});
