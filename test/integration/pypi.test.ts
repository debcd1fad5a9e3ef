/**
 * The bundle publishes real packages to pypiserver and devpi, from which pip and uv install them. Its fields are those of twine.
 * PYPI_TOOLS names a directory for what is installed, which stays there for the next run.
 */

import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createHashes } from '../../pipe/io/hashes.ts';
import { type Release, sdist, sdistName, wheel, wheelName } from '../destinations/pypi/packages.ts';
import { type Ended, startBundle } from '../run-bundle.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { tokens } from '../sandbox/tokens.ts';
import { account, type IndexServer, installPypiTools, type PypiTools } from './pypi-tools.ts';

jest.setTimeout(300_000);

let root = '';
let tools: PypiTools;
let real: readonly string[] = [];

const at = (...path: readonly string[]): string => join(root, ...path);
const packages = (): string => at('packages');

/** Runs the bundle in a process of its own, in the directory of the packages. */
async function publish(
  registry: string,
  filenames: readonly string[],
  { extraArgs = [], ...login }: { extraArgs?: readonly string[]; USERNAME?: string; TOKEN?: string } = {},
): Promise<Ended> {
  const list = (items: readonly string[]): string => JSON.stringify(items).replaceAll('"', "'");
  const env = {
    TYPE: 'pypi',
    REGISTRY: registry,
    USERNAME: account.username,
    TOKEN: account.password,
    ...login,
    FILENAME: list(filenames),
    EXTRA_ARGS: list(extraArgs),
    DEBUG: 'false',
  };
  return await startBundle(env, { cwd: packages() }).ended;
}

/** Prints the names of the files that twine would send. */
const acceptedByTwine = `
import os, sys
from twine.package import PackageFile
for path in sys.argv[1:]:
    try:
        PackageFile.from_filename(path, None)
        print(os.path.basename(path))
    except Exception:
        pass
`;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'pypi-integration-'));
  await mkdir(packages());
  tools = await installPypiTools(root, process.env['PYPI_TOOLS'] ?? at('tools'));
  real = (await readdir(tools.packages)).toSorted();
  for (const name of real) await copyFile(join(tools.packages, name), join(packages(), name));
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

describe('the fields of real packages', () => {
  let sandbox: Sandbox;
  const login = { USERNAME: tokens.packagesUser, TOKEN: tokens.packagesToken };

  beforeAll(async () => {
    sandbox = await startSandbox();
  });
  afterAll(async () => {
    await sandbox.close();
  });

  /** The fields that the sandbox was sent, in one order. */
  function received(): ReadonlyMap<string, readonly string[]> {
    const files = [...sandbox.pypi.projects.values()].flatMap((project) => [...project.values()]);
    const pairs = files.map(({ filename, fields = [] }) => {
      const lines = fields.map(([name, value]) => `${name}=${value}`);
      return [filename, lines.toSorted()] as const;
    });
    return new Map(pairs);
  }

  it('are those of twine and uv', async () => {
    const ended = await publish(sandbox.pypiUrl, real, login);
    expect([ended.exitCode, ended.output]).toEqual([0, expect.stringContaining(`${real.length} files`)]);
    expect(sandbox.violations).toEqual([]);
    const own = received();
    expect([...own.keys()].toSorted()).toEqual(real);

    sandbox.reset();
    // twine refuses some that every index takes: their metadata have values that the specification does not allow.
    const accepted = await tools.run('python', ['-c', acceptedByTwine, ...real.map((name) => join(packages(), name))]);
    const strict = accepted.trim().split('\n');
    expect(strict.length).toBeGreaterThan(35);
    const files = strict.map((name) => join(packages(), name));
    const url = ['--repository-url', sandbox.pypiUrl];
    const options = ['--non-interactive', '--disable-progress-bar', '-u', login.USERNAME, '-p', login.TOKEN];
    await tools.run('twine', ['upload', ...options, ...url, ...files]);
    expect([...received().keys()].toSorted()).toEqual(strict);
    for (const [name, fields] of received()) expect([name, own.get(name)]).toEqual([name, fields]);

    sandbox.reset();
    const account = ['-u', login.USERNAME, '-p', login.TOKEN];
    const publishing = tools.run('uv', [
      'publish',
      '--no-progress',
      '--publish-url',
      sandbox.pypiUrl,
      ...account,
      ...files,
    ]);
    await publishing.catch((error: unknown) => expect([sandbox.violations, error]).toEqual([[], undefined]));
    // It skips wheels whose names have capitals, unfolds headers, leaves names and keywords as they are, sends licence files of
    // old metadata, too, and nothing that is UNKNOWN.
    expect(received().size).toBeGreaterThan(20);
    const common = (fields: readonly string[]): readonly string[] =>
      fields
        .filter((field) => !field.startsWith('license_file=') && !/=(?:UNKNOWN)?$/.test(field))
        .map((field) => field.replaceAll(/\s+/g, ' ').trim())
        .map((field) => (field.startsWith('keywords=') ? field.replaceAll(/ *, */g, ', ') : field))
        .map((field) => (field.startsWith('name=') ? field.replaceAll('_', '-') : field));
    for (const [name, fields] of received())
      expect([name, common(fields)]).toEqual([name, common(own.get(name) ?? [])]);
  });
});

