/** The bundle publishes to Verdaccio, and npm installs from it. The requests are identical to npm's own. */

import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { packageTarball } from '../destinations/npm/tarballs.ts';
import { createNpmClient } from '../../pipe/destinations/npm/client.ts';
import { testClient } from '../http/test-client.ts';
import { type Ended, startBundle, type Variables } from '../run-bundle.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { tokens } from '../sandbox/tokens.ts';
import { runSteps } from '../steps/run-steps.ts';
import { account, installNpmTools, type NpmTools, type NpmVersion, npmVersions, type Verdaccio } from './npm-tools.ts';

jest.setTimeout(90_000);

let root = '';
let tools: NpmTools | undefined;
let verdaccio: Verdaccio | undefined;

const at = (...path: readonly string[]): string => join(root, ...path);

function started(): { tools: NpmTools; url: string } {
  if (tools === undefined || verdaccio === undefined) throw new Error('npm and Verdaccio run only during a test');
  return { tools, url: verdaccio.url };
}

async function npm(...args: readonly string[]): Promise<string> {
  return await started().tools.npm(at('work'), started().url, ...args);
}

/** What npm shows. npm 12 lists one version in an array, too. */
async function view(...args: readonly string[]): Promise<unknown> {
  const [shown] = [JSON.parse(await npm('view', ...args, '--json'))].flat() as readonly unknown[];
  return shown;
}

/** Runs the bundle in a process of its own. */
async function pipe(env: Variables): Promise<Ended> {
  const all = { TYPE: 'npm', USERNAME: account.username, TOKEN: account.password, ...env };
  return await startBundle(all, { cwd: at('work') }).ended;
}

async function publish(filename: string, ...extraArgs: readonly string[]) {
  return await pipe({ REGISTRY: started().url, FILENAME: filename, EXTRA_ARGS: JSON.stringify(extraArgs) });
}

/** Packs a package as a user does. @returns the tarball's name */
async function pack(name: string, version: string): Promise<string> {
  const directory = at('sources', name, version);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'package.json'), JSON.stringify({ name, version, license: 'MIT', main: 'index.js' }));
  await writeFile(join(directory, 'index.js'), `module.exports = '${name} ${version}';\n`);
  await writeFile(join(directory, 'README.md'), `# ${name}\n\nIt is ${name}.\n`);
  await npm('pack', directory, '--pack-destination', at('work'));
  return `${name.replace('@', '').replace('/', '-')}-${version}.tgz`;
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'npm-integration-'));
  await mkdir(at('work'));
  tools = await installNpmTools(root);
  verdaccio = await tools.startVerdaccio('verdaccio');
});

afterAll(async () => {
  await verdaccio?.close();
  await rm(root, { recursive: true, force: true });
});

it('leaves latest at the highest of the versions that several steps publish at once', async () => {
  for (let round = 0; round < 3; round++) {
    const steps = await runSteps(at(`steps-${round}`), async ({ index, directory }) => {
      const manifest = { name: `steps-${round}`, version: `1.${index}.0`, description: 'Many' };
      await writeFile(join(directory, 'lib.tgz'), packageTarball(manifest));
      return {
        TYPE: 'npm',
        USERNAME: account.username,
        TOKEN: account.password,
        REGISTRY: started().url,
        FILENAME: 'lib.tgz',
      };
    });
    for (const { exitCode, output } of steps)
      expect([exitCode, output]).toEqual([
        exitCode === 0 ? 0 : 1,
        expect.stringMatching(/^✔|would replace .* as latest/m),
      ]);
    expect(await view(`steps-${round}`, 'dist-tags')).toEqual({ latest: `1.${steps.length - 1}.0` });
  }
});

