import { describe, expect, it } from '@jest/globals';
import type { Settings } from '../pipe/destinations/table.ts';
import { secretVariables } from '../pipe/settings/variables.ts';
import { readNamedFiles, readSettings } from '../pipe/read-settings.ts';
import type { Environment } from '../pipe/toolkit/environment.ts';
import { ValidationError } from '../pipe/toolkit/problems.ts';
import { problemMap } from './toolkit/problem-map.ts';

const email = 'dev@example.com';
const apiToken = 'ATATT3xFfGF0abcdef=0123ABCD';
const accessToken = 'ATCTT3xFfGN0abcdef=0123ABCD';

/** The required variables, as in Pipelines. */
const inPipelines: Environment = {
  TOKEN: accessToken,
  FILENAME: 'app.zip',
  BITBUCKET_WORKSPACE: 'acme',
  BITBUCKET_REPO_SLUG: 'app',
};

async function read(env: Environment): Promise<Settings> {
  return await readSettings({ ...inPipelines, ...env });
}

async function readArgs(...args: readonly string[]): Promise<Settings> {
  return await read({ EXTRA_ARGS: JSON.stringify(args) });
}

async function problems(env: Environment): Promise<Readonly<Record<string, readonly string[]>>> {
  const error: unknown = await read(env).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ValidationError);
  return problemMap((error as ValidationError).message.replace('Validation errors:\n', ''));
}

it('needs only a token and a file name in Pipelines', async () => {
  expect(await read({})).toEqual({
    type: 'file',
    workspace: 'acme',
    repository: 'app',
    apiUrl: new URL('https://api.bitbucket.org/2.0'),
    account: { tokenKind: 'access-token', scheme: 'Bearer', token: accessToken },
    patterns: { form: 'string', value: 'app.zip' },
    rename: undefined,
    existing: 'replace',
    retention: undefined,
    checksums: 'none',
    verify: 'none',
    concurrency: 4,
    maxConcurrency: 16,
    retries: 5,
    timeoutMs: 120_000,
    isDryRun: false,
    outputPath: undefined,
    wantsReport: true,
    isDebug: false,
    proxies: { http: undefined, https: undefined, none: '' },
    authorities: [],
    warnings: [],
  });
});

it('accepts the UUIDs of a workspace and a repository for Downloads', async () => {
  const workspace = '{12345678-1234-1234-1234-123456789abc}';
  const repository = '{87654321-4321-4321-4321-cba987654321}';
  expect(await read({ WORKSPACE: workspace, REPOSITORY: repository })).toMatchObject({ workspace, repository });
});

it.each<[string, Environment, object]>([
  [
    'another workspace and repository',
    { WORKSPACE: 'other', REPOSITORY: 'lib' },
    { workspace: 'other', repository: 'lib' },
  ],
  [
    'the owner if there is no workspace',
    { BITBUCKET_WORKSPACE: '', BITBUCKET_REPO_OWNER: 'owner' },
    { workspace: 'owner' },
  ],
  [
    'an array of files',
    { FILENAME: undefined, FILENAME_COUNT: '2', FILENAME_0: 'a', FILENAME_1: 'b' },
    { patterns: { form: 'items', items: ['a', 'b'] } },
  ],
  ['TYPE', { TYPE: 'file' }, { type: 'file' }],
  ['DEBUG', { DEBUG: 'Yes' }, { isDebug: true }],
  ['an option as one string', { EXTRA_ARGS: ' --dry-run ' }, { isDryRun: true }],
  [
    'a proxy',
    { HTTPS_PROXY: 'proxy:3128', NO_PROXY: 'a' },
    { proxies: { http: undefined, https: 'http://proxy:3128/', none: 'a' } },
  ],
])('reads %s', async (_, env, settings) => {
  expect(await read(env)).toMatchObject(settings);
});

