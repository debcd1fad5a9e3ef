import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { useSandbox } from '../../run-pipe.ts';
import { tokens } from '../../sandbox/tokens.ts';
import { requestsOf, runOctopus, sha1Of, writeFiles } from './fixture.ts';

const fixture = useSandbox();

const pipelines = {
  BITBUCKET_BUILD_NUMBER: '42',
  BITBUCKET_WORKSPACE: 'acme',
  BITBUCKET_REPO_SLUG: 'app',
  BITBUCKET_BRANCH: 'main',
  BITBUCKET_COMMIT: '0123456789abcdef0123456789abcdef01234567',
};

describe('packages that are there', () => {
  it('are published, with their sizes and hashes', async () => {
    writeFiles(fixture, {
      'out/app.1.0.0.zip': 'one',
      'out/Acme.Web.2.0.0-rc.1.nupkg': 'two',
      'out/x.7.tar.gz': 'three',
    });
    const { exitCode, output } = await runOctopus(fixture, { FILENAME: 'out/*' });
    expect(output).toContain('✔ Published 3 packages');
    expect(exitCode).toBe(0);
    const found = [...fixture.sandbox.octopus.packages.values()].map(({ id, version, sha1 }) => [id, version, sha1]);
    expect(found.sort(([a = ''], [b = '']) => (a < b ? -1 : 1))).toEqual([
      ['Acme.Web', '2.0.0-rc.1', sha1Of('two')],
      ['app', '1.0.0', sha1Of('one')],
      ['x', '7', sha1Of('three')],
    ]);
  });

  it('are checked together before anything is sent', async () => {
    writeFiles(fixture, { 'app.zip': 'x', 'app.1.0.rar': 'x', 'a.1.0.zip': '', 'b.1.0.zip': 'x', 'B.1.0.tar.gz': 'y' });
    const { exitCode, output } = await runOctopus(fixture, { FILENAME: '*' });
    expect(exitCode).toBe(1);
    expect(output).toContain('app.zip is not named ID.VERSION.EXTENSION, such as Acme.Web.1.0.0.zip');
    expect(output).toContain('app.1.0.rar is not a package that Octopus accepts');
    expect(output).toContain('a.1.0.zip is empty');
    expect(output).toContain('B.1.0.tar.gz and b.1.0.zip are all B 1.0: keep just one of them');
    expect(requestsOf(fixture)).toEqual([]);
  });

  it('that are there with the same content are a success, and are not sent', async () => {
    await fixture.sandbox.octopus.seed('app.1.0.0.zip', Buffer.from('one'));
    writeFiles(fixture, { 'app.1.0.0.zip': 'one' });
    const { exitCode, output } = await runOctopus(fixture, { FILENAME: 'app.1.0.0.zip' });
    expect([exitCode, requestsOf(fixture)]).toEqual([0, ['GET /api/packages/app.1.0.0']]);
    expect(output).toContain('✔ Nothing to upload: the package is there already');
  });

  it('that are there with other content are an error, or replaced with --overwrite', async () => {
    await fixture.sandbox.octopus.seed('app.1.0.0.zip', Buffer.from('other'));
    writeFiles(fixture, { 'app.1.0.0.zip': 'one', 'b.1.0.zip': 'b' });
    const refused = await runOctopus(fixture, { FILENAME: '*.zip' });
    expect(refused.exitCode).toBe(1);
    expect(refused.output).toContain(
      `✖ app.1.0.0.zip is on the server with other content: it has 5 bytes with sha1 ${sha1Of('other')}, not 3 bytes with sha1 ${sha1Of('one')}`,
    );
    expect(refused.output).toContain('b.1.0.zip: not attempted');
    expect(refused.output).toContain('What to do: Raise the version, or give --overwrite');
    expect((await runOctopus(fixture, { FILENAME: '*.zip' }, '--overwrite')).exitCode).toBe(0);
    expect(fixture.sandbox.octopus.packages.get('app.1.0.0')?.sha1).toBe(sha1Of('one'));
  });
});