it('publishes packages that npm packed, which npm then installs, in two successive versions', async () => {
  for (const version of ['1.0.0', '1.1.0']) {
    const files = [await pack('plain-lib', version), await pack('@acme/lib', version)];
    const { exitCode, output } = await publish(
      JSON.stringify(files).replaceAll('"', "'"),
      '--output',
      at('result.json'),
    );
    expect([exitCode, output]).toEqual([0, expect.stringContaining('✔ Published 2 packages')]);
    const result = JSON.parse(await readFile(at('result.json'), 'utf8')) as {
      items: { name: string; integrity: string }[];
    };
    for (const name of ['plain-lib', '@acme/lib']) {
      const shown = (await view(name)) as { version: string; dist: { integrity: string } };
      const item = result.items.find((each) => each.name === `${name}@${version}`);
      expect([shown.version, shown.dist.integrity]).toEqual([version, item?.integrity]);
    }
    const consumer = at('consumers', version);
    await mkdir(consumer, { recursive: true });
    await writeFile(join(consumer, 'package.json'), '{"private": true}');
    await started().tools.npm(consumer, started().url, 'install', 'plain-lib', '@acme/lib');
    const lock = await readFile(join(consumer, 'package-lock.json'), 'utf8');
    for (const { integrity } of result.items) expect(lock).toContain(integrity);
    const installed = await readFile(join(consumer, 'node_modules', '@acme', 'lib', 'index.js'), 'utf8');
    expect(installed).toBe(`module.exports = '@acme/lib ${version}';\n`);
  }
});

it('publishes a prerelease under its tag, and leaves latest unchanged', async () => {
  await publish(await pack('tagged', '1.0.0'));
  const file = await pack('tagged', '2.0.0-beta.1');
  const refused = await publish(file);
  expect([refused.exitCode, refused.output]).toEqual([1, expect.stringContaining('give --dist-tag')]);
  expect((await publish(file, '--dist-tag', 'next')).exitCode).toBe(0);
  expect(await view('tagged', 'dist-tags')).toEqual({
    latest: '1.0.0',
    next: '2.0.0-beta.1',
  });
});

it('succeeds in a second run, without sending anything', async () => {
  const file = await pack('again', '1.0.0');
  expect((await publish(file)).exitCode).toBe(0);
  const second = await publish(file);
  expect([second.exitCode, second.output]).toEqual([0, expect.stringContaining('skipped 1 already there')]);
});

it('fails with advice if the credentials are wrong', async () => {
  const file = await pack('refused', '1.0.0');
  const { exitCode, output } = await pipe({
    REGISTRY: started().url,
    FILENAME: file,
    TOKEN: 'wrong-password-of-some-length',
  });
  expect([exitCode, output]).toEqual([1, expect.stringMatching(/40[13] .*What to do: /s)]);
});

it("skips by the version's own metadata, which Verdaccio has at npm's address", async () => {
  await publish(await pack('@acme/alone', '1.0.0'));
  await using http = testClient();
  const client = createNpmClient(http, new URL(started().url));
  const found = await client.read('@acme/alone');
  const alone = await client.readVersion('@acme/alone', '1.0.0');
  expect(alone?.integrity).toMatch(/^sha512-/);
  expect(alone).toEqual(typeof found === 'string' ? found : found.versions.get('1.0.0'));
  expect(await client.readVersion('@acme/alone', '1.0.1')).toBeUndefined();
});

it('succeeds in several steps that publish the same package at once', async () => {
  const file = await pack('raced', '1.0.0');
  const all = await Promise.all([1, 2, 3].map(async () => await publish(file)));
  expect(all.map(({ exitCode, output }) => (exitCode === 0 ? '' : output))).toEqual(['', '', '']);
});

it('leaves a version with other content as it is, and says so', async () => {
  const { exitCode } = await publish(await pack('taken', '1.0.0'));
  expect(exitCode).toBe(0);
  await writeFile(at('work', 'other.tgz'), packageTarball({ name: 'taken', version: '1.0.0', description: 'another' }));
  const { exitCode: code, output } = await publish('other.tgz');
  expect({ code, output }).toEqual({
    code: 1,
    output: expect.stringContaining(
      '  taken@1.0.0: NOT published: 1.0.0 is there already with other content; left as it is\n',
    ),
  });
});