describe('reads the options', () => {
  it.each<[readonly string[], object]>([
    [['--name', 'new name "é".zip'], { rename: 'new name "é".zip' }],
    [['--name', 'x'.repeat(255)], { rename: 'x'.repeat(255) }],
    [['--name=...'], { rename: '...' }],
    [['--skip-existing'], { existing: 'skip' }],
    [['--no-clobber'], { existing: 'fail' }],
    [['--keep', '5', '--keep-pattern', 'nightly-*'], { retention: { keep: 5, pattern: 'nightly-*' } }],
    [['--keep=1', '--keep-pattern={a,b}-*'], { retention: { keep: 1, pattern: '{a,b}-*' } }],
    [['--checksums'], { checksums: 'list' }],
    [['--checksums=each'], { checksums: 'each' }],
    [['--verify'], { verify: 'listing' }],
    [['--verify=content'], { verify: 'content' }],
    [
      ['--concurrency', '64', '--retries', '20', '--timeout', '86400'],
      { concurrency: 64, maxConcurrency: 64, retries: 20, timeoutMs: 86_400_000 },
    ],
    [
      ['--concurrency=1', '--retries=0', '--timeout= 1 '],
      { concurrency: 1, maxConcurrency: 1, retries: 0, timeoutMs: 1_000 },
    ],
    [['--retries', '0'], { concurrency: 4, maxConcurrency: 4, retries: 0 }],
    [['--output', 'out/result.json', '--no-report'], { outputPath: 'out/result.json', wantsReport: false }],
  ])('%j', async (args, settings) => {
    expect(await readArgs(...args)).toMatchObject(settings);
  });
});

it.each(['npm', 'maven', 'pypi', 'image'])('--plain-http allows http for TYPE %s', async (TYPE) => {
  const env = { TYPE, IMAGE: 'app', REGISTRY: 'http://registry.example/', EXTRA_ARGS: '--plain-http' };
  const own = TYPE === 'image' ? {} : { IMAGE: undefined };
  expect(await read({ ...env, ...own, TOKEN: 'secret', USERNAME: 'me' })).toMatchObject({
    registry: new URL('http://registry.example/'),
  });
});

describe('reads the API_URL', () => {
  it.each([
    ['https://api.bitbucket.org/2.0/', 'https://api.bitbucket.org/2.0'],
    ['https://gateway.example:8443/bitbucket//', 'https://gateway.example:8443/bitbucket'],
    ['http://127.0.0.1:8080/2.0', 'http://127.0.0.1:8080/2.0'],
    ['http://localhost:8080', 'http://localhost:8080/'],
    ['http://[::1]/2.0', 'http://[::1]/2.0'],
    ['gateway.example/2.0', 'https://gateway.example/2.0'],
  ])('%s', async (address, href) => {
    expect(await read({ API_URL: address })).toMatchObject({ apiUrl: new URL(href) });
  });
});

describe("accepts the variables of Atlassian's pipe", () => {
  it.each<[string, Environment, Environment]>([
    ['an access token', { BITBUCKET_ACCESS_TOKEN: accessToken }, { TOKEN: accessToken }],
    [
      'an API token',
      { ATLASSIAN_ACCOUNT_EMAIL: email, ATLASSIAN_API_TOKEN: apiToken },
      { USERNAME: email, TOKEN: apiToken },
    ],
    [
      'an API token in place of the app password',
      { BITBUCKET_USERNAME: email, BITBUCKET_APP_PASSWORD: apiToken },
      { USERNAME: email, TOKEN: apiToken },
    ],
    [
      'another account',
      { BITBUCKET_ACCESS_TOKEN: accessToken, ACCOUNT: 'other', REPOSITORY: 'lib', DEBUG: 'true' },
      { TOKEN: accessToken, WORKSPACE: 'other', REPOSITORY: 'lib', DEBUG: 'true' },
    ],
  ])('%s', async (_, theirs, ours) => {
    expect(await read({ TOKEN: undefined, ...theirs })).toEqual(await read({ TOKEN: undefined, ...ours }));
  });
});

