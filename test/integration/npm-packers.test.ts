/** Tarballs that npm, yarn, pnpm and bun packed: the bundle publishes them to Verdaccio, and npm installs them. */

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { type Ended, startBundle } from '../run-bundle.ts';
import { account, installNpmTools, type NpmTools, npmVersions, type Verdaccio } from './npm-tools.ts';

jest.setTimeout(180_000);

let root = '';
let tools: NpmTools | undefined;
let verdaccio: Verdaccio | undefined;

function started(): { tools: NpmTools; url: string } {
  if (tools === undefined || verdaccio === undefined) throw new Error('the tools and Verdaccio run only during a test');
  return { tools, url: verdaccio.url };
}

type Files = Readonly<Record<string, string | object>>;

/** Writes files below a directory of this test. @returns the directory */
async function write(directory: string, files: Files): Promise<string> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, directory, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content, undefined, 2));
  }
  return join(root, directory);
}

async function publish(cwd: string): Promise<Ended> {
  const { username: USERNAME, password: TOKEN } = account;
  const env = { TYPE: 'npm', REGISTRY: started().url, USERNAME, TOKEN, FILENAME: '**/*.tgz' };
  return await startBundle(env, { cwd }).ended;
}

/** A workspace whose package `app` depends on its package `base` and, by the catalog if there is one, on `@acme/extra`. */
function workspace(name: string, ranges: { base: string; extra: string }, more: object = {}): Files {
  const common = { version: '1.0.0', license: 'MIT', main: 'index.js' };
  const dependencies = { [`@acme/${name}-base`]: ranges.base, '@acme/extra': ranges.extra };
  return {
    'package.json': { name: 'root', version: '1.0.0', private: true, workspaces: ['packages/*'], ...more },
    'packages/base/package.json': { name: `@acme/${name}-base`, ...common },
    'packages/base/index.js': `module.exports = '${name}-base';\n`,
    'packages/app/package.json': { name: `@acme/${name}-app`, ...common, bin: './cli.js', dependencies },
    'packages/app/index.js': `module.exports = [require('@acme/${name}-base'), require('@acme/extra')].join();\n`,
    'packages/app/cli.js': '#!/usr/bin/env node\n',
    'packages/app/README.md': `# ${name}\n`,
  };
}

const plain = { base: '^1.0.0', extra: '^1.0.0' };
const protocols = { base: 'workspace:^', extra: 'catalog:' };
/** yarn and pnpm must accept this package although it was published just now: `npmMinimalAgeGate`, `minimumReleaseAge`. */
const catalog = { '@acme/extra': '^1.0.0' };

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'npm-packers-'));
  tools = await installNpmTools(root, ['pnpm', 'yarn', 'berry', 'bun']);
  verdaccio = await tools.startVerdaccio('verdaccio');
  const extra = await write('extra', {
    'package.json': { name: '@acme/extra', version: '1.0.0' },
    'index.js': "module.exports = 'extra';\n",
  });
  await tools.npm(extra, verdaccio.url, 'pack');
  expect(await publish(extra)).toMatchObject({ exitCode: 0 });
});

afterAll(async () => {
  await verdaccio?.close();
  await rm(root, { recursive: true, force: true });
});

/** Publishes the tarballs below a directory, installs the package `app` with npm, and loads it. */
async function expectInstallable(name: string, directory: string): Promise<void> {
  const { exitCode, output } = await publish(directory);
  expect([exitCode, exitCode === 0 ? '' : output]).toEqual([0, '']);
  expect(output).not.toContain('WARNING');
  const consumer = await write(`consumer-${name}`, { 'package.json': { private: true } });
  await started().tools.npm(consumer, started().url, 'install', `@acme/${name}-app`);
  const manifest = await readFile(join(consumer, 'node_modules', '@acme', `${name}-app`, 'package.json'), 'utf8');
  expect(JSON.parse(manifest)).toMatchObject({
    dependencies: { [`@acme/${name}-base`]: '^1.0.0', '@acme/extra': '^1.0.0' },
  });
  const loaded = await import(join(consumer, 'node_modules', '@acme', `${name}-app`, 'index.js'));
  expect(loaded).toMatchObject({ default: `${name}-base,extra` });
}

it.each(npmVersions)('npm %d', async (version) => {
  const name = `npm${version}`;
  const directory = await write(name, workspace(name, plain));
  await started().tools.npmOf(version, directory, started().url, 'pack', '--workspaces');
  await expectInstallable(name, directory);
});

it('npm, which leaves the protocols of a workspace as they are: nothing is published', async () => {
  const directory = await write('left', workspace('left', protocols));
  await started().tools.npm(directory, started().url, 'pack', '--workspaces');
  const { exitCode, output } = await publish(directory);
  expect(exitCode).toBe(1);
  expect(output).toMatch(/dependencies\.@acme\/left-base is "workspace:\^"/);
  expect(output).toMatch(/dependencies\.@acme\/extra is "catalog:"/);
});

it('yarn 1', async () => {
  const directory = await write('yarn', workspace('yarn', plain));
  for (const each of ['base', 'app']) await started().tools.packer('yarn', join(directory, 'packages', each), 'pack');
  await expectInstallable('yarn', directory);
});

it('yarn 4', async () => {
  const { hostname } = new URL(started().url);
  const directory = await write('berry', {
    ...workspace('berry', protocols),
    'yarn.lock': '',
    '.yarnrc.yml': {
      npmRegistryServer: started().url,
      unsafeHttpWhitelist: [hostname],
      nodeLinker: 'node-modules',
      enableGlobalCache: false,
      enableImmutableInstalls: false,
      npmMinimalAgeGate: 0,
      catalog,
    },
  });
  await started().tools.packer('berry', directory, 'install');
  for (const each of ['base', 'app']) await started().tools.packer('berry', join(directory, 'packages', each), 'pack');
  await expectInstallable('berry', directory);
});

it('pnpm', async () => {
  const directory = await write('pnpm', {
    ...workspace('pnpm', protocols),
    '.npmrc': `registry=${started().url}\nstore-dir=${join(root, 'pnpm-store')}\n`,
    'pnpm-workspace.yaml': { packages: ['packages/*'], catalog, minimumReleaseAge: 0 },
  });
  await started().tools.packer('pnpm', directory, 'install');
  await started().tools.packer('pnpm', directory, '--recursive', '--filter', './packages/*', 'pack');
  await expectInstallable('pnpm', directory);
});

it('bun', async () => {
  const directory = await write('bun', {
    ...workspace('bun', protocols, { workspaces: { packages: ['packages/*'], catalog } }),
    '.npmrc': `registry=${started().url}\n`,
  });
  await started().tools.packer('bun', directory, 'install');
  for (const each of ['base', 'app'])
    await started().tools.packer('bun', join(directory, 'packages', each), 'pm', 'pack');
  await expectInstallable('bun', directory);
});
