import { describe, expect, it } from '@jest/globals';
import type { DownloadsOutcome, OutcomeItem } from '../../../pipe/destinations/downloads/outcome.ts';
import type { DownloadsPlan } from '../../../pipe/destinations/downloads/plan.ts';
import { concludeDownloads, planText } from '../../../pipe/destinations/downloads/report.ts';
import type { FileSettings } from '../../../pipe/destinations/downloads/settings.ts';
import { insightsReport } from '../../../pipe/destinations/report.ts';
import { readSettings } from '../../../pipe/read-settings.ts';
import { type Report, reportRequest } from '../../../pipe/toolkit/code-insights.ts';
import { createSecrets } from '../../../pipe/toolkit/scrub.ts';

const same = (text: string): string => text;
const page = 'https://bitbucket.org/acme/app/downloads/';

async function settings(...args: readonly string[]): Promise<FileSettings> {
  return (await readSettings({
    TOKEN: 'token',
    FILENAME: 'x',
    WORKSPACE: 'acme',
    REPOSITORY: 'app',
    EXTRA_ARGS: JSON.stringify(args),
  })) as FileSettings;
}

function item(name: string, given: Partial<OutcomeItem> = {}): OutcomeItem {
  return { name, size: 1_000, url: page + encodeURIComponent(name), action: 'uploaded', ...given };
}

function outcome(...items: readonly OutcomeItem[]): DownloadsOutcome {
  return { items, deleted: [] };
}

describe('planText', () => {
  it('shows each file with its size and its new name, and the target', async () => {
    const given = plan(['a.zip', 'a.zip', 1_500_000], ['dist/b.zip', 'b.zip', 0], ['c.zip', 'renamed.zip', 1]);
    expect(planText(given, await settings(), same)).toEqual({
      lines: [
        'Publishing 3 files, 1.50 MB, to the downloads of acme/app',
        '  a.zip, 1.50 MB',
        '  dist/b.zip, 0 B',
        '  c.zip as renamed.zip, 1 B',
      ],
      warnings: [],
    });
  });

  it('shows the checksums and deletions that follow', async () => {
    const { lines } = planText(
      plan(['a', 'a', 1]),
      await settings('--checksums', '--keep=5', '--keep-pattern=*.zip'),
      same,
    );
    expect(lines).toEqual([
      'Publishing 1 file and SHA256SUMS, 1 B, to the downloads of acme/app',
      '  a, 1 B',
      'Then deleting all but the newest 5 downloads that match *.zip',
    ]);
  });

  it('names one download to keep in the singular', async () => {
    const { lines } = planText(plan(['a', 'a', 1]), await settings('--keep=1', '--keep-pattern=*.zip'), same);
    expect(lines.at(-1)).toBe('Then deleting all but the newest download that matches *.zip');
  });

  it('warns of directories that are left out, and of words that match nothing', async () => {
    const given = { ...plan(['a', 'a', 1]), leftOutDirectories: ['dist', 'a\nb'], warnings: ['x matches no file'] };
    expect(planText(given, await settings(), same).warnings).toEqual([
      'x matches no file',
      'dist is a directory, so it is left out: use dist/** for its files',
      String.raw`"a\nb" is a directory, so it is left out: use "a\nb"/** for its files`,
    ]);
  });

  it('truncates a long list, and warns of more requests than Bitbucket allows', async () => {
    const files = Array.from({ length: 901 }, (_, index) => [`f${index}`, `f${index}`, 1] as const);
    const { lines, warnings } = planText(plan(...files), await settings(), same);
    expect(lines.slice(1)).toEqual(['  f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13 and 887 more']);
    const dryRun = planText(plan(...files), await settings('--dry-run'), same).lines;
    expect([dryRun.length, dryRun.at(50), dryRun.at(51)]).toEqual([52, '  f49, 1 B', '  … and 851 more']);
    expect(warnings).toEqual([
      '901 files need 901 requests, and Bitbucket allows about 1,000 an hour: an archive of them needs only one',
    ]);
    expect(planText(plan(...files.slice(1)), await settings(), same).warnings).toEqual([]);
    expect(planText(plan(...files.slice(0, 5)), await settings(), same).lines).toHaveLength(6);
  });

  it('does not let a file name start a new line', async () => {
    const { lines } = planText(plan(['x\nERROR: y', 'x\nERROR: y', 1]), await settings(), same);
    expect(lines.at(1)).toBe(String.raw`  "x\nERROR: y", 1 B`);
  });
});