it('publishes to a registry that this account may not read', async () => {
  const unreadable = await started().tools.startVerdaccio('unreadable', 'nobody');
  try {
    const FILENAME = await pack('unread', '1.0.0');
    const first = await pipe({ REGISTRY: unreadable.url, FILENAME });
    expect([first.exitCode, first.output]).toEqual([0, expect.stringMatching(/WARNING: .*403 .*reading was refused/)]);
    const skipping = await pipe({ REGISTRY: unreadable.url, FILENAME, EXTRA_ARGS: "['--skip-existing']" });
    expect([skipping.exitCode, skipping.output]).toEqual([1, expect.stringContaining('needs to read')]);
    const again = await pipe({ REGISTRY: unreadable.url, FILENAME });
    expect([again.exitCode, again.output]).toEqual([1, expect.stringMatching(/✖ .*\n {2}PUT .*409 .*already present/)]);
    expect(again.output).toContain('  unread@1.0.0: sent, but the registry says that 1.0.0 is there already');
  } finally {
    await unreadable.close();
  }
});

const rich = {
  name: '@acme/rich',
  version: ' v1.2.3+build ',
  _private: 'x',
  repository: 'github:acme/rich#main',
  author: 'Joe <joe@acme.example> (https://acme.example)',
  contributors: [{ name: 'Ann', mail: 'ann@acme.example' }, 'Bob'],
  keywords: 'a, b, c',
  bin: { rich: './bin/rich.js', '../evil': 'bin/other.js' },
  man: './man/rich.1',
  main: './lib/index.js',
  scripts: { test: 'node_modules/.bin/jest', bad: 5 },
  dependencies: { semver: '^7', git: 'acme/git#v1' },
  optionalDependencies: { opt: '*' },
  bundledDependencies: ['bundled'],
  files: ['lib', ''],
  publishConfig: { access: 'public', tag: 'stable' },
  dist: { fileCount: 5 },
  patchedDependencies: { semver: 'semver.patch' },
  "ключ'\u2028": { 'ü"\\': ['\u0007', 1e21, null] },
};
const richFiles = {
  'README.md': '# Rich\n\nWhat it is,\nin "two" lines.\n\n- ü \u{1F600}\n',
  'README.de.md': '# Reich\n',
  AUTHORS: '# All\nAnn\n',
  'server.js': '',
  'binding.gyp': '{}',
  'lib/index.js': '',
  'lib/index.d.ts': '',
  'bin/rich.js': '',
  'bin/other.js': '',
  'man/rich.1': '',
};
const bare = { name: 'bare', version: '0.0.1' };

/** For `JSON.parse`: omits the client's name and versions. */
function withoutClient(key: string, value: unknown): unknown {
  return key === '_nodeVersion' || key === '_npmVersion' ? undefined : value;
}

interface Manifest {
  scripts?: Record<string, string>;
  patchedDependencies?: unknown;
}

/** Without what npm 12 does not send any more. */
function asNpm12(version: NpmVersion, document: unknown): unknown {
  if (version === 12) return document;
  for (const manifest of Object.values((document as { versions: Record<string, Manifest> }).versions)) {
    delete manifest.patchedDependencies;
    if (manifest.scripts?.['start'] === 'node server.js') delete manifest.scripts['start'];
  }
  return document;
}

function withoutTimes(key: string, value: unknown): unknown {
  return key === 'time' || key === '_rev' ? undefined : withoutClient(key, value);
}

