/** Python packages, from the variables to the content of an index. */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { noise } from '../../oci/registry/images.ts';
import { patience } from '../../patience.ts';
import { arrayVariables, useSandbox } from '../../run-pipe.ts';
import type { FaultAction } from '../../sandbox/faults.ts';
import { tokens } from '../../sandbox/tokens.ts';
import { until } from '../../until.ts';
import { lib, sdistName, wheelName, wheel, writeSdist, writeWheel } from './packages.ts';
import { expectPublished, posts, publish, published, pypiEnvironment, writeLarge } from './published.ts';

const wheelFile = wheelName(lib);
const sdistFile = sdistName(lib);

describe('beside packages', () => {
  const fixture = useSandbox();

  it('signatures and attestations are left out', async () => {
    const file = await writeWheel(fixture);
    for (const ending of ['.asc', '.publish.attestation']) await writeFile(join(fixture.directory, file + ending), 'x');
    const ended = await publish(fixture, '*');
    await expectPublished(fixture, ended, [file]);
    expect(ended.output).toContain(`WARNING: ${file}.asc is left out: signatures and attestations are not sent`);
    expect(ended.output).toContain(`WARNING: ${file}.publish.attestation is left out`);
    const { exitCode, output } = await publish(fixture, `${file}.asc`);
    expect([exitCode, output]).toEqual([1, expect.stringContaining(`there is no package in ${file}.asc`)]);
  });

  it('another name of the same file is an error', async () => {
    for (const name of ['Acme_Lib', 'acme_lib'])
      await writeFile(join(fixture.directory, `${name}-1.0.0-py3-none-any.whl`), wheel({ ...lib, name }));
    const { exitCode, output } = await publish(fixture, '*');
    expect([exitCode, output]).toEqual([
      1,
      expect.stringContaining(
        'Acme_Lib-1.0.0-py3-none-any.whl and acme_lib-1.0.0-py3-none-any.whl are the same file of one release',
      ),
    ]);
    expect(posts(fixture)).toBe(0);
  });
});

