import { appendFile, mkdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { Fault } from '../../sandbox/faults.ts';
import { tokens } from '../../sandbox/tokens.ts';
import { arrayVariables } from '../../run-pipe.ts';
import { repositoryPath } from '../../own-names.ts';
import { patience } from '../../patience.ts';
import { large, usePublishFixture } from './publish-fixture.ts';

const { fixture, write, landed, requests } = usePublishFixture();

/** Of the uploads. */
function mostAtOnce(): number {
  const edges = fixture.sandbox.requests
    .filter(({ method }) => method === 'POST')
    .flatMap(({ startedAt, endedAt = Infinity }) => [[startedAt, 1] as const, [endedAt, -1] as const])
    .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let now = 0;
  return Math.max(...edges.map(([, step]) => (now += step)));
}

describe('the log without DEBUG', () => {
  it.each([
    [1, [], 15],
    [10, [], 15],
    [10, ['--checksums'], 15],
    [10, ['--checksums=each'], 15],
    [200, [], 20],
    [200, ['--checksums=each'], 20],
  ])(
    'of %d small files with %j has at most %d lines, of at most 80 columns but for URLs and digests',
    async (count, args, most) => {
      for (let index = 0; index < count; index++) await write(`file-${index}.txt`, `${index}`);
      const { exitCode, output } = await fixture.upload('*.txt', ...args);
      expect(exitCode).toBe(0);
      const lines = output.split('\n').filter((line) => line !== '' && !line.startsWith('DEBUG: '));
      expect(lines.length).toBeLessThanOrEqual(most);
      const isWide = (line: string): boolean => line.length > 80 && !/https?:|sha256 \w{64}/.test(line);
      expect(lines.filter(isWide)).toEqual([]);
    },
  );
});

describe('what is sent is what lands', () => {
  it('files of sizes around the chunk size, and an empty one', async () => {
    const chunk = 1024 * 1024;
    const sizes = [0, 1, chunk - 1, chunk, chunk + 1, 3 * chunk + 5];
    const expected: Record<string, string> = {};
    for (const size of sizes) expected[`${size}.bin`] = await write(`${size}.bin`, Buffer.alloc(size, `${size}`));
    const { exitCode, output } = await fixture.upload('*.bin');
    expect(exitCode).toBe(0);
    expect(landed()).toEqual(expected);
    for (const name of Object.keys(expected)) expect(output).toMatch(new RegExp(`\\n  ${name} .* uploaded\\n`));
    expect(output).toMatch(/✔ Uploaded 6 files, [\d.]+ MB in .*\n(?: {2}.*\n){6} {2}http.*\/downloads\/\n$/);
  });

  it('names with spaces, quotes, line breaks, percent signs and other alphabets', async () => {
    const names = [
      'with space.txt',
      `q"uo'te.txt`,
      'new\nline.txt',
      'ünï 漢字 🎉.txt',
      '50%.txt',
      '-dash;semi=colon.txt',
    ];
    for (const name of names) await write(name);
    const { exitCode } = await fixture.upload('*.txt');
    expect(exitCode).toBe(0);
    expect(Object.keys(landed()).sort()).toEqual([...names].sort());
  });

  it('a name with a backslash, which servers read as a path, is refused before anything is sent', async () => {
    await write('back\\slash.txt');
    await write('other.txt');
    const { exitCode, output } = await fixture.upload('*.txt');
    expect(exitCode).toBe(1);
    expect(output).toContain('back\\slash.txt: a download cannot have a backslash or a control character in its name');
    expect(fixture.sandbox.requests).toEqual([]);
    expect((await fixture.upload('back*', '--name', 'slash.txt')).exitCode).toBe(0);
  });

  it('a name that the server stores differently is an error', async () => {
    await write('100%22.txt');
    const { exitCode, output } = await fixture.upload('*.txt');
    expect(exitCode).toBe(1);
    expect(output).toContain('100%22.txt is not in the listing, but 100".txt is, as large and as new');
  });

  it('each file in its own request, with an exact length, and at most --concurrency at a time', async () => {
    for (let index = 0; index < 12; index++) await write(`${index}.txt`);
    fixture.sandbox.inject({ method: 'POST', times: Infinity, action: { kind: 'delay', ms: 30 } });
    await fixture.upload('*.txt', '--concurrency', '3');
    const posts = fixture.sandbox.requests.filter(({ method }) => method === 'POST');
    expect(posts).toHaveLength(12);
    expect(posts.every(({ headers }) => /^\d+$/.test(String(headers['content-length'])))).toBe(true);
    expect(mostAtOnce()).toBe(3);
  });

  it('more small ones at a time than large ones, if nothing else is asked for', async () => {
    for (let index = 0; index < 24; index++) await write(`${index}.txt`);
    fixture.sandbox.inject({ method: 'POST', times: Infinity, action: { kind: 'delay', ms: 30 } });
    expect((await fixture.upload('*.txt')).exitCode).toBe(0);
    expect(mostAtOnce()).toBeGreaterThan(4);
    expect(mostAtOnce()).toBeLessThanOrEqual(16);
  });

  it('--name', async () => {
    const sha256 = await write('target/app.jar');
    const { exitCode, output } = await fixture.upload('target/*.jar', '--name', 'app 1.2.jar');
    expect(exitCode).toBe(0);
    expect(landed()).toEqual({ 'app 1.2.jar': sha256 });
    expect(output).toContain('target/app.jar as app 1.2.jar');
  });

  it('--name with two matching files sends nothing', async () => {
    await write('a.jar');
    await write('b.jar');
    const { exitCode, output } = await fixture.upload('*.jar', '--name', 'app.jar');
    expect(exitCode).toBe(1);
    expect(output).toContain('✖ --name renames one file, but FILENAME matches 2');
    expect(fixture.sandbox.requests).toEqual([]);
  });

  it('a dry run prints the plan and sends nothing at all', async () => {
    await write('a.txt');
    const { exitCode, output } = await fixture.upload(
      '*.txt',
      '--dry-run',
      '--skip-existing',
      '--checksums',
      '--verify',
      '--keep',
      '1',
      '--keep-pattern',
      '*.txt',
    );
    expect(exitCode).toBe(0);
    expect(output).toContain('  a.txt, 5 B');
    expect(output).toContain('Then deleting all but the newest download that matches *.txt');
    expect(output).toContain('✔ Dry run: nothing was sent');
    expect(fixture.sandbox.requests).toEqual([]);
  });

  it('directories that a glob matches cause a warning', async () => {
    await write('dist/a.txt');
    await write('dist/sub/b.txt');
    const { exitCode, output } = await fixture.upload('dist/*');
    expect(exitCode).toBe(0);
    expect(output).toContain('WARNING: dist/sub is a directory, so it is left out: use dist/sub/** for its files');
  });
});

describe('downloads that already exist', () => {
  it('are replaced by default', async () => {
    fixture.sandbox.put('a.txt', 'old');
    const sha256 = await write('a.txt', 'new');
    expect((await fixture.upload('a.txt')).exitCode).toBe(0);
    expect(landed()).toEqual({ 'a.txt': sha256 });
  });

  it('--skip-existing leaves them, warns if the size differs, and finds them on any page of the listing', async () => {
    for (let index = 0; index < 250; index++) fixture.sandbox.put(`old-${index}.txt`, 'old');
    await write('old-3.txt', 'old');
    await write('old-249.txt', 'another');
    const sha256 = await write('new.txt');
    const { exitCode, output } = await fixture.upload('*.txt', '--skip-existing');
    expect(exitCode).toBe(0);
    expect(output).toMatch(/^ {2}old-249\.txt +3 B .*skipped$/m);
    expect(fixture.sandbox.downloads.get('old-249.txt')?.size).toBe(3);
    expect(landed()['new.txt']).toBe(sha256);
    expect(requests('POST')).toBe(1);
    expect(output).toContain('INFO: old-3.txt: skipped, already there');
    expect(output).toContain('WARNING: old-249.txt is left unchanged at 3 B, although the local file has 7 B');
    expect(output).toContain('skipped 2 already there');
  });

  it('--skip-existing gives the sizes in bytes if they look alike', async () => {
    fixture.sandbox.put('a.bin', 'a'.repeat(1001));
    await write('a.bin', 'a'.repeat(1002));
    const { exitCode, output } = await fixture.upload('a.bin', '--skip-existing');
    expect(exitCode).toBe(0);
    expect(output).toContain('WARNING: a.bin is left unchanged at 1001 bytes, although the local file has 1002 bytes');
  });

  it('--skip-existing compares them with the local files if --verify=content is given', async () => {
    for (const name of ['same.txt', 'other.txt', 'shorter.txt']) fixture.sandbox.put(name, 'old');
    const same = await write('same.txt', 'old');
    const other = await write('other.txt', 'new');
    await write('shorter.txt', 'newer');
    const { exitCode, output } = await fixture.upload('*.txt', '--skip-existing', '--verify=content');
    expect(exitCode).toBe(0);
    expect(requests('POST')).toBe(0);
    expect(output).toContain('INFO: Verified: 1 file, 3 B, already there with the right SHA-256');
    expect(output).toContain(
      `WARNING: other.txt is left unchanged with other content: it has SHA-256 ${same}, the local file has ${other}`,
    );
    expect(output).toContain('WARNING: shorter.txt is left unchanged at 3 B, although the local file has 5 B');
    expect(output).not.toContain('WARNING: same.txt');
  });

  it('--no-clobber fails before anything is sent if their content differs, and names them', async () => {
    fixture.sandbox.put('a.txt', 'old');
    fixture.sandbox.put('b.txt', 'longer');
    fixture.sandbox.put('c.txt', 'new');
    for (const name of ['a.txt', 'b.txt', 'c.txt', 'd.txt']) await write(name, 'new');
    const { exitCode, output } = await fixture.upload('*.txt', '--no-clobber');
    expect(exitCode).toBe(1);
    expect(output).toContain(
      '✖ already among the downloads with other content, and --no-clobber forbids replacing them: a.txt, b.txt\n',
    );
    expect(requests('POST')).toBe(0);
  });

  it('--no-clobber accepts identical content, so that a step can be run again', async () => {
    const names = ['a.txt', 'b.txt', 'c.txt'];
    for (const name of names) await write(name);
    const run = async (): Promise<{ exitCode: number; output: string }> =>
      await fixture.upload('*.txt', '--no-clobber', '--checksums', '--verify');
    fixture.sandbox.inject({ filename: 'c.txt', action: { kind: 'status', status: 400 } });
    expect((await run()).exitCode).toBe(1);
    const second = await run();
    expect([second.exitCode, second.output]).toEqual([
      0,
      expect.stringContaining('INFO: a.txt: skipped, already there'),
    ]);
    expect(Object.keys(landed()).sort()).toEqual(['SHA256SUMS', ...names]);
    const before = requests('POST');
    const third = await run();
    expect([third.exitCode, requests('POST') - before]).toEqual([0, 0]);
    expect(third.output).toContain('skipped 4 already there');
  });

  it('--no-clobber uploads a file whose download has gone since it was listed', async () => {
    fixture.sandbox.put('a.txt', 'new');
    await write('a.txt', 'new');
    fixture.sandbox.inject({ method: 'GET', path: '/downloads/a.txt', action: { kind: 'status', status: 404 } });
    expect((await fixture.upload('a.txt', '--no-clobber')).exitCode).toBe(0);
    expect(requests('POST')).toBe(1);
  });

  it('--no-clobber does not protect SHA256SUMS, which every run completes', async () => {
    fixture.sandbox.put('SHA256SUMS', 'old');
    const sha256 = await write('a.txt');
    const { exitCode, output } = await fixture.upload('*.txt', '--no-clobber', '--checksums');
    expect(exitCode).toBe(0);
    expect(output).toContain('WARNING: SHA256SUMS has 1 line of another format, which is left out');
    expect((await fixture.sandbox.downloads.get('SHA256SUMS')?.content())?.toString()).toBe(`${sha256}  a.txt\n`);
  });

  it.each([
    [
      '--no-clobber',
      1,
      /^✖ a\.txt: another run published other content under this name at the same time, and that is/m,
    ],
    ['--skip-existing', 0, /^WARNING: a\.txt: another run published other content .*: it is left as it is$/m],
  ])('%s ends with %d if another run has replaced the upload by now', async (option, code, message) => {
    await write('a.txt', 'mine');
    fixture.sandbox.inject({ server: 'content', action: { kind: 'corrupt-content' } });
    const { exitCode, output } = await fixture.upload('a.txt', option, '--output', 'result.json');
    expect([exitCode, output]).toEqual([code, expect.stringMatching(message)]);
    expect(output).toContain(code === 1 ? 'a.txt: NOT published' : 'skipped 1 already there');
    const { items } = JSON.parse(await readFile(join(fixture.directory, 'result.json'), 'utf8'));
    // What is there is not what was hashed.
    expect(items).toEqual([expect.not.objectContaining({ sha256: expect.anything() })]);
  });

  it.each(['--skip-existing', '--checksums'])(
    '%s fails if the token may not read, and names the scope',
    async (option) => {
      await write('a.txt');
      const { exitCode, output } = await fixture.runPipe({
        FILENAME: 'a.txt',
        USERNAME: tokens.apiUser,
        TOKEN: tokens.writeOnlyApiToken,
        EXTRA_ARGS: option,
      });
      expect(exitCode).toBe(1);
      expect(output).toContain(
        'The token lacks the scope read:repository:bitbucket; it has write:repository:bitbucket',
      );
      expect(requests('POST')).toBe(0);
    },
  );
});

describe('--checksums', () => {
  it('uploads SHA256SUMS last, for all files, including skipped ones', async () => {
    const a = await write('a.txt', 'same');
    const b = await write('b.txt');
    fixture.sandbox.put('a.txt', 'same');
    const { exitCode } = await fixture.upload('*.txt', '--checksums', '--skip-existing');
    expect(exitCode).toBe(0);
    const list = await fixture.sandbox.downloads.get('SHA256SUMS')?.content();
    expect(list?.toString()).toBe(`${a}  a.txt\n${b}  b.txt\n`);
    const posts = fixture.sandbox.requests.filter(({ method }) => method === 'POST');
    expect(posts).toHaveLength(2);
  });

  it('asks for the listing before anything is sent only once, also if it must not replace what is there', async () => {
    await write('a.txt');
    const { exitCode } = await fixture.upload('*.txt', '--checksums', '--skip-existing');
    const before = fixture.sandbox.requests.slice(
      0,
      fixture.sandbox.requests.findIndex(({ method }) => method === 'POST'),
    );
    expect([exitCode, before.map(({ path }) => path.replace(/\?.*/, ''))]).toEqual([
      0,
      ['/2.0/repositories/acme/app/downloads'],
    ]);
  });

  it('shows in the result what became of SHA256SUMS', async () => {
    await write('a.txt');
    const actions: (readonly string[])[] = [];
    for (let run = 0; run < 2; run++) {
      expect((await fixture.upload('a.txt', '--checksums', '--output', 'result.json')).exitCode).toBe(0);
      const { items } = JSON.parse(await readFile(join(fixture.directory, 'result.json'), 'utf8')) as {
        readonly items: readonly { readonly name: string; readonly action: string }[];
      };
      actions.push(items.map(({ name, action }) => `${name} ${action}`));
    }
    expect(actions).toEqual([
      ['a.txt uploaded', 'SHA256SUMS uploaded'],
      ['a.txt uploaded', 'SHA256SUMS skipped'],
    ]);
  });

  it('=each uploads a file for each, which sha256sum accepts', async () => {
    const digests = { 'a.txt': await write('a.txt'), 'b.txt': await write('b.txt') };
    const { exitCode, output } = await fixture.upload('*.txt', '--checksums=each', '--verify=content');
    expect(exitCode).toBe(0);
    expect(output).toMatch(/^INFO: Publishing \d files? and a \.sha256 file for each, /m);
    expect(output).toContain('Verified: 4 files');
    for (const [name, digest] of Object.entries(digests))
      expect((await fixture.sandbox.downloads.get(`${name}.sha256`)?.content())?.toString()).toBe(
        `${digest}  ${name}\n`,
      );
  });

  it('keeps the lines of downloads that exist, even if the listing does not show them', async () => {
    for (const name of ['old.zip', 'hidden.zip']) fixture.sandbox.put(name, 'old');
    const line = (name: string): string => `${'0'.repeat(64)}  ${name}\n`;
    fixture.sandbox.put('SHA256SUMS', ['gone.zip', 'hidden.zip', 'old.zip'].map(line).join(''));
    const sha256 = await write('a.txt');
    const values = [{ name: 'old.zip', size: 3, created_on: '2026-01-01T00:00:00Z' }];
    fixture.sandbox.inject({
      method: 'GET',
      path: '/downloads\\?',
      times: Infinity,
      action: {
        kind: 'status',
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ values }),
      },
    });
    expect((await fixture.upload('a.txt', '--checksums')).exitCode).toBe(0);
    const list = (await fixture.sandbox.downloads.get('SHA256SUMS')?.content())?.toString();
    expect(list).toBe(`${sha256}  a.txt\n${line('hidden.zip')}${line('old.zip')}`);
  });

  it('writes the list again if another run has overwritten it', async () => {
    const sha256 = await write('a.txt');
    fixture.sandbox.inject({ server: 'content', action: { kind: 'corrupt-content' } });
    const { exitCode } = await fixture.upload('a.txt', '--checksums');
    expect([exitCode, requests('POST')]).toEqual([0, 3]);
    expect((await fixture.sandbox.downloads.get('SHA256SUMS')?.content())?.toString()).toBe(`${sha256}  a.txt\n`);
  });

  it('leaves a list that is complete already', async () => {
    fixture.sandbox.put('SHA256SUMS', `${await write('a.txt')}  a.txt\n`);
    const { exitCode, output } = await fixture.upload('a.txt', '--checksums');
    expect([exitCode, requests('POST')]).toEqual([0, 1]);
    expect(output).toContain('INFO: SHA256SUMS: skipped, it has 1 line of this run');
  });

  it('has the sum of what is there for a file that was skipped, not that of the local file', async () => {
    await write('a.txt', 'local');
    fixture.sandbox.put('a.txt', 'there');
    expect((await fixture.upload('a.txt', '--checksums', '--skip-existing')).exitCode).toBe(0);
    const there = createHash('sha256').update('there').digest('hex');
    expect((await fixture.sandbox.downloads.get('SHA256SUMS')?.content())?.toString()).toBe(`${there}  a.txt\n`);
  });

  it('refuses a SHA256SUMS among the files', async () => {
    await write('SHA256SUMS');
    const { exitCode, output } = await fixture.upload('SHA*', '--checksums');
    expect(exitCode).toBe(1);
    expect(output).toContain('--checksums uploads its own SHA256SUMS');
    expect(fixture.sandbox.requests).toEqual([]);
  });

  it('does not upload SHA256SUMS if a file failed, and says so', async () => {
    await write('a.txt');
    fixture.sandbox.inject({
      filename: 'a.txt',
      action: { kind: 'status', status: 413, body: '{"error":"too large"}' },
    });
    const { exitCode, output } = await fixture.upload('*.txt', '--checksums', '--output', 'result.json');
    expect(exitCode).toBe(1);
    expect(output).toContain('SHA256SUMS: not attempted');
    expect(landed()).toEqual({});
    const { items } = JSON.parse(await readFile(join(fixture.directory, 'result.json'), 'utf8'));
    expect(items[1]).toMatchObject({ name: 'SHA256SUMS', size: 0, action: 'not sent' });
  });
});