describe('refuses', () => {
  it.each<[string, Environment, Readonly<Record<string, readonly string[]>>]>([
    ['no file name', { FILENAME: '' }, { FILENAME: ['required field (it is set, but empty)'] }],
    [
      'an unknown TYPE',
      { TYPE: 'docker' },
      {
        TYPE: ['unallowed value docker: use file, image, npm, maven, pypi, octopus (did you mean image?)'],
        IMAGE: ['required field'],
      },
    ],
    ['a DEBUG that is not a boolean', { DEBUG: '1' }, { DEBUG: ['must be of boolean type (true or false), not "1"'] }],
    [
      'tokens that contradict each other',
      { ATLASSIAN_API_TOKEN: apiToken, USERNAME: email },
      { TOKEN: ['contradicts ATLASSIAN_API_TOKEN, which has a different value: set only one of them'] },
    ],
    [
      'workspaces that contradict each other',
      { WORKSPACE: 'a', ACCOUNT: 'b' },
      { WORKSPACE: ['contradicts ACCOUNT, which has a different value: set only one of them'] },
    ],
    [
      'an API token without the email',
      { TOKEN: apiToken },
      { USERNAME: [expect.stringMatching(/^required field: TOKEN is an API token/) as unknown as string] },
    ],
    [
      'an invalid proxy',
      { HTTPS_PROXY: 'socks4://a' },
      { HTTPS_PROXY: [expect.stringMatching(/^must be the URL of an HTTP or SOCKS5 proxy/) as unknown as string] },
    ],
    [
      'no workspace and no repository, outside Pipelines',
      { BITBUCKET_WORKSPACE: undefined, BITBUCKET_REPO_SLUG: undefined },
      {
        WORKSPACE: ['required field, because BITBUCKET_WORKSPACE is not set (Pipelines sets it)'],
        REPOSITORY: ['required field, because BITBUCKET_REPO_SLUG is not set (Pipelines sets it)'],
      },
    ],
  ])('%s', async (_, env, expected) => {
    expect(await problems(env)).toEqual(expected);
  });

  it('all problems at once', async () => {
    const env = {
      TOKEN: '',
      FILENAME: '$F',
      WORKSPACE: 'a/b',
      API_URL: 'x y',
      EXTRA_ARGS: '--x',
      DEBUG: 'x',
      http_proxy: 'x:y',
    };
    expect(Object.keys(await problems({ ...env, REPOSITORY: 'ü' })).sort()).toEqual(
      [...Object.keys(env), 'REPOSITORY'].sort(),
    );
  });

  it('a TYPE that does not exist, and only what any TYPE would need besides', async () => {
    const env = { TYPE: 'x', EXTRA_ARGS: "['--dist-tags', 'a', '--retries', 'x', '--platform', 'y']", DEBUG: 'x' };
    expect(await problems({ ...env, FILENAME: '', BITBUCKET_WORKSPACE: '', TOKEN: '' })).toEqual({
      TYPE: ['unallowed value x: use file, image, npm, maven, pypi, octopus'],
      DEBUG: ['must be of boolean type (true or false), not "x"'],
      EXTRA_ARGS: ['unknown option "--dist-tags": did you mean --dist-tag?', wholeNumber('--retries', 0, 20, 'x')],
    });
  });

  it.each<[Environment, string, string]>([
    [{ FILENAME: 'dist/$X' }, 'FILENAME', 'X'],
    [{ FILENAME: undefined, FILENAME_COUNT: '2', FILENAME_0: 'a', FILENAME_1: '${X}/b' }, 'FILENAME', 'X'],
    [{ TOKEN: '$TOKEN' }, 'TOKEN', 'TOKEN'],
    [{ TOKEN: undefined, BITBUCKET_ACCESS_TOKEN: '${A}${B}' }, 'BITBUCKET_ACCESS_TOKEN', 'A'],
    [{ USERNAME: '$EMAIL' }, 'USERNAME', 'EMAIL'],
    [{ TYPE: '$TYPE' }, 'TYPE', 'TYPE'],
    [{ TYPE: '$IMAGE' }, 'TYPE', 'IMAGE'],
    [{ IMAGE: 'app:v$VERSION', TOKEN: apiToken, USERNAME: email }, 'IMAGE', 'VERSION'],
    [{ TYPE: 'npm', REGISTRY: '$REGISTRY' }, 'REGISTRY', 'REGISTRY'],
    [{ TYPE: 'npm', REGISTRY: 'https://$HOST/npm/' }, 'REGISTRY', 'HOST'],
    [{ WORKSPACE: '$WORKSPACE' }, 'WORKSPACE', 'WORKSPACE'],
    [{ API_URL: '${API_URL}' }, 'API_URL', 'API_URL'],
    [{ DEBUG: '$DEBUG' }, 'DEBUG', 'DEBUG'],
    [{ EXTRA_ARGS: "['--name', 'app-${VERSION}.zip']" }, 'EXTRA_ARGS', 'VERSION'],
  ])('a reference that was not expanded: %j', async (env, variable, name) => {
    // What looks like a reference may be the secret itself.
    const isSecret = secretVariables.includes(variable);
    const [what, which] = isSecret
      ? ['is a reference that', 'the variable that it names']
      : [`contains $${name}, which`, name];
    const problem = `${what} was not expanded: is ${which} defined for this repository, workspace or deployment, or earlier in this step?`;
    expect(await problems(env)).toEqual({ [variable]: [problem] });
  });

  it('no reference in what only looks like one', async () => {
    const env = { FILENAME: 'Outer$Inner.class', USERNAME: 'robot$ci', TOKEN: 'pa$word-$x' };
    await expect(read({ ...env, BITBUCKET_PACKAGES_TOKEN: '${BITBUCKET_PACKAGES_TOKEN}' })).resolves.toMatchObject({
      account: { username: 'robot$ci', password: 'pa$word-$x' },
    });
  });

  it('an array for a variable that takes one value', async () => {
    expect(await problems({ WORKSPACE_COUNT: '1', WORKSPACE_0: 'acme' })).toEqual({
      WORKSPACE: ['takes one value, not an array'],
    });
  });

  it('a misspelled variable beside the one that it stands for, and as a warning', async () => {
    const env = { FILENAME: undefined, FILE_NAME: 'app.zip', EXTRA_ARG: '--no-clobber' };
    const error: unknown = await read(env).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      message: 'Validation errors:\nFILENAME:\n- required field (FILE_NAME is set, did you mean FILENAME?)',
      warnings: ['EXTRA_ARG is not a variable of this pipe, and has no effect: did you mean EXTRA_ARGS?'],
    });
  });

  describe('a workspace or repository', () => {
    it.each(['acme', 'a.b-c_D9', '{12345678-1234-1234-1234-123456789abc}', '...'])('but not %j', async (slug) => {
      expect(await read({ WORKSPACE: slug, REPOSITORY: slug })).toMatchObject({ workspace: slug, repository: slug });
    });

    const addressBar = ': copy it from the address bar, https://bitbucket.org/<WORKSPACE>/<REPOSITORY>';
    it.each([
      ['acme/app', ': set WORKSPACE to acme and REPOSITORY to app'],
      ['https://bitbucket.org/acme/app', addressBar],
      ['My App', addressBar],
      ['..', addressBar],
      ['.', addressBar],
      ['a?b', addressBar],
      ['a%2Fb', addressBar],
      ['{1234}', addressBar],
      ['ünï', addressBar],
      ['a\nb', addressBar],
    ])('such as %j', async (slug, advice) => {
      expect(await problems({ WORKSPACE: slug, REPOSITORY: slug })).toEqual({
        WORKSPACE: [`${JSON.stringify(slug)} is not a valid workspace slug${advice}`],
        REPOSITORY: [`${JSON.stringify(slug)} is not a valid repository slug${advice}`],
      });
    });
  });

  describe('options', () => {
    it.each<[readonly string[], string]>([
      [
        ['--skip-existing', '--no-clobber'],
        'options --skip-existing and --no-clobber contradict each other: give one of them',
      ],
      [['--keep', '5'], 'option --keep needs --keep-pattern, which names the downloads that may be deleted'],
      [['--keep-pattern', '*'], 'option --keep-pattern needs --keep, the number of downloads to keep'],
      [
        ['--keep', '5', '--keep-pattern', '{a,b}'.repeat(25)],
        `option --keep-pattern: ${'{a,b}'.repeat(25)} stands for more than 10,000 patterns: use * or fewer braces`,
      ],
      [['--keep', '0', '--keep-pattern', '*'], wholeNumber('--keep', 1, 1_000_000, '0')],
      [['--keep', '1000001', '--keep-pattern', '*'], wholeNumber('--keep', 1, 1_000_000, '1000001')],
      [['--keep', 'all', '--keep-pattern', '*'], wholeNumber('--keep', 1, 1_000_000, 'all')],
      [['--concurrency', '0'], wholeNumber('--concurrency', 1, 64, '0')],
      [['--concurrency', '65'], wholeNumber('--concurrency', 1, 64, '65')],
      [['--retries', '-1'], wholeNumber('--retries', 0, 20, '-1')],
      [['--retries', '21'], wholeNumber('--retries', 0, 20, '21')],
      [['--timeout', '0'], wholeNumber('--timeout', 1, 86_400, '0')],
      [['--timeout', '1.5'], wholeNumber('--timeout', 1, 86_400, '1.5')],
      [['--timeout', '1e3'], wholeNumber('--timeout', 1, 86_400, '1e3')],
      [['--timeout', '86401'], wholeNumber('--timeout', 1, 86_400, '86401')],
      [['--verify=all'], 'option --verify takes no value or "content", not "all"'],
      [['--name', 'é'.repeat(150)], 'option --name is 300 bytes long, but the limit is 255'],
      [['--name', 'x'.repeat(256)], 'option --name is 256 bytes long, but the limit is 255'],
      [['--name', 'a/b'], 'option --name needs a file name without a path, not "a/b"'],
      [['--name', String.raw`a\b`], String.raw`option --name needs a file name without a path, not "a\\b"`],
      [['--name', '.'], 'option --name needs a file name without a path, not "."'],
      [['--name', '..'], 'option --name needs a file name without a path, not ".."'],
      [['--name', 'a\0b'], String.raw`option --name needs a file name without a path, not "a\u0000b"`],
    ])('%j', async (args, problem) => {
      expect(await problems({ EXTRA_ARGS: JSON.stringify(args) })).toEqual({ EXTRA_ARGS: [problem] });
    });
  });

  it('says where an image comes from if FILENAME is set, but empty', async () => {
    await expect(read({ IMAGE: 'app', FILENAME: ' ', TOKEN: apiToken, USERNAME: email })).resolves.toMatchObject({
      warnings: ['FILENAME is set, but empty: the image is taken from the Docker Engine'],
    });
  });

  it('without ever quoting the token', async () => {
    const token = 'hunter22-hunter22';
    for (const env of [
      { TOKEN: `"${token}"` },
      { TOKEN: `${token} x` },
      { TOKEN: `ATATT${token}` },
      { TOKEN: `ATBB${token}` },
      { TOKEN: token, BITBUCKET_ACCESS_TOKEN: 'other' },
      { TOKEN: 'other', BITBUCKET_ACCESS_TOKEN: token },
      { TOKEN: undefined, BITBUCKET_APP_PASSWORD: token, BITBUCKET_USERNAME: 'user' },
      { TOKEN: 'other', API_URL: `https://x:${token}@host/` },
      { TOKEN: 'other', HTTPS_PROXY: `socks4://x:${token}@host` },
    ])
      expect(JSON.stringify(await problems(env))).not.toContain('hunter22');
  });
});

