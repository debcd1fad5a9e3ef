/** The simplest possible Maven repository: nginx on loopback, which stores files by PUT. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { freePort } from '../free-port.ts';

export interface NginxRepository {
  /** Ends with a slash. */
  readonly url: string;
  /** The directory of the stored files. */
  readonly content: string;
  close(): Promise<void>;
}

const patienceMs = 15_000;

/** Starts nginx. @param directory for its configuration and its content */
export async function startNginxRepository(directory: string): Promise<NginxRepository> {
  const port = await freePort();
  const content = join(directory, 'content');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  for (const name of ['content', ...temporary]) await mkdir(join(directory, name), { recursive: true });
  const config = [
    ...(process.getuid?.() === 0 ? ['user root;'] : []),
    'daemon off; worker_processes 1;',
    `pid ${directory}/nginx.pid; error_log ${directory}/error.log;`,
    'events {}',
    'http {',
    'access_log off; client_max_body_size 0;',
    ...temporary.map((name) => `${name}_temp_path ${directory}/${name};`),
    `server { listen 127.0.0.1:${port}; root ${content};`,
    'location / { dav_methods PUT; create_full_put_path on; } } }',
  ];
  await writeFile(join(directory, 'nginx.conf'), config.join('\n'));
  const args = ['-p', directory, '-e', join(directory, 'error.log'), '-c', join(directory, 'nginx.conf')];
  const child = spawn('nginx', args, { stdio: 'inherit' });
  const exited = once(child, 'exit');
  exited.catch(() => undefined);
  const url = `http://127.0.0.1:${port}/`;
  for (const startedAt = performance.now(); ; await setTimeout(20)) {
    if ((await fetch(url).catch(() => undefined)) !== undefined) break;
    if (child.exitCode === null && child.pid !== undefined && performance.now() - startedAt < patienceMs) continue;
    child.kill('SIGKILL');
    throw new Error('nginx does not answer');
  }
  return {
    url,
    content,
    close: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