describe('the files of a version', () => {
  const fixture = useSandbox();

  it('are published with their metadata, the wheel first, and read back', async () => {
    const release = { ...lib, headers: ['Summary: A lib', 'Classifier: A', 'Classifier: B'], description: '# lib\n' };
    await writeWheel(fixture, release);
    await writeSdist(fixture, release);
    const ended = await publish(fixture, '*', '--output', 'result.json');
    await expectPublished(fixture, ended, [wheelFile, sdistFile]);
    expect(fixture.sandbox.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /acme/simple/acme-lib/',
      'GET /acme/+simple/acme-lib/',
      'POST /acme',
      'POST /acme',
      'GET /acme/simple/acme-lib/',
    ]);
    expect([...(fixture.sandbox.pypi.projects.get('acme-lib')?.keys() ?? [])]).toEqual([wheelFile, sdistFile]);
    const content = await readFile(join(fixture.directory, wheelFile));
    const stored = published(fixture, wheelFile);
    expect(stored?.fields).toEqual([
      [':action', 'file_upload'],
      ['protocol_version', '1'],
      ['metadata_version', '2.1'],
      ['name', 'acme-lib'],
      ['version', '1.0.0'],
      ['summary', 'A lib'],
      ['classifiers', 'A'],
      ['classifiers', 'B'],
      ['description', '# lib\n'],
      ['filetype', 'bdist_wheel'],
      ['pyversion', 'py3'],
      ['sha256_digest', stored?.content.sha256],
      ['blake2_256_digest', expect.stringMatching(/^[0-9a-f]{64}$/)],
    ]);
    const result = JSON.parse(await readFile(join(fixture.directory, 'result.json'), 'utf8')) as unknown;
    const base = new URL(fixture.sandbox.pypiUrl).origin;
    expect(result).toMatchObject({
      type: 'pypi',
      items: [
        {
          name: wheelFile,
          url: `${base}/acme/files/${wheelFile}`,
          size: content.length,
          sha256: stored?.content.sha256,
          action: 'uploaded',
        },
        { name: sdistFile, action: 'uploaded' },
      ],
    });
    expect(ended.output).toContain('✔ Published acme-lib 1.0.0: 2 files');
  });

  it('are planned without a request by --dry-run', async () => {
    await writeWheel(fixture);
    const { exitCode, output } = await publish(fixture, [await writeSdist(fixture), wheelFile], '--dry-run');
    expect(exitCode).toBe(0);
    expect(output).toMatch(/Publishing acme-lib 1\.0\.0: 2 files, [\d.]+ k?B,\s/);
    expect(output).toMatch(/acme_lib-1\.0\.0\.tar\.gz: source distribution, \d+ B\n/);
    expect(output).toMatch(/acme_lib-1\.0\.0-py3-none-any\.whl: wheel, [\d.]+ k?B\n/);
    expect(fixture.sandbox.requests).toEqual([]);
  });

  it('yield variables for the steps that follow, and a report', async () => {
    const variables = join(fixture.directory, 'variables');
    const ended = await fixture.runPipe({
      ...pypiEnvironment(fixture, [await writeWheel(fixture)]),
      BITBUCKET_PIPELINES_VARIABLES_PATH: variables,
      BITBUCKET_PIPELINE_UUID: '{0}',
      BITBUCKET_WORKSPACE: 'acme',
      BITBUCKET_REPO_SLUG: 'app',
      BITBUCKET_REPO_OWNER: 'acme',
      BITBUCKET_COMMIT: '0123456789abcdef0123456789abcdef01234567',
    });
    await expectPublished(fixture, ended, [wheelFile]);
    const url = `${new URL(fixture.sandbox.pypiUrl).origin}/acme/files/${wheelFile}`;
    expect((await readFile(variables, 'utf8')).trim().split('\n')).toEqual([
      'UPLOAD_ACTION=uploaded',
      'UPLOAD_COUNT=1',
      'UPLOAD_SKIPPED_COUNT=0',
      `UPLOAD_URL=${url}`,
      'PACKAGE_NAME=acme-lib',
      'PACKAGE_VERSION=1.0.0',
      `PACKAGE_URL=${url}`,
      `PACKAGE_SHA256=${published(fixture, wheelFile)?.content.sha256}`,
    ]);
    expect([...fixture.sandbox.reports.values()]).toEqual([
      expect.objectContaining({ title: 'Published Python packages' }),
    ]);
  });

  it('can be those of several versions and projects', async () => {
    const releases = [
      { name: 'acme-lib', version: '1.0.0' },
      { name: 'acme-lib', version: '2!1.1rc1' },
      { name: 'Other.Lib', version: '1.0+local.1' },
    ];
    const files: string[] = [];
    for (const release of releases) files.push(await writeWheel(fixture, release), await writeSdist(fixture, release));
    const ended = await publish(fixture, files, '--concurrency', '8');
    await expectPublished(fixture, ended, files.slice(0, 4));
    await expectPublished(fixture, ended, files.slice(4), 'other-lib');
    expect(ended.output).toContain('Publishing 3 versions: 6 files');
  });

  it('are not sent at all if one of them is wrong, and each problem is named', async () => {
    await writeWheel(fixture);
    await writeFile(join(fixture.directory, 'acme_lib-1.1.0-py3-none-any.whl'), wheel(lib));
    await writeFile(join(fixture.directory, 'notes.txt'), 'text');
    await writeFile(join(fixture.directory, 'acme_lib-1.0.0.zip'), 'zip');
    const { exitCode, output } = await publish(fixture, '*');
    expect(exitCode).toBe(1);
    expect(output).toMatch(/acme_lib-1\.1\.0-py3-none-any\.whl has acme_lib-1\.0\.0\.dist-info, which is not/);
    expect(output).toContain('notes.txt is not a Python package: FILENAME takes wheels (.whl) and');
    expect(output).toContain('acme_lib-1.0.0.zip is a ZIP archive, which indexes no longer accept');
    expect(fixture.sandbox.requests).toEqual([]);
  });
});