function wholeNumber(name: string, min: number, max: number, given: string): string {
  return `option ${name} needs a whole number from ${min} to ${max}, not ${JSON.stringify(given)}`;
}

it('the files that a run names are those of FILENAME and of options that take a file', async () => {
  const EXTRA_ARGS = "['--output', 'result.json', '--retries', '3', '--pom', 'pom.xml', '--attach', 'zip=app.zip']";
  expect(await readNamedFiles({ FILENAME: 'a.txt b.txt', EXTRA_ARGS })).toEqual({
    outputPath: 'result.json',
    inputs: ['a.txt b.txt', 'a.txt', 'b.txt', 'pom.xml', 'pom.xml', 'zip=app.zip', 'app.zip'],
  });
});

it.each([
  ['file', ['download', 'downloads', 'generic']],
  ['image', ['docker', 'docker-image', 'container', 'oci']],
  ['npm', ['node', 'npmjs']],
  ['maven', ['mvn', 'java', 'jar']],
  ['octopus', ['octo', 'octopusdeploy']],
])('TYPE %s is suggested for its other names', async (type, names) => {
  for (const TYPE of names) {
    const reading = readSettings({ TYPE, FILENAME: 'a' });
    await expect(reading).rejects.toThrow(
      `unallowed value ${TYPE}: use file, image, npm, maven, pypi, octopus (did you mean ${type}?)`,
    );
  }
});

describe('variables of a package to make', () => {
  const pack = { SOURCE_PATH: 'dist', OUTPUT_PATH: 'out', VERSION: '1.0' };

  it('need an ID if there is nothing else to publish', async () => {
    const found = await problems({ ...pack, FILENAME: undefined, TOKEN: undefined });
    expect(found).toEqual({ ID: ['required field, the ID of the package to make'] });
  });

  it.each([
    [{}, 'without ID'],
    [{ TYPE: 'file', ID: 'app' }, 'with TYPE file'],
  ])('have no effect otherwise, %j', async (env, reason) => {
    const warnings = ['SOURCE_PATH', 'OUTPUT_PATH', 'VERSION'].map((name) => `${name} has no effect ${reason}`);
    expect(await read({ ...pack, ...env })).toMatchObject({ type: 'file', warnings });
  });
});
