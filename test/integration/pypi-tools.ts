/** Python's own clients and two index servers: installed into a directory by pip, and run on loopback. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { exists } from '../../pipe/io/exists.ts';
import { freePort } from '../free-port.ts';

const execute = promisify(execFile);

/** The account of both servers. */
export const account = { username: 'ci', password: 'index-token-Zq7Rk2Vt9Lw4Xn8B' } as const;

const programs = ['twine==7.0.0', 'uv==0.13.9', 'pypiserver==2.4.2', 'passlib==1.7.4', 'devpi-server==6.20.3'];
/** What the source distributions below need for pip to read their metadata. */
const backends = ['setuptools<81', 'wheel', 'hatchling', 'flit_core', 'setuptools_scm'];

/**
 * Small packages of every make: of old and new builders, for one platform or any, with metadata from 1.0 to 2.4, dots and capitals
 * in names, prereleases, postreleases. A batch has each project once, as pip wants it.
 */
const wheels = [
  [
    'attrs==25.3.0',
    'backports.tarfile==1.2.0',
    'black==18.3a0',
    'cffi==1.17.1',
    'colorama==0.4.6',
    'flit_core==3.9.0',
    'hatchling==1.25.0',
    'idna==3.10',
    'jinja2==3.1.4',
    'Markdown==3.7',
    'MarkupSafe==3.0.2',
    'mypy_extensions==1.0.0',
    'pdm_backend==2.3.3',
    'poetry_core==1.9.1',
    'py==1.11.0',
    'python_dateutil==2.9.0.post0',
    'PyYAML==6.0.2',
    'pytz==2024.1',
    'requests==2.0.0',
    'ruamel.yaml.clib==0.2.12',
    'scikit_build_core==0.10.7',
    'setuptools==1.4.2',
    'simplejson==3.19.3',
    'six==1.17.0',
    'trio==0.1.0',
    'typing_extensions==4.12.2',
    'wheel==0.24.0',
    'zipp==3.20.2',
    'zope.interface==7.2',
  ],
  ['black==18.9b0', 'six==1.5.2', 'wheel==0.45.1'],
];
const sdists = [
  [
    'certifi==2024.8.30',
    'docutils==0.3',
    'Flask==0.1',
    'flit_core==3.9.0',
    'hatchling==1.25.0',
    'idna==3.10',
    'Jinja2==2.7',
    'poetry_core==1.9.1',
    'pdm_backend==2.3.3',
    'python-dateutil==2.8.0',
    'ruamel.yaml.clib==0.2.12',
    'simplejson==3.0.0',
    'six==0.9.0',
    'zope.event==4.1.0',
  ],
  ['six==1.17.0', 'Jinja2==3.1.4'],
];