describe('a file that is already published', () => {
  const fixture = useSandbox();

  it.each([[], ['--skip-existing']])('is a success if it is identical: %j', async (...args) => {
    const file = await writeWheel(fixture);
    await expectPublished(fixture, await publish(fixture, file), [file]);
    const again = await publish(fixture, file, ...args, '--output', 'result.json');
    await expectPublished(fixture, again, [file]);
    expect(again.output).toContain('Nothing to upload: the file is there already');
    expect(again.output).not.toContain('WARNING');
    expect(await readFile(join(fixture.directory, 'result.json'), 'utf8')).toContain('"action": "skipped"');
    expect(posts(fixture)).toBe(1);
  });

  it('lets a second run complete the first one', async () => {
    await publish(fixture, await writeWheel(fixture));
    const ended = await publish(fixture, [wheelFile, await writeSdist(fixture)]);
    await expectPublished(fixture, ended, [wheelFile, sdistFile]);
    expect(ended.output).toContain('skipped 1 already there');
    expect(posts(fixture)).toBe(2);
  });

  it('is left as it is with --skip-existing if it differs, with a warning', async () => {
    fixture.sandbox.pypi.seed('acme-lib', wheelFile, 'other');
    await writeWheel(fixture);
    const ended = await publish(fixture, [wheelFile, await writeSdist(fixture)], '--skip-existing');
    await expectPublished(fixture, ended, [sdistFile]);
    expect(ended.output).toMatch(
      /WARNING: acme_lib-1\.0\.0-py3-none-any\.whl is already published with other content: the index has sha256 [0-9a-f]{64}, the local file has [0-9a-f]{64}\. It is left as it is/,
    );
    expect(posts(fixture)).toBe(1);
  });

  it('is an error if it differs, which shows both hashes, and nothing is sent', async () => {
    fixture.sandbox.pypi.seed('acme-lib', wheelFile, 'other');
    await writeWheel(fixture);
    const { exitCode, output } = await publish(fixture, [wheelFile, await writeSdist(fixture)]);
    expect(exitCode).toBe(1);
    expect(output).toMatch(/✖ acme_lib\S+ is already published with other content: the index has sha256 [0-9a-f]{64},/);
    expect(output).toMatch(
      / {2}acme_lib-1\.0\.0-py3-none-any\.whl: NOT published: it is there already with other content/,
    );
    expect(output).toContain('acme_lib-1.0.0.tar.gz: not attempted');
    expect(output).toContain('What to do: A published file cannot be replaced: raise the version');
    expect(posts(fixture)).toBe(0);
  });
});

describe.each(['pypi', 'pypiserver', 'other'] as const)('an index that refuses in the words of: %s', (dialect) => {
  const fixture = useSandbox({ pypi: { dialect, staleReads: 1 } });

  it('is asked for what it has, whatever it says', async () => {
    const file = await writeWheel(fixture);
    fixture.sandbox.inject({ server: 'pypi', method: 'POST', action: { kind: 'reset-after-store' } });
    await expectPublished(fixture, await publish(fixture, file), [file]);
    // Another step publishes it in the meantime.
    fixture.sandbox.pypi.seed('acme-lib', sdistFile, 'other');
    fixture.sandbox.inject({ server: 'pypi', method: 'GET', times: 2, action: { kind: 'status', status: 404 } });
    const { exitCode, output } = await publish(fixture, await writeSdist(fixture));
    expect(exitCode).toBe(1);
    expect(output).toMatch(/the index has sha256 [0-9a-f]{64}, the local file has/);
    expect(posts(fixture)).toBe(3);
    fixture.sandbox.inject({ server: 'pypi', method: 'GET', times: 2, action: { kind: 'status', status: 404 } });
    const skipping = await publish(fixture, sdistFile, '--skip-existing');
    expect([skipping.exitCode, skipping.output]).toEqual([0, expect.stringContaining('It is left as it is')]);
  });
});