describe('--verify', () => {
  const storeCorrupt: Fault = { filename: 'a.txt', action: { kind: 'store-corrupt' } };

  it('reads the listing, and confirms it in the log', async () => {
    await write('a.txt');
    const { exitCode, output } = await fixture.upload('a.txt', '--verify');
    expect(exitCode).toBe(0);
    expect(output).toContain('INFO: Verified: the listing has 1 file with the right name and size');
  });

  it('detects a file that the server stored with another size', async () => {
    await write('a.txt');
    fixture.sandbox.inject(storeCorrupt);
    const { exitCode, output } = await fixture.upload('a.txt', '--verify');
    expect(exitCode).toBe(1);
    expect(output).toContain('✖ the downloads differ from what was sent: a.txt is listed with 4 bytes, not 5');
  });

  it('says of each file whether it is published as it was sent', async () => {
    await write('a.txt');
    await write('b.txt');
    fixture.sandbox.inject(storeCorrupt);
    const { exitCode } = await fixture.upload('*.txt', '--verify', '--output', 'result.json');
    const result = JSON.parse(await readFile(join(fixture.directory, 'result.json'), 'utf8'));
    expect({ exitCode, ...result }).toMatchObject({
      exitCode: 1,
      items: [
        { name: 'a.txt', action: 'failed' },
        { name: 'b.txt', action: 'uploaded' },
      ],
    });
  });

  it('is needed for that: without it, the run succeeds', async () => {
    await write('a.txt');
    fixture.sandbox.inject(storeCorrupt);
    expect((await fixture.upload('a.txt')).exitCode).toBe(0);
  });

  it('=content reads everything back from the content host, without credentials', async () => {
    await write('a.txt');
    await write('b.bin', large);
    const { exitCode, output } = await fixture.upload('*', '--verify=content', '--checksums');
    expect(exitCode).toBe(0);
    expect(output).toMatch(/INFO: Verified: 2 files, 12.6 MB, read back with the right SHA-256/);
    const reads = fixture.sandbox.requests.filter(({ server }) => server === 'content');
    expect(reads).toHaveLength(3);
    expect(reads.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });

  it('=content detects different content of the same size', async () => {
    const sent = await write('a.txt');
    fixture.sandbox.inject({ server: 'content', action: { kind: 'corrupt-content' } });
    const { exitCode, output } = await fixture.upload('a.txt', '--verify=content');
    expect(exitCode).toBe(1);
    expect(output).toMatch(
      new RegExp(`✖ the downloads differ from what was sent: a.txt has SHA-256 [0-9a-f]{64}, not ${sent}`),
    );
    expect(output).toContain('a.txt: NOT published');
  });

  it('=content reads again if the transfer breaks off', async () => {
    await write('b.bin', large);
    fixture.sandbox.inject({ server: 'content', action: { kind: 'truncate-content', bytes: 5_000_000 } });
    const { exitCode, output } = await fixture.upload('b.bin', '--verify=content');
    expect(exitCode).toBe(0);
    expect(output).toContain('WARNING: b.bin: GET');
  });
});

describe('--verify, if the listing lags behind', () => {
  const listing = (...downloads: readonly (readonly [name: string, size: number, createdOn: Date])[]): Fault => ({
    method: 'GET',
    path: '/downloads\\?',
    action: {
      kind: 'status',
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ values: downloads.map(([name, size, created_on]) => ({ name, size, created_on })) }),
    },
  });
  const old = new Date(Date.now() - 3_600_000);

  it.each<[string, Fault]>([
    ['nothing', listing()],
    ['what was replaced', listing(['a.txt', 3, old])],
  ])('asks again while it shows %s', async (_, fault) => {
    await write('a.txt');
    fixture.sandbox.inject({ ...fault, times: 2 });
    const { exitCode, output } = await fixture.upload('a.txt', '--verify');
    expect(exitCode).toBe(0);
    expect(output).toContain('INFO: Verified: the listing has 1 file with the right name and size');
    expect(output).not.toContain('WARNING');
  });

  it.each<[string, string, Fault]>([
    ['nothing', 'a.txt is not in the listing yet', listing()],
    [
      'what was replaced',
      'a.txt is listed with 3 bytes, not 5, which is the download that it replaces',
      listing(['a.txt', 3, old]),
    ],
  ])('warns if it shows %s until the end', async (_, words, fault) => {
    await write('a.txt');
    await write('b.txt');
    fixture.sandbox.inject({ ...fault, times: Infinity });
    const { exitCode, output } = await fixture.upload('a.txt', '--verify');
    expect(exitCode).toBe(0);
    expect(output).toContain(`WARNING: ${words}: it was uploaded, but could not be verified`);
    expect(output).not.toContain('Verified');
  });

  it('fails at once if it shows something newer', async () => {
    await write('a.txt');
    fixture.sandbox.inject({ ...listing(['a.txt', 3, new Date(Date.now() + 1_000)]), times: Infinity });
    const { exitCode, output } = await fixture.upload('a.txt', '--verify');
    expect(exitCode).toBe(1);
    expect(output).toContain('✖ the downloads differ from what was sent: a.txt is listed with 3 bytes, not 5');
    expect(requests('GET')).toBe(1);
  });

  it('waits for names with quotes, without --verify, and warns if they never appear', async () => {
    await write(`q"uote.txt`);
    fixture.sandbox.inject({ ...listing(), times: 2 });
    const late = await fixture.upload('*.txt');
    expect([late.exitCode, late.output]).toEqual([0, expect.stringContaining('Verified: the listing has 1 file')]);
    fixture.sandbox.inject({ ...listing(['other.txt', 10, old]), times: Infinity });
    const never = await fixture.upload('*.txt');
    expect([never.exitCode, never.output]).toEqual([
      0,
      expect.stringContaining('WARNING: q"uote.txt is not in the listing yet: it was uploaded'),
    ]);
  });

  it('=content asks again while the file cannot be read, or is what was replaced', async () => {
    await write('a.txt', 'new');
    fixture.sandbox.put('a.txt', 'old', old);
    fixture.sandbox.inject({ method: 'GET', path: '/downloads/a.txt', action: { kind: 'status', status: 404 } });
    fixture.sandbox.inject({ server: 'content', action: { kind: 'corrupt-content' } });
    fixture.sandbox.inject(listing(['a.txt', 3, old]));
    const { exitCode, output } = await fixture.upload('a.txt', '--verify=content');
    expect([exitCode, output]).toEqual([0, expect.stringContaining('Verified: 1 file, 3 B, read back')]);
    expect(requests('GET')).toBe(6);
  });

  it('=content warns if the file can never be read', async () => {
    await write('a.txt');
    const missing = { kind: 'status', status: 404 } as const;
    fixture.sandbox.inject({ method: 'GET', path: '/downloads/a.txt', times: Infinity, action: missing });
    const { exitCode, output } = await fixture.upload('a.txt', '--verify=content');
    expect(exitCode).toBe(0);
    expect(output).toContain('WARNING: a.txt cannot be read yet: it was uploaded, but could not be verified');
  });
});