const rare: readonly Release[] = [
  { name: 'Acme.Rare_lib', version: '1!2.0rc1.post3.dev4+local.5', metadataVersion: '2.4', headers: ['Summary: ünï'] },
  { name: 'acme-plain', version: '1.0.0' },
];

describe.each(['pypiserver', 'devpi'] as const)('%s', (name) => {
  let server: IndexServer;
  const all: string[] = [];

  beforeAll(async () => {
    server = name === 'devpi' ? await tools.startDevpi() : await tools.startPypiserver();
    // devpi stores one file after another, and needs a second for each on a busy machine.
    all.push(
      ...real.filter(
        (file, index) => name === 'pypiserver' || index % 4 === 0 || /^(?:six|zope\.interface)-/.test(file),
      ),
    );
    for (const release of rare) {
      const contents = { [wheelName(release)]: wheel(release), [sdistName(release)]: sdist(release) };
      for (const [file, content] of Object.entries(contents)) {
        await writeFile(join(packages(), file), content);
        all.push(file);
      }
    }
  });
  afterAll(async () => {
    await server.close();
  });

  it('takes real packages, and rare versions', async () => {
    const ended = await publish(server.uploadUrl, all, { extraArgs: ['--output', at('result.json')] });
    expect([ended.exitCode, ended.output]).toEqual([0, expect.stringContaining(`${all.length} files`)]);
    expect(ended.output).not.toMatch(/WARNING: .*(?:not yet shown|could not be read back|refused)/);
    const { items } = JSON.parse(await readFile(at('result.json'), 'utf8')) as {
      items: { name: string; url: string }[];
    };
    expect(items.map((item) => item.name).toSorted()).toEqual(all.toSorted());
    // The URLs are those of the files.
    for (const { name: file, url } of items.filter((_, index) => index % 10 === 0)) {
      const authorization = `Basic ${Buffer.from(`${account.username}:${account.password}`).toString('base64')}`;
      const response = await fetch(url, { headers: { authorization } });
      expect([file, sha256(new Uint8Array(await response.arrayBuffer()))]).toEqual([
        file,
        sha256(await readFile(join(packages(), file))),
      ]);
    }
  });

  it('has them all when they are published again', async () => {
    const { exitCode, output } = await publish(server.uploadUrl, all);
    expect([exitCode, output]).toEqual([0, expect.stringContaining('Nothing to upload: all')]);
  });

  it('gives them to pip and uv', async () => {
    const target = at(`installed-${name}`);
    const index = ['--index-url', server.indexUrl, '--no-deps'];
    const wanted = ['six==1.17.0', 'zope.interface==7.2', 'acme-plain==1.0.0', `acme-rare-lib==${rare[0]?.version}`];
    // Nothing but that index.
    const env = { PIP_FIND_LINKS: '', PIP_CONFIG_FILE: '/dev/null', PIP_NO_CACHE_DIR: '1' };
    await tools.run(
      'pip',
      ['install', '--quiet', '--target', join(target, 'pip'), '--only-binary=:all:', ...index, ...wanted],
      env,
    );
    expect(await readdir(join(target, 'pip'))).toEqual(
      expect.arrayContaining(['six.py', 'zope', 'acme_plain', 'acme_rare_lib']),
    );
    const uv = [
      'pip',
      'install',
      '--no-progress',
      '--no-config',
      '--target',
      join(target, 'uv'),
      '--only-binary',
      ':all:',
    ];
    await tools.run('uv', [
      ...uv,
      '--python',
      join(tools.packages, '..', 'venv', 'bin', 'python'),
      ...index,
      ...wanted,
    ]);
    expect(await readdir(join(target, 'uv'))).toEqual(
      expect.arrayContaining(['six.py', 'zope', 'acme_plain', 'acme_rare_lib']),
    );
  });

  it('keeps what it has', async () => {
    const [release] = rare.slice(1);
    if (release === undefined) throw new Error('there are two');
    const file = wheelName(release);
    await copyFile(join(packages(), file), at('before.whl'));
    await writeFile(join(packages(), file), wheel(release, { 'acme_plain/other.py': 'x = 2\n' }));
    const refused = await publish(server.uploadUrl, [file]);
    expect([refused.exitCode, refused.output]).toEqual([
      1,
      expect.stringContaining('with other content: the index has'),
    ]);
    const skipped = await publish(server.uploadUrl, [file], { extraArgs: ['--skip-existing'] });
    expect([skipped.exitCode, skipped.output]).toEqual([0, expect.stringContaining('It is left as it is')]);
    await copyFile(at('before.whl'), join(packages(), file));
  });

  it('refuses a wrong token, and the message says what to do', async () => {
    const release: Release = { name: 'acme-new', version: '1.0.0' };
    await writeFile(join(packages(), wheelName(release)), wheel(release));
    const { exitCode, output } = await publish(server.uploadUrl, [wheelName(release)], {
      TOKEN: 'wrong-token-0123456789',
    });
    expect([exitCode, output]).toEqual([1, expect.stringMatching(/40[13] .*What to do: /s)]);
  });
});

function sha256(bytes: Uint8Array): string {
  const hashes = createHashes(['sha256']);
  hashes.update(bytes);
  return hashes.digest().sha256;
}