describe('an index that does not show yet what it has', () => {
  const fixture = useSandbox({ pypi: { dialect: 'other' } });
  const isHidden: FaultAction = { kind: 'status', status: 404 };
  const reads = (): number =>
    fixture.sandbox.requests.filter(({ server, method }) => server === 'pypi' && method === 'GET').length;

  it.each([
    [400, 'File already exists. See https://pypi.org/help/#file-name-reuse', 10],
    [400, 'Repository does not allow updating assets: pypi', 10],
    [403, "Not enough permissions to delete/overwrite artifact 'acme_lib'", 10],
    [409, "Package 'acme_lib' already exists!", 10],
    [403, 'Forbidden', 6],
  ])('is asked again after %d %s', async (status, body, hiddenReads) => {
    const file = await writeWheel(fixture);
    fixture.sandbox.pypi.seed('acme-lib', file, await readFile(join(fixture.directory, file)));
    fixture.sandbox.inject({ server: 'pypi', method: 'POST', action: { kind: 'status', status, body } });
    fixture.sandbox.inject({ server: 'pypi', method: 'GET', times: hiddenReads, action: isHidden });
    const ended = await publish(fixture, file);
    await expectPublished(fixture, ended, [file]);
    expect(ended.output).toContain('skipped, the index has it by now');
    expect(posts(fixture)).toBe(1);
  });

  it('is asked again after a refusal that follows an attempt which stored the file', async () => {
    const file = await writeLarge(fixture);
    fixture.sandbox.inject({ server: 'pypi', method: 'POST', action: { kind: 'other-status', status: 503 } });
    fixture.sandbox.inject({ server: 'pypi', method: 'GET', times: 12, action: isHidden });
    const ended = await publish(fixture, file);
    await expectPublished(fixture, ended, [file]);
    expect(ended.output).toContain(`${file}: uploaded`);
    expect(posts(fixture)).toBe(2);
  });

  it('fails with its own words if it never shows the file, and sooner if they do not say that the file exists', async () => {
    const file = await writeWheel(fixture);
    const failWith = async (body: string): Promise<number> => {
      const before = reads();
      fixture.sandbox.inject({ server: 'pypi', method: 'POST', action: { kind: 'status', status: 400, body } });
      const { exitCode, output } = await publish(fixture, file);
      expect([exitCode, output]).toEqual([1, expect.stringContaining(`400 ${body}`)]);
      return reads() - before;
    };
    const readsOfInvalid = await failWith("'A :: B' is not a valid classifier.");
    expect(readsOfInvalid).toBeLessThan(await failWith('File already exists.'));
    fixture.sandbox.inject({ server: 'pypi', method: 'POST', action: { kind: 'status', status: 413 } });
    const before = reads();
    const { exitCode, output } = await publish(fixture, file);
    expect([exitCode, output, reads() - before]).toEqual([1, expect.stringContaining('413'), 2]);
  });

  it.each([
    'Invalid or non-existent authentication information. See https://pypi.org/help/#invalid-auth for more information.',
    "The user 'dev' isn't allowed to upload to project 'acme-lib'.",
    "Project-scoped token is not valid for project: 'acme-lib'",
    'no permission to submit',
  ])('fails at once if it refuses the account: %s', async (body) => {
    fixture.sandbox.inject({ server: 'pypi', method: 'POST', action: { kind: 'status', status: 403, body } });
    const { exitCode, output } = await publish(fixture, await writeWheel(fixture));
    // Two addresses of the page, before the upload and after it.
    expect([exitCode, output, reads()]).toEqual([1, expect.stringContaining(`403 ${body}`), 4]);
  });

  it('is asked for long about a refused account, too, if an earlier attempt may have stored the file', async () => {
    const file = await writeLarge(fixture);
    const refusal: FaultAction = { kind: 'status', status: 403, body: 'Invalid authentication information.' };
    fixture.sandbox.inject({ server: 'pypi', method: 'POST', action: { kind: 'other-status', status: 503 } });
    fixture.sandbox.inject({ server: 'pypi', method: 'POST', action: refusal });
    fixture.sandbox.inject({ server: 'pypi', method: 'GET', times: 12, action: isHidden });
    await expectPublished(fixture, await publish(fixture, file), [file]);
    expect(posts(fixture)).toBe(2);
  });
});