export interface PypiTools {
  /** The directory of real packages. */
  readonly packages: string;
  /** Runs a program of the virtual environment. @returns its output */
  run(program: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<string>;
  startPypiserver(): Promise<IndexServer>;
  startDevpi(): Promise<IndexServer>;
}

export interface IndexServer {
  /** Where files are uploaded to. */
  readonly uploadUrl: string;
  /** What pip reads, with the account. */
  readonly indexUrl: string;
  close(): Promise<void>;
}

/**
 * Installs the programs, and downloads the packages above, which takes about a minute.
 *
 * @param root for what a test leaves behind
 * @param directory for what is installed; if it has all that already, nothing is
 */
export async function installPypiTools(root: string, directory: string): Promise<PypiTools> {
  const bin = (program: string): string => join(directory, 'venv', 'bin', program);
  const packages = join(directory, 'packages');
  if (!(await exists(join(directory, 'complete')))) {
    await execute('python3', ['-m', 'venv', '--clear', join(directory, 'venv')]);
    await run('pip', ['install', '--quiet', ...programs, ...backends]);
    const options = ['--quiet', '--no-deps', '--no-build-isolation', '--dest', packages];
    for (const batch of wheels) await run('pip', ['download', ...options, '--only-binary=:all:', ...batch]);
    for (const batch of sdists) await run('pip', ['download', ...options, '--no-binary=:all:', ...batch]);
    await writeFile(join(directory, 'complete'), '');
  }

  async function run(
    program: string,
    args: readonly string[],
    more: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const quiet = { PIP_DISABLE_PIP_VERSION_CHECK: '1', PIP_NO_INPUT: '1', NO_COLOR: '1' };
    const env = { ...process.env, HOME: root, UV_CACHE_DIR: join(root, 'uv'), ...quiet, ...more };
    try {
      const { stdout, stderr } = await execute(bin(program), args, { env, cwd: root, maxBuffer: 64 * 1024 * 1024 });
      return stdout + stderr;
    } catch (error) {
      const { message, stdout = '' } = error as Error & { readonly stdout?: string };
      throw new Error(`${message}\n${stdout}`, { cause: error });
    }
  }

  async function startPypiserver(): Promise<IndexServer> {
    const stored = join(root, 'pypiserver');
    await mkdir(stored, { recursive: true });
    const hash = await run('python', [
      '-c',
      `from passlib.hash import sha256_crypt; print(sha256_crypt.using(rounds=1000).hash(${JSON.stringify(account.password)}))`,
    ]);
    await writeFile(join(root, 'htpasswd'), `${account.username}:${hash.trim()}\n`);
    const port = await freePort();
    const child = spawn(
      bin('pypi-server'),
      [
        'run',
        '-i',
        '127.0.0.1',
        '-p',
        String(port),
        '-P',
        join(root, 'htpasswd'),
        '-a',
        'update,list,download',
        stored,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const close = await started(child, `http://127.0.0.1:${port}/health`);
    return { uploadUrl: `http://127.0.0.1:${port}/`, indexUrl: withAccount(`http://127.0.0.1:${port}/simple/`), close };
  }

  async function startDevpi(): Promise<IndexServer> {
    const stored = join(root, 'devpi');
    const port = await freePort();
    const origin = `http://127.0.0.1:${port}`;
    await run('devpi-init', ['--serverdir', stored, '--no-root-pypi']);
    const args = ['--serverdir', stored, '--host', '127.0.0.1', '--port', String(port)];
    const child = spawn(bin('devpi-server'), args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const close = await started(child, `${origin}/+status`);
    const { username, password } = account;
    const send = async (method: string, path: string, body: unknown, login?: string): Promise<Response> => {
      const authorization = login === undefined ? {} : { 'x-devpi-auth': Buffer.from(login).toString('base64') };
      const headers = { 'content-type': 'application/json', accept: 'application/json', ...authorization };
      const response = await fetch(origin + path, { method, headers, body: JSON.stringify(body) });
      if (!response.ok) throw new Error(`devpi: ${method} ${path}: ${response.status} ${await response.text()}`);
      return response;
    };
    await send('PUT', `/${username}`, { password });
    const answer = (await (await send('POST', '/+login', { user: username, password })).json()) as {
      result: { password: string };
    };
    await send(
      'PUT',
      `/${username}/dev`,
      { type: 'stage', bases: [], volatile: false },
      `${username}:${answer.result.password}`,
    );
    return {
      uploadUrl: `${origin}/${username}/dev/`,
      indexUrl: withAccount(`${origin}/${username}/dev/+simple/`),
      close,
    };
  }

  return { packages, run, startPypiserver, startDevpi };
}

function withAccount(address: string): string {
  const url = new URL(address);
  url.username = account.username;
  url.password = account.password;
  return url.href;
}

const patienceMs = 60_000;

/** Waits until a server answers. @returns a function that ends it */
async function started(child: ChildProcess, url: string): Promise<() => Promise<void>> {
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const exited = once(child, 'exit');
  exited.catch(() => undefined);
  for (const startedAt = performance.now(); ; await setTimeout(50)) {
    if (child.exitCode !== null || performance.now() - startedAt > patienceMs) {
      child.kill('SIGKILL');
      throw new Error(`${url} does not answer:\n${log}`);
    }
    const response = await fetch(url, { headers: { connection: 'close' } }).catch(() => undefined);
    if (response?.ok === true) break;
  }
  return async () => {
    child.kill('SIGTERM');
    await exited;
  };
}