describe('compared with npm publish', () => {
  let both: readonly Sandbox[] = [];
  beforeEach(async () => {
    both = await Promise.all([startSandbox(), startSandbox()]);
  });
  afterEach(async () => {
    await Promise.all(both.map((sandbox) => sandbox.close()));
  });

  const packages: readonly (readonly [string, object, Record<string, string>, readonly string[]])[] = [
    ['a bare package', bare, {}, []],
    ['a package with everything', rich, richFiles, []],
    [
      'a package under a tag, restricted',
      { ...rich, version: '2.0.0-rc.1', homepage: 'acme.example', bugs: 'bugs@acme.example' },
      { README: 'plain' },
      ['--dist-tag', 'next', '--access', 'restricted'],
    ],
    [
      'directories of programs and pages',
      { ...bare, directories: { bin: 'bin', man: './man' }, license: 'MIT' },
      richFiles,
      [],
    ],
  ];

  it.each(npmVersions.flatMap((version) => packages.map((each) => [version, ...each] as const)))(
    'the document is the same as that of npm %d: %s',
    async (version, _, manifest, files, options) => {
      const [ours, theirs] = both;
      if (ours === undefined || theirs === undefined) throw new Error('two sandboxes were started');
      await writeFile(at('work', 'same.tgz'), packageTarball({ ...manifest }, files));
      const { exitCode, output } = await pipe({
        REGISTRY: ours.npmUrl,
        FILENAME: 'same.tgz',
        USERNAME: account.username,
        TOKEN: tokens.plainToken,
        EXTRA_ARGS: JSON.stringify(options),
      });
      expect([exitCode, exitCode === 0 ? '' : output]).toEqual([0, '']);
      // The sandbox accepts this token with any user name.
      const auth = Buffer.from(`${account.username}:${tokens.plainToken}`).toString('base64');
      await writeFile(at('work', '.npmrc'), `${theirs.npmUrl.replace('http:', '')}:_auth=${auth}\n`);
      const npmOptions = options.map((option) => option.replace('--dist-tag', '--tag'));
      const args = ['publish', './same.tgz', '--ignore-scripts', ...npmOptions];
      await started().tools.npmOf(version, at('work'), theirs.npmUrl, ...args);
      await rm(at('work', '.npmrc'));
      const documents = both.map(({ npm, npmUrl }) => {
        const [found] = [...npm.packages.values()];
        const [published] = [...(found?.versions.values() ?? [])];
        return JSON.stringify(published?.document, undefined, 1).replaceAll(npmUrl, 'http://registry/');
      });
      const [our = '', their = ''] = documents;
      expect(their).toContain('"_npmVersion"');
      const expected = asNpm12(version, JSON.parse(their, withoutClient));
      // npm 10 adds some fields in another order.
      if (version === 10) expect(JSON.parse(our)).toEqual(expected);
      else expect(our).toBe(JSON.stringify(expected, undefined, 1));
      // npm's own documents pass every check of the sandbox, so the checks are no stricter than npm.
      expect(both.map(({ violations }) => violations)).toEqual([[], []]);
    },
  );

  it('package extensions are refused by both', async () => {
    const [{ npmUrl } = { npmUrl: '' }] = both;
    await writeFile(at('work', 'extended.tgz'), packageTarball({ ...bare, packageExtensions: {} }));
    const { exitCode, output } = await pipe({ REGISTRY: npmUrl, FILENAME: 'extended.tgz' });
    expect([exitCode, output]).toEqual([1, expect.stringContaining('"packageExtensions" works only')]);
    const published = started().tools.npm(at('work'), npmUrl, 'publish', './extended.tgz');
    await expect(published).rejects.toThrow('packageExtensions is only honored at the project root');
  });

  it('Verdaccio stores the same, except for times and names of clients', async () => {
    const second = await started().tools.startVerdaccio('second');
    try {
      await copyFile(at('work', await pack('stored', '1.0.0')), at('work', 'stored.tgz'));
      expect((await publish('stored.tgz')).exitCode).toBe(0);
      await started().tools.npm(at('work'), second.url, 'publish', './stored.tgz');
      const stored = await Promise.all(
        ['verdaccio', 'second'].map(
          async (name) => await readFile(at(name, 'storage', 'stored', 'package.json'), 'utf8'),
        ),
      );
      const [ours, theirs] = stored.map((text): unknown =>
        JSON.parse(text.replaceAll(second.url, started().url), withoutTimes),
      );
      expect(ours).toEqual(theirs);
    } finally {
      await second.close();
    }
  });
});

