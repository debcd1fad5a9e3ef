/** Finds the other programs on this machine. */

import { execFile } from 'node:child_process';
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Peers {
  readonly curl: Peer;
  /** A Python with `requests` and `yaml`, which Atlassian's pipes use. */
  readonly python: Peer;
  readonly docker: Peer;
  readonly skopeo: Peer;
  readonly crane: Peer;
  readonly npm: Peer;
  readonly maven: Peer;
  readonly twine: Peer;
  readonly uv: Peer;
  /** Octopus's client for Node.js: its program is the path of the module. */
  readonly octopusClient: Peer;
  /** Not a peer, but the registry that images are pushed to. */
  readonly registry: Peer;
}

/** If `program` is undefined, `missing` gives the reason. */
export interface Peer {
  readonly program: string | undefined;
  readonly version?: string;
  readonly missing?: string;
}

const run = promisify(execFile);
const packages = ['requests', 'pyyaml'] as const;
const pythonClients = ['twine', 'uv'] as const;

/** @param cacheDirectory keeps the packages from one run to the next */
export async function findPeers(cacheDirectory: string): Promise<Peers> {
  const [curl, python, docker, skopeo, crane, maven, registry, npm, [twine, uv], octopusClient] = await Promise.all([
    findProgram('curl', ['--version'], /^curl \S+/),
    setUpPython(join(cacheDirectory, 'python')),
    findProgram('docker', ['version', '--format', 'Docker Engine {{.Server.Version}}'], /^Docker Engine \S+/),
    findProgram('skopeo', ['--version'], /^skopeo version \S+/),
    findProgram('crane', ['version'], /^\S+/),
    // The output of Debian's package begins with colours.
    findProgram('mvn', ['--batch-mode', '--version'], /Apache Maven [\d.]+/),
    findProgram('docker-registry', ['--version'], /^\S+ \S+ \S+/),
    findProgram('npm', ['--version'], /^\d\S+/),
    setUpPythonClients(join(cacheDirectory, 'python-clients')),
    setUpOctopusClient(join(cacheDirectory, 'octopus-client')),
  ]);
  // It prints only the number.
  const named = npm.version === undefined ? npm : { ...npm, version: `npm ${npm.version}` };
  return { curl, python, docker, skopeo, crane, maven, twine, uv, octopusClient, registry, npm: named };
}

async function findProgram(program: string, args: readonly string[], version: RegExp): Promise<Peer> {
  try {
    const { stdout } = await run(program, args);
    return { program, version: version.exec(stdout)?.[0] ?? program };
  } catch {
    return { program: undefined, missing: `no ${program} here` };
  }
}

async function setUpPython(directory: string): Promise<Peer> {
  const program = join(directory, 'bin', 'python');
  const script =
    'import platform, requests, yaml; print(f"Python {platform.python_version()}, requests {requests.__version__}")';
  const find = async (): Promise<Peer> => ({ program, version: (await run(program, ['-c', script])).stdout.trim() });
  try {
    if (await exists(program)) return await find();
  } catch {
    // Left incomplete by an earlier run.
  }
  try {
    await run('python3', ['-m', 'venv', '--clear', directory]);
    await run(program, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages]);
    return await find();
  } catch (error) {
    const reason = (error as Error).message.trim().split('\n').at(-1);
    return { program: undefined, missing: `no Python with ${packages.join(' and ')} (${reason})` };
  }
}

async function setUpPythonClients(directory: string): Promise<readonly [twine: Peer, uv: Peer]> {
  const find = async (): Promise<readonly [Peer, Peer]> => [
    await findProgram(join(directory, 'bin', 'twine'), ['--version'], /^twine version \S+/),
    await findProgram(join(directory, 'bin', 'uv'), ['--version'], /^uv \S+/),
  ];
  const found = await find();
  if (found.every(({ program }) => program !== undefined)) return found;
  try {
    await run('python3', ['-m', 'venv', '--clear', directory]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
    await run(join(directory, 'bin', 'python'), [...pip, ...pythonClients]);
  } catch {
    // Then they are missing.
  }
  return await find();
}

async function setUpOctopusClient(directory: string): Promise<Peer> {
  const name = '@octopusdeploy/api-client';
  const program = join(directory, 'node_modules', name);
  const find = async (): Promise<Peer> => {
    const { version } = JSON.parse(await readFile(join(program, 'package.json'), 'utf8')) as { version: string };
    return { program, version: `${name} ${version}` };
  };
  try {
    return await find();
  } catch {
    // Not installed yet.
  }
  try {
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'package.json'), '{"private":true}');
    const words = ['install', '--no-audit', '--no-fund', '--ignore-scripts', `${name}@3`];
    await run('npm', words, { cwd: directory });
    return await find();
  } catch (error) {
    const reason = (error as Error).message.trim().split('\n').at(-1);
    return { program: undefined, missing: `no ${name} (${reason})` };
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