describe('--keep', () => {
  it('deletes all but the newest matching downloads after the upload', async () => {
    for (let day = 1; day <= 5; day++) fixture.sandbox.put(`n-${day}.zip`, 'x', new Date(Date.UTC(2026, 0, day)));
    fixture.sandbox.put('release.zip', 'x', new Date(0));
    await write('n-6.zip');
    const { exitCode, output } = await fixture.upload('n-6.zip', '--keep', '3', '--keep-pattern', 'n-*.zip');
    expect(exitCode).toBe(0);
    expect(Object.keys(landed()).sort()).toEqual(['n-4.zip', 'n-5.zip', 'n-6.zip', 'release.zip']);
    expect(output).toContain('INFO: n-1.zip: deleted');
    expect(output).toContain('deleted 3 old');
  });

  it('deletes nothing if the upload failed', async () => {
    for (let day = 1; day <= 5; day++) fixture.sandbox.put(`n-${day}.zip`, 'x');
    await write('n-6.zip');
    fixture.sandbox.inject({ method: 'POST', action: { kind: 'status', status: 400 } });
    expect((await fixture.upload('n-6.zip', '--keep', '1', '--keep-pattern', 'n-*.zip')).exitCode).toBe(1);
    expect(Object.keys(landed())).toHaveLength(5);
    expect(requests('DELETE')).toBe(0);
  });

  it('deletes nothing if verification failed', async () => {
    fixture.sandbox.put('n-1.zip', 'x');
    await write('n-2.zip');
    fixture.sandbox.inject({ filename: 'n-2.zip', action: { kind: 'store-corrupt' } });
    expect((await fixture.upload('n-2.zip', '--verify', '--keep', '1', '--keep-pattern', 'n-*.zip')).exitCode).toBe(1);
    expect(fixture.sandbox.downloads.has('n-1.zip')).toBe(true);
  });

  it('succeeds if another run has already deleted a download', async () => {
    for (let day = 1; day <= 2; day++) fixture.sandbox.put(`n-${day}.zip`, 'x', new Date(Date.UTC(2026, 0, day)));
    await write('n-3.zip');
    fixture.sandbox.inject({
      method: 'DELETE',
      action: { kind: 'status', status: 404, body: '{"error":{"message":"gone"}}' },
    });
    expect((await fixture.upload('n-3.zip', '--keep', '1', '--keep-pattern', 'n-*.zip')).exitCode).toBe(0);
  });

  it('shows that the upload was published if a deletion fails, and writes the output variables', async () => {
    fixture.sandbox.put('n-1.zip', 'x', new Date(0));
    await write('n-2.zip');
    fixture.sandbox.inject({ method: 'DELETE', action: { kind: 'status', status: 403 } });
    const variables = join(fixture.directory, 'variables');
    const { exitCode, output } = await fixture.runPipe({
      FILENAME: 'n-2.zip',
      ...arrayVariables('EXTRA_ARGS', ['--keep', '1', '--keep-pattern', 'n-*.zip']),
      BITBUCKET_PIPELINES_VARIABLES_PATH: variables,
    });
    expect(exitCode).toBe(1);
    expect(output).toContain('n-2.zip: published');
    expect(await readFile(variables, 'utf8')).toMatch(
      /^UPLOAD_URL=\S+\/downloads\/n-2\.zip\n(?:.+\n)*UPLOAD_DELETED_COUNT=0$/m,
    );
  });
});

