/** npm itself, and the registry Verdaccio: installed into a directory, and started on loopback without uplinks. */

import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify, stripVTControlCharacters } from 'node:util';
import { freePort } from '../free-port.ts';

const execute = promisify(execFile);

export const account = { username: 'ci', password: 'registry-token-Zq7Rk2Vt9Lw4Xn8B' } as const;

const patienceMs = 30_000;

/** The major versions of npm whose documents and tarballs are compared. */
export const npmVersions = [10, 11, 12] as const;
export type NpmVersion = (typeof npmVersions)[number];

/** The npm that packs, installs and looks things up: the one that the README names. */
const currentNpm: NpmVersion = 12;

const programs = {
  ...Object.fromEntries(npmVersions.map((version) => [`npm${version}`, `npm:npm@${version}`])),
  verdaccio: '^6',
};

/** Other tools that pack packages, by the name of their program. */
export const packers = { pnpm: 'pnpm@12', yarn: 'yarn@1', berry: '@yarnpkg/cli-dist@4', bun: 'bun@1' } as const;
export type Packer = keyof typeof packers;

export interface NpmTools {
  /** Runs npm with credentials for a registry. @returns its standard output */
  npm(workingDirectory: string, registry: string, ...args: readonly string[]): Promise<string>;
  /** The same, with this version of npm. */
  npmOf(version: NpmVersion, workingDirectory: string, registry: string, ...args: readonly string[]): Promise<string>;
  /** Runs another tool that was installed. */
  packer(tool: Packer, workingDirectory: string, ...args: readonly string[]): Promise<string>;
  /** @param access who may read: `$all` unless given */
  startVerdaccio(name: string, access?: string): Promise<Verdaccio>;
}

export interface Verdaccio {
  /** Ends with a slash. */
  readonly url: string;
  close(): Promise<void>;
}

/** Installs npm and Verdaccio, which takes about 20 s, and other tools. */
export async function installNpmTools(directory: string, others: readonly Packer[] = []): Promise<NpmTools> {
  const at = (...path: readonly string[]): string => join(directory, ...path);
  await mkdir(at('tools'), { recursive: true });
  const project = {
    private: true,
    dependencies: { ...programs, ...Object.fromEntries(others.map((tool) => [tool, `npm:${packers[tool]}`])) },
    // Verdaccio depends on its dist-tag `cjs`, which not every registry has.
    overrides: { 'node-fetch': '2.7.0' },
  };
  await writeFile(at('tools', 'package.json'), JSON.stringify(project));
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  await execute('npm', ['install', ...quiet], { cwd: at('tools') });
  return { npm: (...args) => npmOf(currentNpm, ...args), npmOf, packer, startVerdaccio };

  async function npmOf(
    version: NpmVersion,
    workingDirectory: string,
    registry: string,
    ...args: readonly string[]
  ): Promise<string> {
    const auth = Buffer.from(`${account.username}:${account.password}`).toString('base64');
    await writeFile(at('npmrc'), `registry=${registry}\n${registry.replace(/^http:/, '')}:_auth=${auth}\n`);
    const env = { npm_config_userconfig: at('npmrc'), npm_config_cache: at('cache') };
    const more = ['--no-audit', '--no-fund', '--no-update-notifier'];
    const program = at('tools', 'node_modules', `npm${version}`, 'bin', 'npm-cli.js');
    return await run(process.execPath, [program, ...args, ...more], workingDirectory, env);
  }

  async function packer(tool: Packer, workingDirectory: string, ...args: readonly string[]): Promise<string> {
    const [program, ...first] = {
      pnpm: [process.execPath, at('tools', 'node_modules', 'pnpm', 'bin', 'pnpm.mjs')],
      yarn: [process.execPath, at('tools', 'node_modules', 'yarn', 'bin', 'yarn.js')],
      berry: [process.execPath, at('tools', 'node_modules', 'berry', 'bin', 'yarn.js')],
      bun: [at('tools', 'node_modules', 'bun', 'bin', 'bun.exe')],
    }[tool] as [string, ...string[]];
    return await run(program, [...first, ...args], workingDirectory, { YARN_ENABLE_TELEMETRY: '0' });
  }

  async function run(
    program: string,
    args: readonly string[],
    cwd: string,
    more: Readonly<Record<string, string>>,
  ): Promise<string> {
    const { PATH = '' } = process.env;
    const env = { PATH, HOME: directory, NO_COLOR: '1', ...more };
    try {
      return stripVTControlCharacters((await execute(program, args, { cwd, env })).stdout);
    } catch (error) {
      // Some tools report their errors on standard output.
      const { message, stdout = '' } = error as Error & { readonly stdout?: string };
      throw new Error(`${message}\n${stdout}`, { cause: error });
    }
  }

  async function startVerdaccio(name: string, access = '$all'): Promise<Verdaccio> {
    await mkdir(at(name), { recursive: true });
    const hash = createHash('sha1').update(account.password).digest('base64');
    await writeFile(at(name, 'htpasswd'), `${account.username}:{SHA}${hash}:test\n`);
    const config = {
      storage: at(name, 'storage'),
      auth: { htpasswd: { file: at(name, 'htpasswd'), max_users: -1 } },
      uplinks: {},
      packages: { '**': { access, publish: '$authenticated' } },
      max_body_size: '100mb',
      web: { enable: false },
      log: { type: 'stdout', format: 'json', level: 'http' },
    };
    // JSON is YAML.
    await writeFile(at(name, 'config.yaml'), JSON.stringify(config));
    const program = at('tools', 'node_modules', 'verdaccio', 'bin', 'verdaccio');
    const port = await freePort();
    const args = [program, '--config', at(name, 'config.yaml'), '--listen', `127.0.0.1:${port}`];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let log = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (log += chunk.toString()));
    const exited = once(child, 'exit');
    exited.catch(() => undefined);
    const url = `http://127.0.0.1:${port}/`;
    for (const startedAt = performance.now(); ; await setTimeout(50)) {
      if (child.exitCode !== null || performance.now() - startedAt > patienceMs) {
        child.kill('SIGKILL');
        throw new Error(`Verdaccio does not answer:\n${log}`);
      }
      const response = await fetch(`${url}-/ping`).catch(() => undefined);
      if (response?.ok === true) break;
    }
    return {
      url,
      close: async () => {
        child.kill('SIGTERM');
        await exited;
      },
    };
  }
}
