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

/** Installs the major version of npm that the README names, and the current Verdaccio. */
const project = {
  private: true,
  dependencies: { npm: '^11', verdaccio: '^6' },
  // Verdaccio depends on its dist-tag `cjs`, which not every registry has.
  overrides: { 'node-fetch': '2.7.0' },
};

export interface NpmTools {
  /** Runs npm with credentials for these registries. @returns its standard output */
  npm(workingDirectory: string, registries: readonly string[], ...args: readonly string[]): Promise<string>;
  startVerdaccio(name: string): Promise<Verdaccio>;
}

export interface Verdaccio {
  /** Ends with a slash. */
  readonly url: string;
  close(): Promise<void>;
}

/** Installs both tools, which takes about 15 s. */
export async function installNpmTools(directory: string): Promise<NpmTools> {
  const at = (...path: readonly string[]): string => join(directory, ...path);
  await mkdir(at('tools'), { recursive: true });
  await writeFile(at('tools', 'package.json'), JSON.stringify(project));
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  await execute('npm', ['install', ...quiet], { cwd: at('tools') });
  return { npm, startVerdaccio };

  async function npm(
    workingDirectory: string,
    registries: readonly string[],
    ...args: readonly string[]
  ): Promise<string> {
    const auth = Buffer.from(`${account.username}:${account.password}`).toString('base64');
    const lines = registries.map((url) => `${url.replace(/^http:/, '')}:_auth=${auth}`);
    await writeFile(at('npmrc'), `registry=${registries[0]}\n${lines.join('\n')}\n`);
    const { PATH = '' } = process.env;
    const env = { PATH, HOME: directory, npm_config_userconfig: at('npmrc'), npm_config_cache: at('cache') };
    const more = ['--no-audit', '--no-fund', '--no-update-notifier'];
    const program = at('tools', 'node_modules', 'npm', 'bin', 'npm-cli.js');
    const ended = await execute(process.execPath, [program, ...args, ...more], { cwd: workingDirectory, env });
    return stripVTControlCharacters(ended.stdout);
  }

  async function startVerdaccio(name: string): Promise<Verdaccio> {
    await mkdir(at(name), { recursive: true });
    const hash = createHash('sha1').update(account.password).digest('base64');
    await writeFile(at(name, 'htpasswd'), `${account.username}:{SHA}${hash}:test\n`);
    const config = {
      storage: at(name, 'storage'),
      auth: { htpasswd: { file: at(name, 'htpasswd'), max_users: -1 } },
      uplinks: {},
      packages: { '**': { access: '$all', publish: '$authenticated' } },
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