describe.each([
  ['in HTML', { pages: 'html' }],
  ['in HTML, without hashes', { pages: 'html', hashes: false }],
  ['in JSON, without hashes', { pages: 'json', hashes: false }],
  ["at devpi's address", { pagesPath: '+simple' }],
] as const)('an index whose pages are %s', (_, pypi) => {
  const fixture = useSandbox({ pypi });

  it('is compared with', async () => {
    const file = await writeWheel(fixture);
    await expectPublished(fixture, await publish(fixture, file), [file]);
    const again = await publish(fixture, file);
    expect([again.exitCode, again.output]).toEqual([0, expect.stringContaining('the file is there already')]);
    fixture.sandbox.pypi.seed('acme-lib', file, 'other');
    const other = await publish(fixture, file);
    expect([other.exitCode, other.output]).toEqual([1, expect.stringContaining('with other content')]);
    fixture.sandbox.pypi.seed('acme-lib', file, noise(3_000_000));
    const { exitCode, output } = await publish(fixture, file);
    const named = 'hashes' in pypi ? 'a longer file' : 'sha256 [0-9a-f]{64}';
    expect([exitCode, output]).toEqual([1, expect.stringMatching(`the index has ${named}, the local file has`)]);
    expect(posts(fixture)).toBe(1);
  });
});

describe.each(['refused', 'missing', 'elsewhere'] as const)('an index whose pages are: %s', (reading) => {
  const fixture = useSandbox({ pypi: { reading, dialect: 'pypiserver' } });

  it('can be published to all the same', async () => {
    const file = await writeWheel(fixture);
    const ended = await publish(fixture, file, '--retries', '0');
    await expectPublished(fixture, ended, [file]);
    expect(ended.output).toMatch(/WARNING: .*(?:reading was refused|not yet shown by the index at)/);
    expect(fixture.sandbox.requests.every(({ headers }) => headers.host !== 'pypi.example')).toBe(true);
    // It says that it has the file, but nobody can see whether it is this one.
    const again = await publish(fixture, file, '--retries', '0');
    expect([again.exitCode, again.output]).toEqual([1, expect.stringContaining('409')]);
  });

  it('cannot be compared with, as --skip-existing needs', async () => {
    const { exitCode, output } = await publish(fixture, await writeWheel(fixture), '--skip-existing');
    expect(exitCode).toBe(reading === 'refused' ? 1 : 0);
    if (reading === 'refused') expect(output).toContain('--skip-existing needs to read what is already published');
  });
});

describe('credentials', () => {
  const fixture = useSandbox();

  it.each([
    ['wrong', { TOKEN: 'wrong-token-of-some-length' }, /401 .*The index does not accept this USERNAME and TOKEN/s],
    ['none', { TOKEN: undefined, USERNAME: undefined }, /401 .*The index asks for credentials: set TOKEN/s],
    [
      'an API token that may only read',
      { USERNAME: tokens.apiUser, TOKEN: tokens.readOnlyPackagesToken },
      /403 .*The account may not publish this project/s,
    ],
  ])('%s', async (_, env, message) => {
    const all = { ...pypiEnvironment(fixture, [await writeWheel(fixture)]), ...env };
    const { exitCode, output } = await fixture.runPipe(all);
    expect([exitCode, output]).toEqual([1, expect.stringMatching(message)]);
    expect(published(fixture, wheelFile)).toBeUndefined();
  });

  it('a token alone is sent with the user name that PyPI expects', async () => {
    const env = {
      ...pypiEnvironment(fixture, [await writeWheel(fixture)]),
      USERNAME: undefined,
      TOKEN: tokens.plainToken,
    };
    await expectPublished(fixture, await fixture.runPipe(env), [wheelFile]);
    const { authorization = '' } = fixture.sandbox.requests[0]?.headers ?? {};
    expect(Buffer.from(authorization.replace('Basic ', ''), 'base64').toString()).toBe(
      `__token__:${tokens.plainToken}`,
    );
  });

  it("an access token for Bitbucket's index is refused before any request", async () => {
    const env = {
      ...pypiEnvironment(fixture, [await writeWheel(fixture)]),
      REGISTRY: undefined,
      TOKEN: tokens.accessToken,
    };
    const { exitCode, output } = await fixture.runPipe(env);
    expect([exitCode, output]).toEqual([
      1,
      expect.stringContaining('is an access token, which Packages do not accept'),
    ]);
    expect(fixture.sandbox.requests).toEqual([]);
  });
});