describe('compared with npm stage', () => {
  let both: readonly Sandbox[] = [];
  beforeEach(async () => {
    both = await Promise.all([startSandbox({ npm: { stages: true } }), startSandbox({ npm: { stages: true } })]);
    // The sandbox accepts this token with any user name.
    const auth = Buffer.from(`${account.username}:${tokens.plainToken}`).toString('base64');
    const lines = both.map(({ npmUrl }) => `${npmUrl.replace('http:', '')}:_auth=${auth}\n`);
    await writeFile(at('work', '.npmrc'), lines.join(''));
  });
  afterEach(async () => {
    await rm(at('work', '.npmrc'));
    await Promise.all(both.map((sandbox) => sandbox.close()));
  });

  async function stage(registry: string, ...args: readonly string[]): Promise<string> {
    return await started().tools.npm(at('work'), registry, 'stage', ...args);
  }

  it('the document is the same, and npm lists, shows, downloads, approves and rejects what the pipe staged', async () => {
    const [ours, theirs] = both;
    if (ours === undefined || theirs === undefined) throw new Error('two sandboxes were started');
    const tarball = packageTarball({ ...rich }, richFiles);
    await writeFile(at('work', 'same.tgz'), tarball);
    await writeFile(at('work', 'bare.tgz'), packageTarball(bare));
    const args = ['--stage', '--dist-tag', 'next', '--access', 'public', '--output', at('staged.json')];
    const { exitCode, output } = await pipe({
      REGISTRY: ours.npmUrl,
      FILENAME: "['same.tgz', 'bare.tgz']",
      TOKEN: tokens.plainToken,
      EXTRA_ARGS: JSON.stringify(args),
    });
    expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
    await stage(theirs.npmUrl, 'publish', './same.tgz', '--ignore-scripts', '--tag', 'next', '--access', 'public');
    const [our = '', their = ''] = both.map(({ npm, npmUrl }) => {
      const found = [...npm.staged.values()].find(({ name }) => name === rich.name);
      return JSON.stringify(found?.published.document, undefined, 1).replaceAll(npmUrl, 'http://registry/');
    });
    expect(their).toContain('"_npmVersion"');
    expect(our).toBe(JSON.stringify(JSON.parse(their, withoutClient), undefined, 1));

    const { items } = JSON.parse(await readFile(at('staged.json'), 'utf8')) as {
      items: readonly { name: string; stageId: string }[];
    };
    const ids = items.map(({ stageId }) => stageId);
    const [first = '', second = ''] = ids;
    const listed = JSON.parse(await stage(ours.npmUrl, 'list', '--json')) as readonly { readonly id: string }[];
    expect(listed.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    expect(JSON.parse(await stage(ours.npmUrl, 'view', first, '--json'))).toMatchObject({
      packageName: rich.name,
      version: '1.2.3',
      tag: 'next',
    });
    const downloaded = (await stage(ours.npmUrl, 'download', first)).trim().split('\n').at(-1) ?? '';
    expect((await readFile(at('work', downloaded))).equals(tarball)).toBe(true);
    await expect(stage(ours.npmUrl, 'approve', first)).rejects.toThrow(/one-time pass|EOTP/);
    await stage(ours.npmUrl, 'approve', first, '--otp=123456');
    await stage(ours.npmUrl, 'reject', second, '--otp=123456');
    expect(ours.npm.packages.get(rich.name)?.tags.get('next')).toBe('1.2.3');
    expect(await ours.npm.installProblems(rich.name, '1.2.3')).toEqual([]);
    expect([ours.npm.staged.size, both.map(({ violations }) => violations)]).toEqual([0, [[], []]]);
  });
});
