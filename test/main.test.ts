import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { findLeaks } from './leaks.ts';
import { type RemoteSandbox, startRemoteSandbox } from './sandbox/remote-sandbox.ts';
import { tokens } from './sandbox/tokens.ts';

// What ships: the bundle, as a process of its own.
const bundle = join(__dirname, '..', 'dist', 'pipe.js');

let sandbox: RemoteSandbox;
let directory: string;

beforeAll(async () => {
  sandbox = await startRemoteSandbox({ maxFileBytes: 8 * 1024 ** 3, discardContent: true });
});
beforeEach(async () => {
  await sandbox.reset();
  directory = await mkdtemp(join(tmpdir(), 'pipe-main-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});
afterAll(async () => {
  await sandbox.close();
});

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<{
    readonly exitCode: number | null;
    readonly output: string;
    readonly peakMegabytes: number;
  }>;
}

function start(env: Readonly<Record<string, string>>): Running {
  const defaults = {
    API_URL: sandbox.apiUrl,
    WORKSPACE: 'acme',
    REPOSITORY: 'app',
    TOKEN: tokens.accessToken,
    NO_COLOR: '1',
  };
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', bundle], {
    cwd: directory,
    env: { ...defaults, ...env },
  });
  let output = '';
  let peakMegabytes = 0;
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  // The kernel keeps the peak; asking often only has to catch the last value before the end.
  const watch = setInterval(() => {
    try {
      const [, kilobytes = '0'] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? [];
      peakMegabytes = Math.max(peakMegabytes, Number(kilobytes) / 1024);
    } catch {
      // Ended between two looks.
    }
  }, 20);
  const ended = once(child, 'close').then(([exitCode]: (number | null)[]) => {
    clearInterval(watch);
    expect(findLeaks(output, tokens.accessToken)).toEqual([]);
    return { exitCode: exitCode ?? null, output, peakMegabytes };
  });
  return { child, ended };
}

async function receivedBytes(): Promise<number> {
  const { requests } = await sandbox.state();
  return requests.reduce((sum, { bytesReceived }) => sum + bytesReceived, 0);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('the bundle as a program', () => {
  it('uploads from the working directory, prints to standard output only, and ends with 0', async () => {
    await writeFile(join(directory, 'a.txt'), 'content');
    const { child, ended } = start({ FILENAME: '*.txt' });
    let errors = '';
    child.stderr?.on('data', (chunk) => (errors += String(chunk)));
    const { exitCode, output } = await ended;
    expect(exitCode).toBe(0);
    expect(errors).toBe('');
    expect(output).toContain('✔ Uploaded 1 file');
    expect((await sandbox.state()).downloads).toMatchObject([{ name: 'a.txt', size: 7 }]);
  });

  it('ends with 1 and the list of problems on standard output where the variables are wrong', async () => {
    const { exitCode, output } = await start({ TYPE: 'nonsense' }).ended;
    expect(exitCode).toBe(1);
    expect(output).toMatch(/^✖ Validation errors:\nTYPE:\n- .*\nFILENAME:\n- required field\n/);
  });

  it('knows its version from pipe.yml', async () => {
    await writeFile(join(directory, 'a.txt'), 'content');
    const { output } = await start({ FILENAME: 'a.txt', DEBUG: 'true' }).ended;
    const { version } = JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8')) as { version: string };
    expect(output).toContain(`DEBUG: bitbucket-upload-package/${version}, Node.js v`);
  });

  it('goes on where nobody reads its output any more', async () => {
    for (let index = 0; index < 50; index++) await writeFile(join(directory, `${index}.txt`), 'x');
    const { child, ended } = start({ FILENAME: '*.txt', DEBUG: 'true' });
    child.stdout?.destroy();
    const { exitCode } = await ended;
    expect(exitCode).toBe(0);
    expect((await sandbox.state()).downloads).toHaveLength(50);
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('%s ends it within 2 s, with exit code %i, and nothing half-published', async (signal, code) => {
    await writeFile(join(directory, 'large.bin'), '');
    await truncate(join(directory, 'large.bin'), 1024 ** 3);
    await sandbox.inject({ method: 'POST', times: Infinity, action: { kind: 'trickle', bytesPerSecond: 2_000_000 } });
    const { child, ended } = start({ FILENAME: 'large.bin' });
    await until(async () => (await receivedBytes()) > 1_000_000);
    const stoppedAt = performance.now();
    child.kill(signal);
    const { exitCode, output } = await ended;
    expect(performance.now() - stoppedAt).toBeLessThan(2_000);
    expect(exitCode).toBe(code);
    expect(output).toContain(`✖ Stopped by ${signal}\n  large.bin: NOT published`);
    expect((await sandbox.state()).downloads).toEqual([]);
  });
});

describe('memory stays flat', () => {
  it.each([
    ['streamed', {}],
    ['hashed', { EXTRA_ARGS: "['--checksums', '--concurrency', '8']" }],
  ])(
    '128 MiB and 512 MiB, %s: at most 120 MB, and the same within 10 MB',
    async (_, env) => {
      const peaks: number[] = [];
      for (const mebibytes of [128, 512]) {
        await (await open(join(directory, 'large.bin'), 'w')).close();
        await truncate(join(directory, 'large.bin'), mebibytes * 1024 ** 2);
        const { exitCode, peakMegabytes } = await start({ FILENAME: 'large.bin', ...env }).ended;
        expect(exitCode).toBe(0);
        peaks.push(peakMegabytes);
      }
      const [small = Infinity, large = Infinity] = peaks;
      expect(Math.max(small, large)).toBeLessThan(120);
      expect(Math.abs(large - small)).toBeLessThan(10);
    },
    60_000,
  );
});