describe("Bitbucket's rules", () => {
  const fixture = useSandbox({ pypi: { projects: ['acme-lib'], maxFileBytes: 100_000 } });

  it.each([
    ['a package that was not created', { name: 'new', version: '1.0.0' }, {}, /NAME_UNKNOWN.*What to do: /s],
    [
      'a file that is too large',
      lib,
      { 'acme_lib/a.bin': noise(200_000) },
      /413 .*leave out what installing does not/s,
    ],
  ])('%s', async (_, release, files, message) => {
    const { exitCode, output } = await publish(fixture, await writeWheel(fixture, release, files));
    expect([exitCode, output]).toEqual([1, expect.stringMatching(message)]);
    expect(fixture.sandbox.pypi.projects.size).toBe(0);
  });
});

describe('faults', () => {
  const fixture = useSandbox();
  const faults: readonly (readonly [string, FaultAction, number])[] = [
    ['a reset in the middle', { kind: 'reset', afterBytes: 3_000_000 }, 2],
    ['a reset at once', { kind: 'reset' }, 2],
    ['429 with a wait', { kind: 'status', status: 429, headers: { 'Retry-After': '0' } }, 2],
    ['503', { kind: 'status', status: 503 }, 2],
    ['503 before the body is read', { kind: 'status', status: 503, when: 'early' }, 2],
    ['a conflict with another upload', { kind: 'status', status: 409 }, 2],
    ['a success before the body is read', { kind: 'early-success' }, 2],
    ['a reset after everything was stored', { kind: 'reset-after-store' }, 1],
    ['an error after everything was stored', { kind: 'other-status', status: 502 }, 1],
    ['a refusal after everything was stored', { kind: 'other-status', status: 400 }, 1],
    ['a sign-in page after everything was stored', { kind: 'other-status', status: 200, page: '<html>Sign in' }, 1],
    ['a slow answer', { kind: 'delay', ms: 50 }, 1],
    ['a success with 202', { kind: 'other-status', status: 202 }, 1],
  ];

  it.each(faults)('%s is survived', async (_, action, expectedPosts) => {
    fixture.sandbox.inject({ server: 'pypi', method: 'POST', action });
    await expectPublished(fixture, await publish(fixture, await writeLarge(fixture)), [wheelFile]);
    expect(posts(fixture)).toBe(expectedPosts);
  });

  it('an ambiguous failure is checked even without retries', async () => {
    fixture.sandbox.inject({ server: 'pypi', method: 'POST', action: { kind: 'reset-after-store' } });
    await expectPublished(fixture, await publish(fixture, await writeWheel(fixture), '--retries', '0'), [wheelFile]);
  });

  it('a 401 for one of two files: the outcome of each is shown, and source distributions wait for wheels', async () => {
    await writeWheel(fixture, { name: 'a', version: '1.0.0' });
    await writeWheel(fixture, { name: 'b', version: '1.0.0' }, { 'b/b.txt': 'longer '.repeat(100) });
    await writeSdist(fixture, { name: 'b', version: '1.0.0' });
    const action: FaultAction = { kind: 'status', status: 401 };
    fixture.sandbox.inject({ server: 'pypi', method: 'POST', filename: 'a-1.0.0-py3-none-any.whl', action });
    const { exitCode, output } = await publish(fixture, '*', '--concurrency', '1');
    expect(exitCode).toBe(1);
    expect(output).toMatch(/✖ a-1\.0\.0-py3-none-any\.whl could not be uploaded: .*\n {2}POST .* 401 /);
    expect(output).toContain('  a-1.0.0-py3-none-any.whl: NOT published');
    expect(output).toMatch(/ {2}b-1\.0\.0-py3-none-any\.whl: published, http/);
    expect(output).toContain('  b-1.0.0.tar.gz: not attempted');
  });

  it('a redirect is not followed', async () => {
    const action: FaultAction = { kind: 'redirect', status: 308, location: `${fixture.sandbox.pypiUrl}/` };
    fixture.sandbox.inject({ server: 'pypi', method: 'POST', action });
    const { exitCode, output } = await publish(fixture, await writeWheel(fixture));
    expect([exitCode, output]).toEqual([
      1,
      expect.stringMatching(/Set REGISTRY to http:\S+\/acme\/, if that is where/),
    ]);
    expect(posts(fixture)).toBe(1);
  });

  it.each([301, 302, 303, 307, 308] as const)("a page's redirect within the index is followed: %d", async (status) => {
    const action: FaultAction = {
      kind: 'redirect',
      status,
      location: `${fixture.sandbox.pypiUrl}/simple/acme-lib/?again`,
    };
    fixture.sandbox.inject({ server: 'pypi', method: 'GET', path: '/acme-lib/$', action });
    const ended = await publish(fixture, await writeWheel(fixture));
    await expectPublished(fixture, ended, [wheelFile]);
    expect(ended.output).not.toContain('WARNING');
    expect(fixture.sandbox.requests.some(({ path }) => path.endsWith('?again'))).toBe(true);
  });

  it('a file that is not shown yet is waited for', async () => {
    const action: FaultAction = { kind: 'status', status: 404 };
    fixture.sandbox.inject({ server: 'pypi', method: 'GET', skip: 2, times: 3, action });
    const ended = await publish(fixture, await writeWheel(fixture));
    await expectPublished(fixture, ended, [wheelFile]);
    expect(ended.output).not.toContain('WARNING');
  });

  it('corrupted content is an error', async () => {
    fixture.sandbox.inject({ server: 'pypi', method: 'POST', action: { kind: 'store-corrupt' } });
    const { exitCode, output } = await publish(fixture, await writeWheel(fixture));
    expect(exitCode).toBe(1);
    expect(output).toMatch(/with other content: the index has sha256 [0-9a-f]{64}, the local file has/);
    expect(output).toContain(`${wheelFile}: sent, but not confirmed by the server`);
  });

  it('an answer that may be of a gateway counts only if the index has the file', async () => {
    fixture.sandbox.inject({ server: 'pypi', method: 'POST', action: { kind: 'status', status: 204, body: '' } });
    const { exitCode, output } = await publish(fixture, await writeWheel(fixture));
    expect([exitCode, output]).toEqual([1, expect.stringContaining('the index answered 204 without confirming it')]);
    expect(output).toContain(`${wheelFile}: NOT published`);
  });

  it('a signal ends the run, and the output shows what was not published', async () => {
    fixture.sandbox.inject({ server: 'pypi', method: 'POST', action: { kind: 'stall', afterBytes: 1000 } });
    const running = publish(fixture, await writeLarge(fixture));
    await until(() => posts(fixture) > 0, running);
    fixture.signal('SIGTERM');
    const { exitCode, output } = await running;
    expect([exitCode, output]).toEqual([143, expect.stringContaining(`${wheelFile}: NOT published`)]);
  });

  it('a file that changes after it was read and before it is sent is an error', async () => {
    const file = await writeLarge(fixture);
    fixture.sandbox.inject({ server: 'pypi', method: 'GET', action: { kind: 'delay', ms: patience(100) } });
    const running = publish(fixture, file);
    await until(() => fixture.sandbox.requests.length > 0, running);
    await writeFile(join(fixture.directory, file), wheel(lib, { 'acme_lib/other.py': '' }));
    const { exitCode, output } = await running;
    expect([exitCode, output]).toEqual([1, expect.stringMatching(/changed while it was being uploaded/)]);
    expect(published(fixture, file)).toBeUndefined();
  });
});

describe('an index without credentials', () => {
  const fixture = useSandbox({ pypi: { authentication: 'none' } });

  it('gets none', async () => {
    const env = { ...pypiEnvironment(fixture, []), USERNAME: undefined, TOKEN: undefined };
    const ended = await fixture.runPipe({ ...env, ...arrayVariables('FILENAME', [await writeWheel(fixture)]) });
    await expectPublished(fixture, ended, [wheelFile]);
  });
});
