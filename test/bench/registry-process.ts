/** Starts a real registry, and what counts before it. */

import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { freePort } from '../free-port.ts';
import type { LineSpeed } from './line.ts';
import { type Counter, reply } from './sink-process.ts';
import type { SinkCounts } from './sink.ts';

export interface Registry extends Counter {
  /** Host and port under which no client has met it, at the end of a line of that speed. */
  newHost(speed?: LineSpeed): Promise<string>;
  /** Makes a repository with all that another holds; what this costs is no client's. */
  copyRepository(from: string, to: string): Promise<void>;
  close(): Promise<void>;
}

const patienceMs = 10_000;

/** @param directory for its content */
export async function startRegistry(program: string, directory: string): Promise<Registry> {
  await mkdir(directory, { recursive: true });
  const port = await freePort();
  const config = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: directory } },
    http: { addr: `127.0.0.1:${port}` },
  };
  // JSON is YAML.
  await writeFile(join(directory, 'config.yml'), JSON.stringify(config));
  const registry = spawn(program, ['serve', join(directory, 'config.yml')], { stdio: 'ignore' });
  await untilReady(`http://127.0.0.1:${port}/v2/`, registry);
  const front = fork(join(import.meta.dirname, 'registry-front.ts'), [String(port)], { env: {}, execArgv: [] });
  const repositories = join(directory, 'docker/registry/v2/repositories');
  return {
    async newHost(speed) {
      const answer = reply<{ port: number }>(front);
      front.send({ speed });
      return `127.0.0.1:${(await answer).port}`;
    },
    async takeCounts() {
      const counts = reply<SinkCounts>(front);
      front.send('take');
      return await counts;
    },
    copyRepository: async (from, to) => await cp(join(repositories, from), join(repositories, to), { recursive: true }),
    async close() {
      const closed = [once(front, 'exit'), once(registry, 'exit')];
      front.disconnect();
      registry.kill('SIGTERM');
      await Promise.all(closed);
    },
  };
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  for (const startedAt = performance.now(); performance.now() - startedAt < patienceMs; await setTimeout(20)) {
    if (child.exitCode !== null) break;
    if ((await fetch(url).catch(() => undefined))?.ok === true) return;
  }
  child.kill('SIGKILL');
  throw new Error('the registry does not answer');
}
