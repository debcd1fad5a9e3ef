/** Debian's `docker-registry` on loopback, with or without passwords, and the requests in its log. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { freePort } from '../free-port.ts';

export const account = {
  username: 'ci@example.com',
  password: 'registry-token-Zq7Rk2Vt9Lw4Xn8B',
  /** bcrypt, the only hash that the registry accepts. */
  hash: '$2y$05$abcdefghijklmnopqrstuu2upe4katOWDgETNFae0Z8RIYpoT82TO',
} as const;

export interface DebianRegistry {
  /** Host and port. */
  readonly host: string;
  /** The successful requests, such as `PUT /v2/acme/app/manifests/1`. */
  requests(): readonly string[];
  close(): Promise<void>;
}

const patienceMs = 15_000;

/**
 * @param directory registries that share it serve the same images
 * @param program another version of the same registry
 */
export async function startDebianRegistry(
  directory: string,
  { hasPasswords = false, program = 'docker-registry' } = {},
): Promise<DebianRegistry> {
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const path = (name: string): string => join(directory, name);
  await mkdir(path('content'), { recursive: true });
  await writeFile(path('htpasswd'), `${account.username}:${account.hash}\n`);
  const config = {
    version: '0.1',
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: path('content') } },
    http: { addr: host, secret: 'shared by all registries in a directory' },
    ...(hasPasswords && { auth: { htpasswd: { realm: 'tests', path: path('htpasswd') } } }),
  };
  // JSON is YAML.
  await writeFile(path(`${port}.yml`), JSON.stringify(config));
  const child = spawn(program, ['serve', path(`${port}.yml`)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      log += chunk.toString();
    });
  const exited = once(child, 'exit');
  exited.catch(() => undefined);
  await untilReady(`http://${host}/v2/`, child, () => log);
  return {
    host,
    requests: () => [...log.matchAll(/"([A-Z]+ \/v2\/[^ ?"]+)[^"]*" 2\d\d /g)].map(([, request = '']) => request),
    close: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

async function untilReady(url: string, child: ChildProcess, log: () => string): Promise<void> {
  for (const startedAt = performance.now(); performance.now() - startedAt < patienceMs; await setTimeout(20)) {
    if (child.exitCode !== null || child.pid === undefined) break;
    const response = await fetch(url).catch(() => undefined);
    if (response !== undefined) return;
  }
  child.kill('SIGKILL');
  throw new Error(`docker-registry does not answer:\n${log()}`);
}
