/** What a run does besides uploading: it looks for a newer version, reports to Code Insights, and says who it is. */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { answer, type Reaction, reset, serve, stall } from './http/test-servers.ts';
import { repositoryPath } from './own-names.ts';
import { patience } from './patience.ts';
import { arrayVariables, useSandbox } from './run-pipe.ts';
import { until } from './until.ts';

const fixture = useSandbox();
const newer = new RegExp(
  `WARNING: New version available: ${repositoryPath}:(\\S+) \\(this is 0\\.\\d+\\.\\d+\\), https://bitbucket\\.org/${repositoryPath}/src/\\1/CHANGELOG\\.md$`,
  'm',
);

/** Uploads a file, which takes as long as reading the list. @returns the version that the output names, and the requests */
async function uploadWith(list: Reaction, ...args: readonly string[]) {
  await using lists = await serve(list);
  await using api = await serve(async (exchange) => {
    while (lists.received.length === 0) await delay(1);
    await delay(patience(100));
    answer(201)(exchange);
  });
  await writeFile(join(fixture.directory, 'a.txt'), 'content');
  const ended = await fixture.runPipe(
    { FILENAME: 'a.txt', API_URL: api.url('/2.0').href, ...arrayVariables('EXTRA_ARGS', args) },
    { versionListUrl: lists.url('/tags').href },
  );
  expect(ended).toMatchObject({ exitCode: 0, output: expect.stringMatching(/^✔ /m) });
  return { found: newer.exec(ended.output)?.[1], requests: lists.received };
}

const listOf = (version: string, padding = ''): Reaction =>
  answer(200, JSON.stringify({ values: [{ name: '0.0.0', padding }, { name: version }] }));

describe('a newer version', () => {
  it.each([
    ['99.1.2', '99.1.2'],
    ['0.0.1', undefined],
    ['latest', undefined],
  ])('%s among the tags', async (version, expected) => {
    const { found, requests } = await uploadWith(listOf(version, 'x'.repeat(100_000)));
    expect(found).toBe(expected);
    expect(requests).toMatchObject([{ method: 'GET', target: '/tags' }]);
    expect(requests[0]?.headers['authorization']).toBeUndefined();
  });

  it.each([
    ['as long as one may be', 0, '99.1.2'],
    ['longer than that', 1, undefined],
  ])('in a list that is %s', async (_, excess, expected) => {
    const emptyBytes = JSON.stringify({ values: [{ name: '0.0.0', padding: '' }, { name: '99.1.2' }] }).length;
    const { found } = await uploadWith(listOf('99.1.2', 'x'.repeat(4 * 1024 * 1024 - emptyBytes + excess)));
    expect(found).toBe(expected);
  });

  it('is not looked for in a dry run', async () => {
    expect((await uploadWith(listOf('99.1.2'), '--dry-run')).requests).toEqual([]);
  });

  it.each<[string, Reaction]>([
    ['is not there', answer(404)],
    ['is a web page', answer(200, '<html>')],
    ['is reset', reset(0)],
    ['never comes', stall(0)],
  ])('does not matter if the list %s', async (_, list) => {
    const { found, requests } = await uploadWith(list);
    expect(found).toBeUndefined();
    expect(requests).toHaveLength(1);
  });
});

it('requests name the pipe and its version', async () => {
  await writeFile(join(fixture.directory, 'a.txt'), 'content');
  await fixture.runPipe({ FILENAME: 'a.txt' });
  const agents = fixture.sandbox.requests.map(({ headers }) => headers['user-agent']);
  expect(new Set(agents)).toEqual(new Set([expect.stringMatching(/^bitbucket-upload-package\/\d+\.\d+\.\d+$/)]));
});