describe('the summary', () => {
  it.each<[string, DownloadsOutcome, number, readonly string[]]>([
    ['one file', outcome(item('a')), 2_000, ['Uploaded 1 file, 1.00 kB in 2.0 s (500 B/s)', `  ${page}a`]],
    [
      'uploaded, skipped and deleted files',
      {
        items: [item('a'), item('b', { sha256: '0123456789abcdef' }), item('c', { action: 'skipped' })],
        deleted: ['d'],
      },
      333.3,
      [
        'Uploaded 2 files, 2.00 kB in 333 ms (6.00 kB/s)',
        '  a  1.00 kB                       uploaded',
        '  b  1.00 kB  sha256:0123456789ab  uploaded',
        '  c  1.00 kB                       skipped',
        '  skipped 1 already there: 1.00 kB and 1 request not sent',
        '  deleted 1 old',
        `  ${page}a`,
        `  ${page}b`,
        `  ${page}c`,
      ],
    ],
    [
      'skipped files only',
      outcome(item('a', { action: 'skipped' })),
      100,
      [
        'Nothing to upload: the file is there already',
        '  skipped 1 already there: 1.00 kB and 1 request not sent',
        `  ${page}a`,
      ],
    ],
    ['a run of 0 ms', outcome(item('a')), 0, ['Uploaded 1 file, 1.00 kB in 0 ms', `  ${page}a`]],
  ])('of %s', async (_, given, elapsedMs, text) => {
    expect(concludeDownloads(given, await settings()).summary(elapsedMs, same)).toEqual(text);
  });
});

it('shows for each file of a failed run whether it was published', async () => {
  const given = { ...outcome(item('a b'), item('b', { action: 'skipped' })), error: new Error('refused') };
  expect(concludeDownloads(given, await settings()).failureLines).toEqual([
    `  a b: published, ${page}a%20b`,
    '  b: already there, left as it is',
  ]);
});

it('the result has the items unchanged, and what was deleted', async () => {
  const given = { items: [item('a', { sha256: 'ab' })], deleted: ['old'] };
  expect(concludeDownloads(given, await settings()).result).toEqual(given);
});

describe('the output variables', () => {
  it('for one file are its URL and its checksum', async () => {
    expect(concludeDownloads(outcome(item('a b', { sha256: 'ab' })), await settings()).variables).toEqual({
      UPLOAD_ACTION: 'uploaded',
      UPLOAD_URL: `${page}a%20b`,
      UPLOAD_COUNT: '1',
      UPLOAD_SKIPPED_COUNT: '0',
      UPLOAD_SHA256: 'ab',
    });
  });

  it('for several files are the page and the number of files', async () => {
    expect(concludeDownloads(outcome(item('a', { sha256: 'ab' }), item('b')), await settings()).variables).toEqual({
      UPLOAD_ACTION: 'uploaded',
      UPLOAD_URL: page,
      UPLOAD_COUNT: '2',
      UPLOAD_SKIPPED_COUNT: '0',
      UPLOAD_SHA256: undefined,
    });
  });

  it('say what was there already, and how many old downloads were deleted', async () => {
    const given = { ...outcome(item('a', { action: 'skipped' })), deleted: ['old'] };
    const retention = { keep: 1, pattern: '*' };
    expect(concludeDownloads(given, { ...(await settings()), retention }).variables).toMatchObject({
      UPLOAD_ACTION: 'skipped',
      UPLOAD_COUNT: '1',
      UPLOAD_SKIPPED_COUNT: '1',
      UPLOAD_DELETED_COUNT: '1',
    });
  });
});

const run = { type: 'file', target: { server: page, name: 'a b' }, elapsedMs: 1 };

describe('the Code Insights report', () => {
  it('has the totals, and links to the uploaded files', async () => {
    const given = outcome(item('a b', { size: 500 }), item('b', { action: 'skipped' }));
    expect(insightsReport({ ...run, elapsedMs: 1234.5 }, concludeDownloads(given, await settings()).report)).toEqual({
      id: expect.stringMatching(/^bitbucket-upload-package-file-[0-9a-f]{16}$/),
      title: 'Published to Downloads',
      details: '1 file, 500 B',
      reporter: 'bitbucket-upload-package',
      result: 'PASSED',
      link: page,
      data: [
        { title: 'Files', type: 'NUMBER', value: 1 },
        { title: 'Duration', type: 'DURATION', value: 1235 },
        { title: 'a b', type: 'LINK', value: { text: 'a b', href: `${page}a%20b` } },
      ],
    });
  });

  it("stays within the API's limit of ten data fields, even with many files and long names", async () => {
    const given = outcome(...Array.from({ length: 20 }, (_, index) => item(`${index}\n${'x'.repeat(250)}`)));
    const report = insightsReport(run, concludeDownloads(given, await settings()).report);
    expect(report.data).toHaveLength(10);
    const { data } = JSON.parse(reportRequest({}, report, createSecrets([]).scrub).body) as Report;
    expect(data).toHaveLength(10);
    for (const { title } of data) expect(title.length).toBeLessThanOrEqual(100);
    expect(data.at(2)?.title).toMatch(/^"0\\nx+$/);
  });
});

function plan(...files: readonly (readonly [path: string, name: string, size: number])[]): DownloadsPlan {
  return {
    files: files.map(([path, name, size]) => ({
      source: { path, absolutePath: `/${path}`, size, fingerprint: '' },
      name,
    })),
    totalBytes: files.reduce((sum, [, , size]) => sum + size, 0),
    leftOutDirectories: [],
    warnings: [],
  };
}
