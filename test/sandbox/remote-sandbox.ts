/** A sandbox in a separate process, for tests that measure or kill the pipe. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { SandboxState } from './admin-server.ts';
import type { Fault } from './faults.ts';
import type { SandboxAddresses } from './main.ts';
import { remoteRegistry, type RemoteRegistry } from './registry-admin.ts';
import type { SandboxOptions } from './sandbox.ts';

export interface RemoteSandbox extends SandboxAddresses {
  readonly pid: number;
  state(): Promise<SandboxState>;
  /** Rejects if a fault is not valid. */
  inject(...faults: readonly Fault[]): Promise<void>;
  put(name: string, content: Buffer | string, createdOn?: Date): Promise<void>;
  readonly registry: RemoteRegistry;
  reset(): Promise<void>;
  /** Ends the process. */
  close(): Promise<void>;
}

/** Without what cannot be passed to another process. */
type RemoteOptions = Omit<SandboxOptions, 'observe'>;

// Jest runs the tests as CommonJS, which has no import.meta.
const directory = typeof __dirname === 'string' ? __dirname : import.meta.dirname;

export async function startRemoteSandbox(options: RemoteOptions = {}): Promise<RemoteSandbox> {
  const child = spawn(process.execPath, [join(directory, 'main.ts'), '--exit-with-stdin', ...toArguments(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const failed = exited.then(([code]) => Promise.reject(new Error(`the sandbox ended with ${code}`)));
  const [line] = await Promise.race([once(lines, 'line'), failed]);
  failed.catch(() => undefined);
  const addresses: SandboxAddresses = JSON.parse(String(line));

  const request = async (path: string, init?: RequestInit): Promise<Response> => {
    const response = await fetch(addresses.adminUrl + path, { ...init, headers: { connection: 'close' } });
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
    return response;
  };
  const post = async (path: string, body?: string | Uint8Array<ArrayBuffer>): Promise<void> => {
    await request(path, { method: 'POST', ...(body !== undefined && { body }) });
  };
  return {
    ...addresses,
    pid: child.pid ?? 0,
    state: async (): Promise<SandboxState> => JSON.parse(await (await request('/state')).text()),
    inject: (...faults) =>
      post(
        '/faults',
        JSON.stringify(faults, (_, value: unknown) => (value === Infinity ? -1 : value)),
      ),
    put: (name, content, createdOn) => {
      const query = new URLSearchParams({ name, ...(createdOn && { createdOn: createdOn.toISOString() }) });
      return post(`/downloads?${query.toString()}`, new Uint8Array(Buffer.from(content)));
    },
    registry: remoteRegistry(async (path, body) => {
      const response = await request(path, { method: 'POST', body: new Uint8Array(body) });
      return response.status === 204 ? undefined : JSON.parse(await response.text());
    }),
    reset: () => post('/reset'),
    close: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** `maxFileBytes: 5` as `--max-file-bytes=5`, and objects as JSON. */
function toArguments(options: RemoteOptions): string[] {
  return Object.entries(options).flatMap(([name, value]: [string, string | number | boolean | object | undefined]) => {
    const option = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (value === true) return [option];
    if (value === false || value === undefined) return [];
    return [`${option}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`];
  });
}