describe('a report to Code Insights', () => {
  const pipeline = {
    BITBUCKET_PIPELINE_UUID: '{0}',
    BITBUCKET_WORKSPACE: 'acme',
    BITBUCKET_REPO_SLUG: 'app',
    BITBUCKET_REPO_OWNER: 'acme',
    BITBUCKET_COMMIT: '0123456789abcdef0123456789abcdef01234567',
  };

  it.each<[string, Readonly<Record<string, string>>, readonly string[], number]>([
    ['is sent in a pipeline', pipeline, [], 1],
    ['is not sent with --no-report', pipeline, ['--no-report'], 0],
    ['is not sent in a dry run', pipeline, ['--dry-run'], 0],
    ['is not sent elsewhere', {}, [], 0],
    ['is not sent if the commit is not known', { ...pipeline, BITBUCKET_COMMIT: '' }, [], 0],
  ])('%s', async (_, env, args, expected) => {
    await writeFile(join(fixture.directory, 'a.txt'), 'content');
    const ended = await fixture.runPipe({ FILENAME: 'a.txt', ...env, ...arrayVariables('EXTRA_ARGS', args) });
    expect(ended.exitCode).toBe(0);
    expect(ended.output).not.toContain('WARNING');
    expect(fixture.sandbox.reports.size).toBe(expected);
  });

  it.each([
    ['refused', { kind: 'status', status: 400 }, /^WARNING: Code Insights has no report of this run: PUT .*: 400 /m],
    ['cut off', { kind: 'reset' }, undefined],
  ] as const)('that is %s does not break the run', async (_, action, warning) => {
    await writeFile(join(fixture.directory, 'a.txt'), 'content');
    fixture.sandbox.inject({ server: 'proxy', action });
    const { exitCode, output } = await fixture.runPipe({ FILENAME: 'a.txt', ...pipeline });
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringMatching(/^✔ /m) });
    if (warning === undefined) expect(output).not.toContain('WARNING');
    else expect(output).toMatch(warning);
    expect(fixture.sandbox.reports.size).toBe(0);
  });

  const reports = (): readonly unknown[] => [...fixture.sandbox.reports.values()];

  it('is one for each target, so that the second entry of a commit does not replace the first', async () => {
    for (const name of ['a.txt', 'b.txt']) await writeFile(join(fixture.directory, name), 'content');
    for (const FILENAME of ['a.txt', 'b.txt', 'a.txt']) await fixture.runPipe({ FILENAME, ...pipeline });
    await fixture.runPipe({ FILENAME: 'a.txt', ...pipeline, ...arrayVariables('EXTRA_ARGS', ['--name', 'c.txt']) });
    expect(reports()).toMatchObject(
      ['a.txt', 'b.txt', 'c.txt'].map((title) => ({
        result: 'PASSED',
        data: expect.arrayContaining([expect.objectContaining({ title, type: 'LINK' })]),
      })),
    );
  });

  it.each<[string, Readonly<Record<string, string>>, RegExp]>([
    ['a file is missing', { FILENAME: 'dist/*' }, /^dist\/\* matches no file in /],
    [
      'the server refuses it',
      { FILENAME: 'a.txt', WORKSPACE: 'nobody' },
      /^.*404 .*\n {2}a\.txt: NOT published(?:\n|$)/,
    ],
  ])('is FAILED, with the reason, if %s, and PASSED as soon as the run succeeds', async (_, env, details) => {
    await writeFile(join(fixture.directory, 'a.txt'), 'content');
    const failed = await fixture.runPipe({ ...pipeline, ...env });
    expect(failed.exitCode).toBe(1);
    expect(reports()).toEqual([
      {
        title: `Not published: ${env['FILENAME']}`,
        details: expect.stringMatching(details),
        report_type: 'TEST',
        reporter: 'bitbucket-upload-package',
        result: 'FAILED',
        data: [{ title: 'Duration', type: 'DURATION', value: expect.any(Number) }],
      },
    ]);
    if (env['WORKSPACE'] !== undefined) return;
    await mkdir(join(fixture.directory, 'dist'));
    await writeFile(join(fixture.directory, 'dist/a.zip'), 'content');
    await fixture.runPipe({ ...pipeline, ...env });
    expect(reports()).toMatchObject([{ result: 'PASSED' }]);
  });

  it('is FAILED if the run is stopped', async () => {
    await writeFile(join(fixture.directory, 'a.txt'), 'content');
    fixture.sandbox.inject({ server: 'api', method: 'POST', action: { kind: 'stall' } });
    const running = fixture.runPipe({ FILENAME: 'a.txt', ...pipeline });
    await until(() => fixture.sandbox.requests.length > 0, running);
    fixture.signal('SIGTERM');
    expect(await running).toMatchObject({ exitCode: 143 });
    expect(reports()).toMatchObject([{ result: 'FAILED', details: expect.stringMatching(/^Stopped by SIGTERM\n/) }]);
  });
});