describe.each([
  ['hash', 'so only the size (3 bytes) could be compared', 'so only the size (3 bytes) could be compared'],
  ['size and hash', 'so nothing could be compared', undefined],
] as const)('a server that does not say the %s of its packages', (hides, sent, again) => {
  const old = useSandbox({ octopus: { hides } });
  const warning = 'WARNING: app.1.0.0.zip: the server gives no hash of the package, ';

  it('is sent the package, with a warning', async () => {
    writeFiles(old, { 'app.1.0.0.zip': 'one' });
    const { exitCode, output } = await runOctopus(old, { FILENAME: '*.zip' });
    expect([exitCode, output]).toEqual([0, expect.stringContaining(warning + sent)]);
    expect(output.match(/^WARNING/gm)).toHaveLength(1);
  });

  it('is compared by what it says', async () => {
    await old.sandbox.octopus.seed('app.1.0.0.zip', Buffer.from('one'));
    writeFiles(old, { 'app.1.0.0.zip': 'two' });
    const { exitCode, output } = await runOctopus(old, { FILENAME: '*.zip' });
    expect([exitCode, output]).toEqual(
      again === undefined
        ? [1, expect.stringContaining('on the server already, which says neither its size nor its hash')]
        : [0, expect.stringContaining(warning + again)],
    );
    if (again === undefined)
      expect(output).toContain('NOT published: it is there already and cannot be compared; left');
    expect(output).not.toContain('other content');
    expect((await runOctopus(old, { FILENAME: '*.zip' }, '--overwrite')).exitCode).toBe(0);
    expect(old.sandbox.octopus.packages.get('app.1.0.0')?.sha1).toBe(sha1Of('two'));
  });

  it.each([
    ['5', /409 .*already exists/],
    ['0', /\(ECONNRESET|\(UND_ERR_SOCKET/],
  ])('is asked what it has after a lost answer, with --retries %s', async (retries, reason) => {
    old.sandbox.inject({ server: 'octopus', method: 'POST', action: { kind: 'reset-after-store' } });
    writeFiles(old, { 'app.1.0.0.zip': 'one' });
    const { exitCode, output } = await runOctopus(old, { FILENAME: '*.zip' }, '--retries', retries);
    expect(exitCode).toBe(again === undefined ? 1 : 0);
    expect(output).not.toContain('other content');
    if (again !== undefined) {
      expect(output).toContain(warning + again);
      return;
    }
    expect(output).toContain(
      '✖ app.1.0.0.zip was sent, but not confirmed, and the server does not say whether the app 1.0.0 that it has now is this package\n',
    );
    expect(output).toMatch(reason);
    expect(output).toContain('app.1.0.0.zip: sent, but what the server has now cannot be compared\n');
    expect(output).toContain(
      'What to do: It is probably this package, unless something else published this version at the same time. Compare them in Octopus, or give --overwrite to send it again, for which the account needs the permission BuiltInFeedAdminister.',
    );
  });

  it('is asked what it has after the lost answer to a package that replaces another', async () => {
    await old.sandbox.octopus.seed('app.1.0.0.zip', Buffer.from('other'));
    old.sandbox.inject({ server: 'octopus', method: 'POST', action: { kind: 'reset-after-store' } });
    writeFiles(old, { 'app.1.0.0.zip': 'one' });
    const { exitCode, output } = await runOctopus(old, { FILENAME: '*.zip' }, '--overwrite', '--retries', '0');
    expect(exitCode).toBe(again === undefined ? 1 : 0);
    if (again === undefined) expect(output).toContain('either this package or the one that it was to replace. Run the');
  });

  it('is believed if it refuses what something else has published meanwhile', async () => {
    await old.sandbox.octopus.seed('app.1.0.0.zip', Buffer.from('other'));
    old.sandbox.inject({ server: 'octopus', method: 'GET', action: { kind: 'status', status: 404 } });
    writeFiles(old, { 'app.1.0.0.zip': 'one' });
    const { exitCode, output } = await runOctopus(old, { FILENAME: '*.zip' });
    expect([exitCode, output]).toEqual([1, expect.stringMatching(/409 .*already exists/)]);
    expect(output).toMatch(/app\.1\.0\.0\.zip: NOT published: it is there already .*; left as it is/);
  });
});

describe('build information', () => {
  it('is sent before the package', async () => {
    writeFiles(fixture, { 'app.1.0.0.zip': 'one' });
    const { output } = await runOctopus(fixture, { FILENAME: 'app.1.0.0.zip', ...pipelines });
    expect(output).toContain('INFO: Build information of build 42 was sent, with the commit 0123456789ab\n');
    expect(requestsOf(fixture)).toEqual([
      'GET /api/packages/app.1.0.0',
      'POST /api/build-information',
      'POST /api/packages/raw',
    ]);
    expect(fixture.sandbox.octopus.buildInformation.get('app.1.0.0')).toEqual({
      BuildEnvironment: 'Bitbucket Pipelines',
      BuildNumber: '42',
      BuildUrl: 'https://bitbucket.org/acme/app/pipelines/results/42',
      Branch: 'main',
      VcsType: 'Git',
      VcsRoot: 'https://bitbucket.org/acme/app',
      VcsCommitNumber: pipelines.BITBUCKET_COMMIT,
      Commits: [{ Id: pipelines.BITBUCKET_COMMIT, Comment: '' }],
    });
  });

  it('is left out if it is not wanted, or there is no build', async () => {
    writeFiles(fixture, { 'app.1.0.0.zip': 'one', 'b.1.0.zip': 'b' });
    await runOctopus(fixture, { FILENAME: 'app.1.0.0.zip', ...pipelines }, '--no-build-information');
    await runOctopus(fixture, { FILENAME: 'b.1.0.zip' });
    expect(fixture.sandbox.octopus.buildInformation.size).toBe(0);
  });

  it('does not stand in the way of a second run', async () => {
    writeFiles(fixture, { 'app.1.0.0.zip': 'one' });
    const env = { FILENAME: 'app.1.0.0.zip', ...pipelines };
    fixture.sandbox.inject({
      server: 'octopus',
      path: 'packages/raw',
      times: -1,
      action: { kind: 'status', status: 500 },
    });
    expect((await runOctopus(fixture, env, '--retries', '0')).exitCode).toBe(1);
    fixture.sandbox.inject({ server: 'octopus', path: 'nothing', action: { kind: 'status', status: 500 } });
    expect(fixture.sandbox.octopus.buildInformation.size).toBe(1);
  });
});

describe('a directory', () => {
  it('is said to have the files that are in it', async () => {
    writeFiles(fixture, { 'dist/a.txt': 'a', 'dist/app.nuspec': 'replaced' });
    const env = { ID: 'app', VERSION: '1.0', SOURCE_PATH: 'dist', FORMAT: 'NuPkg' };
    expect((await runOctopus(fixture, env)).output).toMatch(/app\.1\.0\.nupkg, [^,]+, 1 file packed\n/);
  });

  it('is packed and published', async () => {
    writeFiles(fixture, { 'dist/a.txt': 'a', 'dist/sub/b.txt': 'b' });
    const env = { ID: 'Acme.Web', VERSION: '1.0.0.42', SOURCE_PATH: 'dist', TYPE: undefined };
    const { exitCode, output } = await runOctopus(fixture, env);
    expect(output).toContain('INFO: Packing Acme.Web.1.0.0.42.zip\n');
    expect(output).toMatch(/Acme\.Web\.1\.0\.0\.42\.zip, \d+ B, 2 files packed/);
    expect(exitCode).toBe(0);
    expect(fixture.sandbox.octopus.packages.get('acme.web.1.0.0.42')?.extension).toBe('.zip');
  });

  it.each(['zip', 'tar.gz'])('gets one warning for names that Windows cannot have: %s', async (FORMAT) => {
    writeFiles(fixture, { 'dist/aux.txt': 'a', 'dist/what?.txt': 'b', 'dist/c.txt': 'c' });
    const env = { ID: 'app', VERSION: '1.0', SOURCE_PATH: 'dist', FORMAT };
    const { exitCode, output } = await runOctopus(fixture, env);
    expect([exitCode, output.match(/WARNING: .*/g)]).toEqual([
      0,
      [
        `WARNING: app.1.0.${FORMAT} cannot be unpacked on Windows, which does not allow the names aux.txt, what?.txt: rename these files, or exclude them`,
      ],
    ]);
  });

  it('may be named by FILENAME and options instead, and kept, too', async () => {
    writeFiles(fixture, { 'dist/a.txt': 'a' });
    const env = { FILENAME: 'dist', FORMAT: 'NuPkg', OUTPUT_PATH: 'out/packages' };
    const { exitCode } = await runOctopus(fixture, env, '--id', 'app', '--package-version', '1.0');
    expect(exitCode).toBe(0);
    const kept = readFileSync(join(fixture.directory, 'out/packages/app.1.0.nupkg'));
    expect(fixture.sandbox.octopus.packages.get('app.1.0')).toMatchObject({ sha1: sha1Of(kept), extension: '.nupkg' });
  });
});

describe('without REGISTRY', () => {
  const env = {
    REGISTRY: undefined,
    TOKEN: undefined,
    ID: 'app',
    VERSION: '1.0.0',
    SOURCE_PATH: '.',
    OUTPUT_PATH: './out',
  };

  it('a package is only made', async () => {
    writeFiles(fixture, { 'a.txt': 'a', '.env': 'e', '.git/config': 'c' });
    const { exitCode, output } = await runOctopus(fixture, { ...env, FORMAT: 'Zip' });
    expect(output).toContain('✔ Packaging successful. Created package ./out/app.1.0.0.zip.\n');
    expect([exitCode, fixture.sandbox.requests.length]).toEqual([0, 0]);
    expect(readdirSync(join(fixture.directory, 'out'))).toEqual(['app.1.0.0.zip']);
  });

  it('again, without the packages of earlier runs, and so with the same bytes', async () => {
    writeFiles(fixture, { 'a.txt': 'a' });
    await runOctopus(fixture, env);
    const first = readFileSync(join(fixture.directory, 'out/app.1.0.0.zip'));
    await runOctopus(fixture, { ...env, VERSION: '1.0.1' });
    expect(readFileSync(join(fixture.directory, 'out/app.1.0.1.zip')).equals(first)).toBe(true);
    expect((await runOctopus(fixture, env)).exitCode).toBe(0);
  });

  it('a package with other content is replaced only with --overwrite', async () => {
    writeFiles(fixture, { 'a.txt': 'a', 'out/app.1.0.0.zip': 'other' });
    const refused = await runOctopus(fixture, env);
    expect(refused.output).toContain('✖ ./out/app.1.0.0.zip exists with other content');
    expect([refused.exitCode, readFileSync(join(fixture.directory, 'out/app.1.0.0.zip'), 'utf8')]).toEqual([
      1,
      'other',
    ]);
    expect((await runOctopus(fixture, env, '--overwrite')).exitCode).toBe(0);
    expect(readFileSync(join(fixture.directory, 'out/app.1.0.0.zip')).length).toBeGreaterThan(20);
  });

  it('--include and --exclude choose files', async () => {
    writeFiles(fixture, { 'bin/a.dll': 'a', 'bin/b.pdb': 'b', 'src/c.cs': 'c' });
    await runOctopus(fixture, { ...env, FORMAT: 'tar' }, '--include', 'bin/**', '--exclude', '**/*.pdb');
    const text = readFileSync(join(fixture.directory, 'out/app.1.0.0.tar'), 'latin1');
    expect([...text.matchAll(/[\w/]+\.(?:dll|pdb|cs)/g)].map(([path]) => path)).toEqual(['bin/a.dll']);
  });

  it.each([
    [['--include', '*.zip'], '*.zip matches no file in', 'Correct --include (relative to SOURCE_PATH), or build the'],
    [['--exclude', '*'], 'every file in what is named is excluded (by --exclude *)', 'Correct --exclude accordingly.'],
    [['--exclude', '**'], 'every file that matches is excluded by --exclude\n', 'Correct --exclude accordingly.'],
    [
      ['--include', '*.txt', '--exclude', 'a.*'],
      'every file that matches is excluded by --exclude\n',
      'Correct --exclude accordingly.',
    ],
  ])('%j that leave nothing are named', async (args, message, advice) => {
    writeFiles(fixture, { 'a.txt': 'a' });
    const { exitCode, output } = await runOctopus(fixture, env, ...args);
    expect([exitCode, output]).toEqual([1, expect.stringContaining(message)]);
    expect(output).toContain(`What to do: ${advice}`);
  });

  it.each(['out/app.1.0.0.zip', './out/../out/app.1.0.0.zip'])('it is not the result, %s', async (path) => {
    writeFiles(fixture, { 'a.txt': 'a' });
    const { exitCode, output } = await runOctopus(fixture, env, '--output', path, '--overwrite');
    expect([exitCode, output]).toEqual([1, expect.stringContaining(`--output ${path} cannot be written`)]);
    expect(output).toContain('What to do: Correct --output in EXTRA_ARGS: a file that is not published');
    expect(existsSync(join(fixture.directory, 'out'))).toBe(false);
  });

  it('its ID may have 100 characters', async () => {
    writeFiles(fixture, { 'a.txt': 'a', [`${'a'.repeat(101)}.1.0.0.zip`]: 'package' });
    const { output } = await runOctopus(fixture, { ...env, ID: 'a'.repeat(101) });
    expect(output).toContain('has 101 characters, but Octopus accepts 100 at most: shorten it');
    const named = await runOctopus(fixture, { FILENAME: '*.zip' });
    expect(named.output).toContain('has an ID of more than 100 characters, which Octopus refuses: rename it');
    expect((await runOctopus(fixture, { ...env, ID: 'a'.repeat(100) })).exitCode).toBe(0);
  });

  it.each([
    ['/proc/x', 'OUTPUT_PATH: /proc/x cannot be written: E', 'Set OUTPUT_PATH to a directory that can be'],
    ['/proc', 'OUTPUT_PATH: /proc cannot be written: E', 'Set OUTPUT_PATH to a directory that can be'],
    ['a.txt', 'OUTPUT_PATH: a.txt is a file, not a directory', 'Set OUTPUT_PATH to a directory that can be'],
    ['a.txt/b/c', 'a.txt is a file, not a directory', 'Set OUTPUT_PATH to a directory that can be'],
    ['broken/b', 'broken is a symbolic link to a path that does not exist here', 'Set OUTPUT_PATH to a directory'],
    ['taken/', 'OUTPUT_PATH: taken/app.1.0.0.zip is a directory', 'Remove it, or write to another OUTPUT_PATH.'],
  ])('OUTPUT_PATH %s is checked before anything is packed', async (OUTPUT_PATH, message, advice) => {
    writeFiles(fixture, { 'a.txt': 'a', 'taken/app.1.0.0.zip/b': 'b' });
    symlinkSync('missing', join(fixture.directory, 'broken'));
    for (const given of [[], ['--dry-run']]) {
      // Were it packed, this would be said first.
      const { exitCode, output } = await runOctopus(fixture, { ...env, OUTPUT_PATH, SOURCE_PATH: 'gone' }, ...given);
      expect([exitCode, output]).toEqual([1, expect.stringContaining(message)]);
      expect(output).toContain(`What to do: ${advice}`);
    }
    expect(readdirSync(fixture.directory).filter((name) => name.startsWith('.pipe'))).toEqual([]);
  });

  it.each([['.'], ['a/b']])('OUTPUT_PATH may be %s', async (OUTPUT_PATH) => {
    writeFiles(fixture, { 'a.txt': 'a' });
    for (const VERSION of ['1.0.0', '1.0.1'])
      expect((await runOctopus(fixture, { ...env, OUTPUT_PATH, VERSION })).exitCode).toBe(0);
    const [first, second] = ['1.0.0', '1.0.1'].map((version) =>
      readFileSync(join(fixture.directory, OUTPUT_PATH, `app.${version}.zip`), 'hex'),
    );
    expect(second).toBe(first);
  });

  it('nothing is written in a dry run', async () => {
    writeFiles(fixture, { 'a.txt': 'a' });
    expect((await runOctopus(fixture, env, '--dry-run')).exitCode).toBe(0);
    expect(existsSync(join(fixture.directory, 'out'))).toBe(false);
  });

  it('SOURCE_PATH must be a directory of the build', async () => {
    writeFiles(fixture, { 'a.txt': 'a' });
    for (const [SOURCE_PATH, message] of [
      ['/etc', '/etc is outside'],
      ['a.txt', 'a.txt is a file, not a directory'],
      ['a.txt/b', 'a.txt/b does not exist in'],
    ] as const)
      expect((await runOctopus(fixture, { ...env, SOURCE_PATH })).output).toContain(message);
  });
});

describe('SOURCE_PATH that does not exist', () => {
  it.each([
    ['dits', ': did you mean build/dist?\nWhat to do: Correct SOURCE_PATH accordingly.'],
    ['dist', ': did you mean build/dist?'],
    ['Build', ': did you mean build? Upper and lower case differ'],
    ['a.txd', ', which has only a.txt, build/\nWhat to do: Correct SOURCE_PATH, or build the file first'],
    ["'build'", ': the quotation marks are part of the name. Leave them out'],
  ])('is said to: %s', async (SOURCE_PATH, text) => {
    writeFiles(fixture, { 'a.txt': 'a', 'build/dist/b.txt': 'b' });
    const { exitCode, output } = await runOctopus(fixture, { ID: 'app', VERSION: '1.0.0', SOURCE_PATH });
    expect([exitCode, output]).toEqual([1, expect.stringContaining(`${SOURCE_PATH} does not exist in `)]);
    expect(output).toContain(text);
  });
});

describe('of many spaces', () => {
  const names = ['Default', ...Array.from({ length: 150 }, (_, index) => `Web ${index}`), 'Web'];
  const many = useSandbox({ octopus: { spaces: names } });

  it('one that is listed late is found', async () => {
    writeFiles(many, { 'app.1.0.0.zip': 'one' });
    expect((await runOctopus(many, { FILENAME: 'app.1.0.0.zip' }, '--space', 'Web')).exitCode).toBe(0);
    expect(many.sandbox.octopus.spaces.get('Web')?.packages.size).toBe(1);
  });

  it('few are named if there is no such space', async () => {
    writeFiles(many, { 'app.1.0.0.zip': 'one' });
    const { exitCode, output } = await runOctopus(many, { FILENAME: 'app.1.0.0.zip' }, '--space', 'We');
    expect(exitCode).toBe(1);
    expect(output).toMatch(/ there is Web 0, .*, Web 9 and 141 more/);
  });
});

describe('spaces', () => {
  it('are found by name', async () => {
    writeFiles(fixture, { 'app.1.0.0.zip': 'one' });
    const { exitCode } = await runOctopus(fixture, { FILENAME: 'app.1.0.0.zip', ...pipelines }, '--space', 'Team');
    expect(exitCode).toBe(0);
    expect(fixture.sandbox.octopus.spaces.get('Team')?.packages.size).toBe(1);
    expect(fixture.sandbox.octopus.packages.size).toBe(0);
  });

  it('that do not exist are an error that names others', async () => {
    writeFiles(fixture, { 'app.1.0.0.zip': 'one' });
    const { exitCode, output } = await runOctopus(fixture, { FILENAME: 'app.1.0.0.zip' }, '--space', 'Tea');
    expect(exitCode).toBe(1);
    expect(output).toContain('✖ the space Tea is not on 127.0.0.1:');
    expect(output).toContain('there is Team');
  });
});

describe('OpenID Connect', () => {
  const env = { FILENAME: '*.zip', TOKEN: undefined, BITBUCKET_STEP_OIDC_TOKEN: tokens.stepToken };

  it('exchanges the token of the step, again if it has expired', async () => {
    writeFiles(fixture, { 'app.1.0.0.zip': 'one' });
    const { exitCode, output } = await runOctopus(fixture, env, '--service-account', tokens.serviceAccount);
    expect(output).toContain('credentials: OpenID Connect, as the service account');
    expect(exitCode).toBe(0);
    expect(requestsOf(fixture).slice(0, 2)).toEqual(['GET /.well-known/openid-configuration', 'POST /token/v1']);
    expect(fixture.sandbox.octopus.packages.size).toBe(1);
  });

  it('says what to do if the server does not accept it', async () => {
    writeFiles(fixture, { 'app.1.0.0.zip': 'one' });
    const { exitCode, output } = await runOctopus(fixture, env, '--service-account', 'another');
    expect(exitCode).toBe(1);
    expect(output).toContain('400 invalid_grant: No OIDC identity of this service account matches the token');
    expect(output).toContain("What to do: The server did not exchange the step's token.");
  });

  it('needs the token of the step', async () => {
    writeFiles(fixture, { 'app.1.0.0.zip': 'one' });
    const { output } = await runOctopus(
      fixture,
      { ...env, BITBUCKET_STEP_OIDC_TOKEN: undefined },
      '--service-account',
      'abc',
    );
    expect(output).toContain('is not set, and --service-account needs it: add "oidc: {audiences: [abc]}" to the step');
  });
});

describe('what the server refuses', () => {
  it.each([
    ['a key that is not valid', { TOKEN: 'API-EXPIRED' }, [], 'The API key has expired, was revoked, or belongs to'],
    ['an access token that is not valid', { TOKEN: 'eyJhbGciOi.x.y' }, [], 'TOKEN was sent as an access token'],
    ['a key that may only read', { TOKEN: tokens.octopusReadKey }, [], 'needs the permission BuiltInFeedPush'],
    ['a space that may not be seen', {}, ['--space', 'Nowhere'], 'Correct --space, or let the account'],
  ])('%s', async (_, given, args, advice) => {
    writeFiles(fixture, { 'app.1.0.0.zip': 'one' });
    const { exitCode, output } = await runOctopus(fixture, { FILENAME: '*.zip', ...given }, ...args);
    expect([exitCode, output]).toEqual([1, expect.stringContaining(advice)]);
  });

  it('a key that may not replace', async () => {
    await fixture.sandbox.octopus.seed('app.1.0.0.zip', Buffer.from('other'));
    writeFiles(fixture, { 'app.1.0.0.zip': 'one' });
    const env = { FILENAME: '*.zip', TOKEN: tokens.octopusPushKey };
    const { output } = await runOctopus(fixture, env, '--overwrite');
    expect(output).toContain('The account may add packages, but not replace them');
  });

  it('a key of the build that may not add build information', async () => {
    writeFiles(fixture, { 'app.1.0.0.zip': 'one' });
    const env = { FILENAME: '*.zip', TOKEN: tokens.octopusReadKey, ...pipelines };
    expect((await runOctopus(fixture, env)).output).toContain('BuildInformationPush (or give --no-build-information)');
  });
});

describe('a doubtful outcome', () => {
  it('is settled by asking the server', async () => {
    writeFiles(fixture, { 'app.1.0.0.zip': 'one' });
    fixture.sandbox.inject({ server: 'octopus', path: 'packages/raw', action: { kind: 'reset-after-store' } });
    const { exitCode } = await runOctopus(fixture, { FILENAME: '*.zip' });
    expect(exitCode).toBe(0);
    expect(requestsOf(fixture).filter((each) => each === 'POST /api/packages/raw')).toHaveLength(1);
  });

  it('of the last attempt, too', async () => {
    writeFiles(fixture, { 'app.1.0.0.zip': 'one' });
    fixture.sandbox.inject({ server: 'octopus', path: 'packages/raw', action: { kind: 'reset-after-store' } });
    const { exitCode, output } = await runOctopus(fixture, { FILENAME: '*.zip' }, '--retries', '0');
    expect([exitCode, output]).toEqual([0, expect.stringContaining('The server has this package')]);
  });

  it('another run that was first with the same content is a success', async () => {
    writeFiles(fixture, { 'app.1.0.0.zip': 'one' });
    const body = JSON.stringify({ ErrorMessage: 'The package app.1.0.0 already exists.' });
    fixture.sandbox.inject({
      server: 'octopus',
      path: 'packages/raw',
      action: { kind: 'other-status', status: 409, page: body },
    });
    expect((await runOctopus(fixture, { FILENAME: '*.zip' })).exitCode).toBe(0);
  });

  it('a transient failure is retried', async () => {
    writeFiles(fixture, { 'app.1.0.0.zip': 'one' });
    fixture.sandbox.inject({
      server: 'octopus',
      path: 'packages/raw',
      times: 2,
      action: { kind: 'status', status: 503 },
    });
    expect((await runOctopus(fixture, { FILENAME: '*.zip' })).exitCode).toBe(0);
  });

  it('content that is stored damaged is a failure', async () => {
    writeFiles(fixture, { 'app.1.0.0.zip': 'one' });
    fixture.sandbox.inject({
      server: 'octopus',
      path: 'packages/raw',
      filename: 'app.1.0.0.zip',
      action: { kind: 'store-corrupt' },
    });
    const { exitCode, output } = await runOctopus(fixture, { FILENAME: '*.zip' });
    expect(exitCode).toBe(1);
    expect(output).toContain('✖ app.1.0.0.zip differs from what was sent: the server has 2 bytes');
    expect(output).toContain('What to do: The server may be out of storage');
  });
});

describe('a server that reads another package from the name', () => {
  const page = JSON.stringify({ PackageId: 'Foo', Version: '6.1.0.0', PackageSizeBytes: 3, Hash: sha1Of('one') });

  it('is asked before anything is sent, even with --overwrite', async () => {
    await fixture.sandbox.octopus.seed('app.1.0.0.zip', Buffer.from('other'));
    writeFiles(fixture, { 'app.1.0.0.zip': 'one' });
    const action = { kind: 'other-status', status: 200, page } as const;
    fixture.sandbox.inject({ server: 'octopus', method: 'GET', path: 'packages/app', action });
    const { exitCode, output } = await runOctopus(fixture, { FILENAME: '*.zip' }, '--overwrite');
    expect(exitCode).toBe(1);
    expect(output).toContain('✖ app.1.0.0.zip is app 1.0.0, but the server reads it as Foo 6.1.0.0\n');
    expect(output).toContain('What to do: Rename the package');
    expect(requestsOf(fixture)).toEqual(['GET /api/packages/app.1.0.0']);
  });

  it('has not published what was sent', async () => {
    writeFiles(fixture, { 'app.1.0.0.zip': 'one' });
    const action = { kind: 'other-status', status: 201, page } as const;
    fixture.sandbox.inject({ server: 'octopus', path: 'packages/raw', action });
    const { exitCode, output } = await runOctopus(fixture, { FILENAME: '*.zip' });
    expect(exitCode).toBe(1);
    expect(output).toContain(
      '✖ app.1.0.0.zip was sent as app 1.0.0, but the server has stored it as Foo 6.1.0.0\n  app.1.0.0.zip: NOT published',
    );
    expect(output).toContain('What to do: Rename the package');
    expect(output).not.toContain('✔');
  });

  it('may write the ID in another case', async () => {
    writeFiles(fixture, { 'app.1.0.0.zip': 'one' });
    const same = JSON.stringify({ PackageId: 'App', Version: '1.0.0', PackageSizeBytes: 3, Hash: sha1Of('one') });
    const action = { kind: 'other-status', status: 201, page: same } as const;
    fixture.sandbox.inject({ server: 'octopus', path: 'packages/raw', action });
    expect((await runOctopus(fixture, { FILENAME: '*.zip' })).exitCode).toBe(0);
  });
});

describe('of a large package, only what is new is sent', () => {
  const parts = Array.from({ length: 20 }, () => randomBytes(100_000));

  it('if the server has an earlier version', async () => {
    for (const [index, part] of parts.entries()) writeFiles(fixture, { [`dist/${index}.bin`]: part });
    const env = { ID: 'app', VERSION: '1.0.0', FILENAME: 'dist' };
    expect((await runOctopus(fixture, env)).exitCode).toBe(0);
    writeFileSync(join(fixture.directory, 'dist/7.bin'), randomBytes(20_000));
    const { exitCode, output } = await runOctopus(fixture, { ...env, VERSION: '1.0.1' });
    expect(exitCode).toBe(0);
    const { receivedBytes = 0, content } = fixture.sandbox.octopus.packages.get('app.1.0.1') ?? {};
    expect(content?.size).toBeGreaterThan(1_900_000);
    expect(receivedBytes).toBeLessThan(30_000);
    expect(output).toMatch(/sent \d+(?:\.\d)? kB instead of 1\.\d+ MB: the rest is as in earlier packages/);
  });

  it('otherwise all of it is', async () => {
    await fixture.sandbox.octopus.seed('app.1.0.0.zip', randomBytes(200_000));
    writeFiles(fixture, { 'app.1.0.1.zip': randomBytes(200_000) });
    expect((await runOctopus(fixture, { FILENAME: '*.zip' })).exitCode).toBe(0);
    expect(requestsOf(fixture)).toContain('POST /api/packages/raw');
    expect(requestsOf(fixture)).not.toContain('POST /api/packages/app/1.0.0/delta');
  });

  it.each([
    ['cannot apply a delta', { path: '/delta?', action: { kind: 'status', status: 400 } }],
    ['fails to apply a delta', { path: '/delta?', action: { kind: 'status', status: 500 } }],
    ['knows no signatures', { path: 'delta-signature', action: { kind: 'status', status: 404 } }],
    [
      'answers with a web page',
      { path: 'delta-signature', action: { kind: 'other-status', status: 200, page: '<html>' } },
    ],
    ['answers with something else', { path: 'delta-signature', action: { kind: 'malformed-json' } }],
  ] as const)('all of it is sent if the server %s', async (_, { path, action }) => {
    const base = randomBytes(200_000);
    await fixture.sandbox.octopus.seed('app.1.0.0.zip', base);
    writeFiles(fixture, { 'app.1.0.1.zip': Buffer.concat([base, Buffer.from('more')]) });
    fixture.sandbox.inject({ server: 'octopus', path: path.replace('?', '\\?'), times: -1, action });
    expect((await runOctopus(fixture, { FILENAME: '*.zip' })).exitCode).toBe(0);
    expect(requestsOf(fixture).at(-1)).toBe('POST /api/packages/raw');
  });
});

describe('an ID that ends in a number', () => {
  const env = { VERSION: '1.0.0', SOURCE_PATH: '.' };
  const packed = { REGISTRY: undefined, TOKEN: undefined, OUTPUT_PATH: 'out' };

  it.each([
    ['published', { ...env, ID: 'Foo.6' }, [], 'Foo.6.1.0.0 would be read as version 6.1.0.0 of Foo', 'Foo-6'],
    ['packed', { ...env, ...packed, ID: 'Foo.6' }, [], 'Foo.6.1.0.0 would be read as version 6.1.0.0 of Foo', 'Foo-6'],
    [
      'named by options',
      { FILENAME: '.' },
      ['--id', 'a.b.5.6', '--package-version', '1.0-rc.1'],
      'a.b.5.6.1.0-rc.1 would be read as version 5.6.1.0-rc.1 of a.b',
      'a.b-5-6',
    ],
  ])('is an error if it is read as a part of the version: %s', async (_, given, args, message, other) => {
    writeFiles(fixture, { 'a.txt': 'a' });
    const { exitCode, output } = await runOctopus(fixture, given, ...args, '--overwrite');
    expect([exitCode, output]).toEqual([1, expect.stringContaining(`ID:\n- ${message}`)]);
    expect(output).toContain(`Use another ID, such as ${other}, or a version of four numbers`);
    expect([fixture.sandbox.requests, existsSync(join(fixture.directory, 'out'))]).toEqual([[], false]);
  });

  it.each([
    ['Foo.6', '1.0.0.0'],
    ['Foo-6', '1.0.0'],
    ['Foo.v6', '1.0.0'],
  ])('is kept otherwise: %s %s', async (ID, VERSION) => {
    writeFiles(fixture, { 'a.txt': 'a' });
    expect((await runOctopus(fixture, { ...env, ID, VERSION })).exitCode).toBe(0);
    expect(fixture.sandbox.octopus.packages.get(`${ID}.${VERSION}`.toLowerCase())?.id).toBe(ID);
  });
});

describe('invalid settings are reported together', () => {
  it('for a package to make', async () => {
    mkdirSync(join(fixture.directory, 'dist'));
    const env = { ID: 'a b', VERSION: 'v1', FORMAT: 'rar', SOURCE_PATH: 'dist', FILENAME: 'dist', REGISTRY: undefined };
    const { exitCode, output } = await runOctopus(fixture, { ...env, SOURCE_DATE_EPOCH: 'x' }, '--id', 'c');
    expect(exitCode).toBe(1);
    for (const text of [
      '"a b" is not a valid ID',
      'contradicts --id',
      '"v1" is not a valid version',
      '"rar" is not a format: use zip, nupkg, tar or tar.gz',
      'contradicts FILENAME',
      'OUTPUT_PATH:\n- required field, or set REGISTRY to publish the package',
      'SOURCE_DATE_EPOCH:\n- must be a time',
    ])
      expect(output).toContain(text);
  });

  it.each([
    [{ FILENAME: 'x.zip', REGISTRY: undefined }, 'REGISTRY:\n- required field, the URL of the Octopus server'],
    [{ FILENAME: 'x.zip', TOKEN: undefined }, 'TOKEN:\n- required field, or give --service-account'],
    [{ FILENAME: 'x.zip', TOKEN: tokens.apiToken }, 'is an API token of Bitbucket, which Octopus does not know'],
    [{ FILENAME: 'x.zip', REGISTRY: 'http://octopus.example' }, 'is plain http, which exposes credentials'],
    [{ FILENAME: 'x.zip', VERSION: '1.0' }, 'ID:\n- required field, the ID of the package to make'],
    [{ ID: 'app', SOURCE_PATH: '.' }, 'VERSION:\n- required field, that of the package to make'],
  ])('%j', async (env, message) => {
    expect((await runOctopus(fixture, env)).output).toContain(message);
    expect(fixture.sandbox.requests).toEqual([]);
  });
});
