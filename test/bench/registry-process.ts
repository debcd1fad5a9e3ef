/** Starts a real registry, and counts the bytes sent to it. */

import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { freePort } from '../free-port.ts';
import type { LineSpeed } from './line.ts';
import { type Counter, type Counts, reply } from './sink-process.ts';
import type { SinkCounts } from './sink.ts';

export interface Registry extends Counter {
  /** A host and port that no client has used yet, behind a line of this speed. */
  newHost(speed?: LineSpeed): Promise<string>;
  /** Copies a repository; the cost is not counted for any client. */
  copyRepository(from: string, to: string): Promise<void>;
  close(): Promise<void>;
}

const patienceMs = 10_000;

/**
 * At full speed, each host is a separate registry process over the same content, without a front that would
 * use processor time: Linux reports the bytes that a process has read. Slow lines, and other systems, use the front.
 *
 * @param directory for its content
 */
export async function startRegistry(program: string, directory: string): Promise<Registry> {
  await mkdir(directory, { recursive: true });
  const { port, child: registry } = await serve(program, directory);
  const front = fork(join(import.meta.dirname, 'registry-front.ts'), [String(port)], { env: {}, execArgv: [] });
  const repositories = join(directory, 'docker/registry/v2/repositories');
  let direct: { readonly child: ChildProcess; counted: Counts } | undefined;
  const endDirect = async (): Promise<void> => {
    if (direct !== undefined) await end(direct.child);
    direct = undefined;
  };
  return {
    async newHost(speed) {
      await endDirect();
      if (speed === undefined && process.platform === 'linux') {
        const { port, child } = await serve(program, directory);
        direct = { child, counted: await countsOf(child) };
        return `127.0.0.1:${port}`;
      }
      const answer = reply<{ port: number }>(front);
      front.send({ speed });
      return `127.0.0.1:${(await answer).port}`;
    },
    async takeCounts() {
      if (direct !== undefined) {
        const before = direct.counted;
        direct.counted = await countsOf(direct.child);
        const { bodyBytes, cpuMs } = direct.counted;
        return { bodyBytes: bodyBytes - before.bodyBytes, cpuMs: cpuMs - before.cpuMs, faults: [] };
      }
      const counts = reply<SinkCounts>(front);
      front.send('take');
      return await counts;
    },
    copyRepository: async (from, to) => await cp(join(repositories, from), join(repositories, to), { recursive: true }),
    async close() {
      await endDirect();
      const closed = once(front, 'exit');
      front.disconnect();
      await Promise.all([closed, end(registry)]);
    },
  };
}

async function serve(program: string, directory: string): Promise<{ port: number; child: ChildProcess }> {
  const port = await freePort();
  const path = join(directory, `config-${port}.yml`);
  const config = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: directory } },
    http: { addr: `127.0.0.1:${port}` },
  };
  // JSON is YAML.
  await writeFile(path, JSON.stringify(config));
  const child = spawn(program, ['serve', path], { stdio: 'ignore' });
  await untilReady(`http://127.0.0.1:${port}/v2/`, child);
  return { port, child };
}

async function end(child: ChildProcess): Promise<void> {
  const closed = once(child, 'exit');
  child.kill('SIGTERM');
  await closed;
}

/** The bytes that the process has read so far from sockets, and from files (which are few), and its processor time. */
async function countsOf({ pid }: ChildProcess): Promise<Counts> {
  const [io, stat] = await Promise.all([readFile(`/proc/${pid}/io`, 'utf8'), readFile(`/proc/${pid}/stat`, 'utf8')]);
  // After the name in brackets, which may contain spaces: fields 14 and 15, in hundredths of a second (proc(5)).
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return { bodyBytes: Number(/rchar: (\d+)/.exec(io)?.[1]), cpuMs: (user + system) * 10, faults: [] };
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  for (const startedAt = performance.now(); performance.now() - startedAt < patienceMs; await setTimeout(20)) {
    if (child.exitCode !== null) break;
    if ((await fetch(url).catch(() => undefined))?.ok === true) return;
  }
  child.kill('SIGKILL');
  throw new Error('the registry does not answer');
}