describe('runs at the same time with --keep', () => {
  it.each([
    [2, 1],
    [20, 1],
    [20, 3],
  ])('%i of them with --keep %i leave the newest', async (runs, keep) => {
    fixture.sandbox.put('n-old.zip', 'x');
    const names = Array.from({ length: runs }, (_, run) => `n-${run}.zip`);
    for (const name of names) await write(name);
    const options = arrayVariables('EXTRA_ARGS', ['--keep', String(keep), '--keep-pattern', 'n-*.zip']);
    const ended = await Promise.all(names.map((name) => fixture.runPipe({ FILENAME: name, ...options })));
    expect(ended.map(({ exitCode }) => exitCode)).toEqual(names.map(() => 0));
    // IDs count in the order of storage, starting with n-old.zip.
    const left = [...fixture.sandbox.downloads.values()].map(({ id }) => id);
    expect(left.sort((a, b) => b - a)).toEqual(Array.from({ length: keep }, (_, index) => runs + 1 - index));
  });
});

describe('a file that changes after it was planned is never published', () => {
  const changes: readonly (readonly [string, (path: string) => Promise<void>])[] = [
    ['grows', async (path) => await appendFile(path, 'more')],
    ['shrinks', async (path) => await truncate(path, 9_000_000)],
    ['is written to in place', async (path) => await writeFile(path, Buffer.alloc(large.length, 'x'))],
    ['is touched', async (path) => await utimes(path, 1, 1)],
  ];

  it.each(changes)('one that %s during the upload', async (_, change) => {
    await write('large.bin', large);
    fixture.sandbox.inject({ filename: 'large.bin', action: { kind: 'trickle', bytesPerSecond: 20_000_000 } });
    const running = fixture.upload('large.bin');
    while (fixture.sandbox.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await change(join(fixture.directory, 'large.bin'));
    const { exitCode, output } = await running;
    expect(exitCode).toBe(1);
    expect(output).toMatch(/✖ .*large.bin changed while it was being uploaded/);
    expect(output).toContain('large.bin: NOT published');
    expect(landed()).toEqual({});
  });

  it('one that is deleted before its turn', async () => {
    await write('a.bin', large);
    await write('b.txt');
    fixture.sandbox.inject({ filename: 'a.bin', action: { kind: 'trickle', bytesPerSecond: 20_000_000 } });
    const running = fixture.upload('*', '--concurrency', '1');
    while (fixture.sandbox.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await rm(join(fixture.directory, 'b.txt'));
    const { exitCode, output } = await running;
    expect(exitCode).toBe(1);
    expect(output).toContain('b.txt changed while it was being uploaded: it no longer exists');
    expect(output).toContain('a.bin: published');
  });

  it('one that is deleted while it is read is still complete: its content is held open', async () => {
    const sha256 = await write('large.bin', large);
    fixture.sandbox.inject({ filename: 'large.bin', action: { kind: 'trickle', bytesPerSecond: 20_000_000 } });
    const running = fixture.upload('large.bin');
    while (fixture.sandbox.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await rm(join(fixture.directory, 'large.bin'));
    const { exitCode } = await running;
    // The link count is part of the file's status, so the pipe may treat this as a change. It never publishes half a file.
    if (exitCode === 0) expect(landed()).toEqual({ 'large.bin': sha256 });
    else expect(landed()).toEqual({});
  });
});

describe('stopping', () => {
  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('%s ends the run within 2 s with exit code %i, and lists what was published', async (name, code) => {
    await write('1-small.txt', 'x'.repeat(100));
    await write('2-large.bin', large);
    await write('3-later.txt', 'x');
    fixture.sandbox.inject({ filename: '2-large.bin', times: Infinity, action: { kind: 'stall', afterBytes: 1000 } });
    const running = fixture.runPipe({
      FILENAME: '*',
      ...arrayVariables('EXTRA_ARGS', ['--concurrency', '2', '--output', 'result.json']),
    });
    while (!fixture.sandbox.downloads.has('3-later.txt')) await new Promise((resolve) => setTimeout(resolve, 5));
    const stoppedAt = performance.now();
    fixture.signal(name);
    const { exitCode, output } = await running;
    expect(performance.now() - stoppedAt).toBeLessThan(patience(2_000));
    expect(exitCode).toBe(code);
    expect(output).toContain(`✖ Stopped by ${name}`);
    expect(output).toContain('1-small.txt: published');
    expect(output).toContain('2-large.bin: NOT published');
    expect(Object.keys(landed()).sort()).toEqual(['1-small.txt', '3-later.txt']);
  });

  it('before anything is sent says that nothing was published', async () => {
    await write('a.txt');
    const running = fixture.runPipe({ FILENAME: '*' });
    fixture.signal('SIGTERM');
    const { exitCode, output } = await running;
    expect({ exitCode, output }).toEqual({
      exitCode: 143,
      output: expect.stringMatching(/^✖ Stopped by SIGTERM\n {2}nothing was published$/m),
    });
    expect(landed()).toEqual({});
  });

  it('works during a wait before a retry', async () => {
    await write('a.txt');
    fixture.sandbox.inject({
      method: 'POST',
      times: Infinity,
      action: { kind: 'status', status: 429, headers: { 'Retry-After': '60' } },
    });
    const running = fixture.runPipe({ FILENAME: '*' });
    while (fixture.sandbox.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 50));
    fixture.signal('SIGTERM');
    const { exitCode, ms } = await running;
    expect(exitCode).toBe(143);
    expect(ms).toBeLessThan(patience(3_000));
  });
});

describe('results', () => {
  it('are written as JSON to --output and the storage directory, and as output variables', async () => {
    const startedAt = performance.now();
    const sha256 = await write('dist/app.zip');
    const storage = join(fixture.directory, 'storage', 'deep');
    const variables = join(fixture.directory, 'variables');
    await writeFile(variables, 'EARLIER=1\n');
    const { exitCode } = await fixture.runPipe({
      FILENAME: 'dist/app.zip',
      EXTRA_ARGS: '--output=out/result.json',
      BITBUCKET_PIPE_STORAGE_DIR: storage,
      BITBUCKET_PIPELINES_VARIABLES_PATH: variables,
    });
    expect(exitCode).toBe(0);
    const url = `${fixture.sandbox.apiUrl}/repositories/acme/app/downloads/app.zip`;
    const expected = {
      schemaVersion: 1,
      pipe: 'bitbucket-upload-package',
      type: 'file',
      items: [{ name: 'app.zip', url, size: 12, sha256, action: 'uploaded' }],
      deleted: [],
      seconds: expect.any(Number),
    };
    const stored = JSON.parse(await readFile(join(storage, 'result.json'), 'utf8')) as { readonly seconds: number };
    expect(stored).toEqual(expected);
    // The time of the upload, not that of a clock.
    expect(stored.seconds).toBeGreaterThan(0);
    expect(stored.seconds).toBeLessThanOrEqual((performance.now() - startedAt) / 1000);
    expect(JSON.parse(await readFile(join(fixture.directory, 'out/result.json'), 'utf8'))).toEqual(expected);
    expect(await readFile(variables, 'utf8')).toBe(
      `EARLIER=1\nUPLOAD_ACTION=uploaded\nUPLOAD_COUNT=1\nUPLOAD_SKIPPED_COUNT=0\nUPLOAD_URL=${url}\nUPLOAD_SHA256=${sha256}\n`,
    );
  });

  it('are written for a failed run, too, with the error', async () => {
    await write('a.txt');
    fixture.sandbox.inject({ method: 'POST', action: { kind: 'status', status: 400, body: '{"error":"no"}' } });
    await fixture.upload('a.txt', '--output', 'result.json');
    const result: unknown = JSON.parse(await readFile(join(fixture.directory, 'result.json'), 'utf8'));
    expect(result).toMatchObject({
      items: [{ name: 'a.txt', action: 'failed' }],
      error: expect.stringContaining('400 no'),
    });
  });

  it('are not published themselves if --output is inside the glob', async () => {
    await write('dist/a.txt');
    for (let run = 0; run < 2; run++)
      expect((await fixture.upload('dist/*', '--output', 'dist/result.json')).exitCode).toBe(0);
    expect(Object.keys(landed())).toEqual(['a.txt']);
  });

  it('are not in the way if the file for output variables is inside the glob', async () => {
    await write('dist/a.txt');
    await write('dist/variables');
    const variables = { BITBUCKET_PIPELINES_VARIABLES_PATH: join(fixture.directory, 'dist/variables') };
    const { exitCode, output } = await fixture.runPipe({ FILENAME: 'dist/*', ...variables });
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringMatching(/^✔ Uploaded 1 file/m) });
    expect(Object.keys(landed())).toEqual(['a.txt']);
  });

  it('fail the run before anything is sent if --output cannot be written', async () => {
    await write('a.txt');
    await mkdir(join(fixture.directory, 'taken'));
    const { exitCode, output } = await fixture.upload('a.txt', '--output', 'taken');
    expect(exitCode).toBe(1);
    expect(output).toMatch(/✖ --output .*taken cannot be written, and nothing was sent/);
    expect(fixture.sandbox.requests).toEqual([]);
    expect((await stat(join(fixture.directory, 'taken'))).isDirectory()).toBe(true);
  });

  const pipeline = {
    BITBUCKET_PIPELINE_UUID: '{1}',
    BITBUCKET_COMMIT: '0123456789abcdef0123456789abcdef01234567',
    BITBUCKET_WORKSPACE: 'acme',
    BITBUCKET_REPO_SLUG: 'app',
  };

  it('become a Code Insights report with links in a pipeline', async () => {
    for (let index = 0; index < 15; index++) await write(`${index}.txt`);
    expect((await fixture.runPipe({ FILENAME: '*.txt', ...pipeline })).exitCode).toBe(0);
    expect([...fixture.sandbox.reports.keys()]).toEqual([
      expect.stringMatching(new RegExp(`^${pipeline.BITBUCKET_COMMIT}/bitbucket-upload-package-file-[0-9a-f]{16}$`)),
    ]);
    expect([...fixture.sandbox.reports.values()]).toMatchObject([
      { title: 'Published to Downloads', result: 'PASSED', details: expect.stringContaining('15 files') },
    ]);
  });

  it('cause a warning if the report is refused, and none if it cannot be sent', async () => {
    await write('a.txt');
    fixture.sandbox.inject({ server: 'proxy', action: { kind: 'status', status: 403, body: 'no' } });
    const refused = await fixture.runPipe({ FILENAME: 'a.txt', ...pipeline });
    expect(refused.exitCode).toBe(0);
    expect(refused.output).toContain('WARNING: Code Insights has no report of this run: ');
    fixture.sandbox.inject({ server: 'proxy', action: { kind: 'reset' } });
    const unreachable = await fixture.runPipe({ FILENAME: 'a.txt', ...pipeline });
    expect(unreachable.exitCode).toBe(0);
    expect(unreachable.output).not.toContain('WARNING');
  });

  it('cause no report outside a pipeline, or with --no-report', async () => {
    await write('a.txt');
    await fixture.runPipe({ FILENAME: 'a.txt' });
    await fixture.runPipe({ FILENAME: 'a.txt', EXTRA_ARGS: '--no-report', ...pipeline });
    expect(fixture.sandbox.reports.size).toBe(0);
  });

  it('come with a warning if there is a newer version', async () => {
    await write('a.txt');
    fixture.sandbox.inject({ method: 'POST', action: { kind: 'delay', ms: patience(200) } });
    const { exitCode, output } = await fixture.runPipe(
      { FILENAME: 'a.txt' },
      { versionListUrl: fixture.sandbox.versionListUrl },
    );
    expect(exitCode).toBe(0);
    expect(output).toContain(`WARNING: New version available: ${repositoryPath}:9.9.9`);
  });

  it('do not wait for a version list that never comes', async () => {
    await write('a.txt');
    fixture.sandbox.inject({ server: 'web', action: { kind: 'stall' } });
    const { exitCode, ms } = await fixture.runPipe(
      { FILENAME: 'a.txt' },
      { versionListUrl: fixture.sandbox.versionListUrl },
    );
    expect(exitCode).toBe(0);
    expect(ms).toBeLessThan(patience(1_500));
  });
});
