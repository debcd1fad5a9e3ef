/** Runs the pipe once against the servers of one cell, and judges it by what is stored afterwards and by what it said. */

import { EventEmitter } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority, past, selfSigned } from '../../http/certificates.ts';
import { patience, patienceSeconds } from '../../patience.ts';
import { expectNoLeaks } from '../../leaks.ts';
import { startBundle } from '../../run-bundle.ts';
import { runInProcess } from '../../run-pipe.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import type { Fault, Severity } from './fault.ts';
import type { Found, Protocol, RequestRow } from './protocol.ts';
import { isOfRow, type SeenRequest } from './protocol.ts';
import { type Certificates, type Position, startServers } from './servers.ts';

export interface Verdict {
  readonly outcome: 'published' | 'told' | 'neither';
  readonly found: Found;
  /** What no run may do, whatever is expected of it. */
  readonly problems: readonly string[];
  readonly output: string;
}

export interface Laboratory {
  run(row: RequestRow, fault: Fault, severity: Severity): Promise<Verdict>;
  close(): Promise<void>;
}

/** The promise of the contract. */
const maxBytes = 160 * 1024 * 1024;
/** The pipe waits up to 30 s for what was just written. */
const maxMs = 45_000;
const lookupPath = join(__dirname, 'failing-lookup.cjs');

interface Outcome {
  readonly exitCode: number | null;
  readonly output: string;
  readonly peakBytes: number;
  readonly isLate: boolean;
}

/** Everything that the cells of one protocol share: files, certificates, and sandboxes that are free for the next run. */
export async function createLaboratory(protocol: Protocol): Promise<Laboratory> {
  const directory = await mkdtemp(join(tmpdir(), 'pipe-matrix-'));
  for (const [name, content] of Object.entries(protocol.files)) await writeFile(join(directory, name), content);
  // Nobody else uses it, so a port that is closed for a moment stays free.
  const host =
    process.platform === 'linux' ? `127.${1 + (process.pid % 250)}.7.${1 + protocol.name.length}` : '127.0.0.1';
  const authority = createAuthority();
  const authorityPath = join(directory, 'authority.pem');
  await writeFile(authorityPath, authority.cert);
  const certificates: Certificates = {
    right: authority.issue([host]),
    unknown: selfSigned([host]),
    expired: authority.issue([host], past),
    misnamed: authority.issue(['elsewhere.example']),
  };
  const free: Sandbox[] = [];
  const started: Sandbox[] = [];
  let baseline: Promise<readonly SeenRequest[]> | undefined;

  async function takeSandbox(): Promise<Sandbox> {
    const taken = free.pop();
    if (taken !== undefined) return taken;
    const sandbox = await startSandbox(protocol.sandbox);
    started.push(sandbox);
    return sandbox;
  }

  async function withSandbox<T>(work: (sandbox: Sandbox) => Promise<T>): Promise<T> {
    const sandbox = await takeSandbox();
    sandbox.reset();
    await protocol.seed(sandbox);
    try {
      return await work(sandbox);
    } finally {
      free.push(sandbox);
    }
  }

  /** The requests of a run without faults. */
  async function readBaseline(): Promise<readonly SeenRequest[]> {
    return await withSandbox(async (sandbox) => {
      const [row] = protocol.requests;
      if (row === undefined) throw new Error('a protocol has requests');
      const plan = {
        protocol,
        row,
        fault: undefined,
        severity: 'once',
        position: undefined,
        certificates,
        host,
      } as const;
      await using servers = await startServers(sandbox, plan);
      const { exitCode, output } = await runHere(protocol.environment(sandbox, servers.origin), 5);
      if (exitCode !== 0) throw new Error(`without any fault: ${output}`);
      return servers.requests;
    });
  }

  async function positionOf(row: RequestRow): Promise<Position> {
    const all = await (baseline ??= readBaseline());
    const inAll = all.findIndex((request, index) => isOfRow(row, request, all.slice(0, index)));
    if (inAll < 0) throw new Error(`no run makes the request ${row.name}`);
    const server = row.server ?? 'main';
    return { inAll, atServer: all.slice(0, inAll).filter((request) => request.server === server).length };
  }

  async function runHere(env: ReturnType<Protocol['environment']>, retryBaseMs: number): Promise<Outcome> {
    const signals = new EventEmitter();
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      signals.emit('SIGTERM');
    }, patience(maxMs));
    try {
      const all = { ...env, NO_COLOR: '1' };
      const { exitCode, output } = await runInProcess(all, { workingDirectory: directory, retryBaseMs, signals });
      return { exitCode, output, peakBytes: 0, isLate };
    } finally {
      clearTimeout(timer);
    }
  }

  async function runProcess(env: ReturnType<Protocol['environment']>): Promise<Outcome> {
    const given = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const { child, ended } = startBundle(Object.fromEntries(given), { cwd: directory });
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, patience(maxMs));
    try {
      const { exitCode, output, peakBytes } = await ended;
      return { exitCode, output, peakBytes, isLate };
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    async run(row, fault, severity) {
      const position = fault.connection === undefined ? undefined : await positionOf(row);
      return await withSandbox(async (sandbox) => {
        const plan = { protocol, row, fault, severity, position, certificates, host };
        await using servers = await startServers(sandbox, plan);
        const given = protocol.environment(sandbox, servers.origin);
        const isByName = fault.connection === 'ENOTFOUND' || fault.connection === 'EAI_AGAIN';
        const until = severity === 'once' ? (position?.inAll ?? 0) + 1 : Infinity;
        const env = {
          // A stack is printed only for debugging.
          DEBUG: 'false',
          ...withOptions(given, [
            '--retries',
            severity === 'once' ? '5' : '1',
            '--timeout',
            fault.isSlow === true ? patienceSeconds(1) : '30',
          ]),
          ...(fault.isSecure === true && { NODE_EXTRA_CA_CERTS: authorityPath }),
          ...(isByName && {
            NODE_OPTIONS: `--require=${lookupPath}`,
            FAIL_LOOKUPS: `${fault.connection} ${position?.inAll} ${until}`,
          }),
        };
        // A refused connection must be refused for longer than the first retries take.
        const outcome =
          fault.needsProcess === true
            ? await runProcess(env)
            : await runHere(env, fault.connection === undefined ? 5 : 100);
        expectNoLeaks(outcome.output, env, sandbox.issued);
        const found = await protocol.find(sandbox);
        const hasStruck = isByName || servers.strikes() > 0;
        const problems = [
          ...(hasStruck ? [] : ['the fault has not struck']),
          ...problemsOf(outcome, found),
          ...servers.problems(),
          ...sandbox.violations,
        ];
        return { outcome: outcomeOf(outcome), found, problems, output: outcome.output };
      });
    },
    async close() {
      for (const sandbox of started) await sandbox.close();
      await rm(directory, { recursive: true });
    },
  };
}

function withOptions(env: ReturnType<Protocol['environment']>, options: readonly string[]): typeof env {
  const count = Number(env['EXTRA_ARGS_COUNT'] ?? 0);
  return {
    ...env,
    EXTRA_ARGS_COUNT: String(count + options.length),
    ...Object.fromEntries(options.map((option, index) => [`EXTRA_ARGS_${count + index}`, option])),
  };
}

function outcomeOf({ exitCode, output }: Outcome): Verdict['outcome'] {
  if (exitCode === 0 && /^✔ /m.test(output)) return 'published';
  return exitCode === 1 && /^✖ /m.test(output) ? 'told' : 'neither';
}

/** What holds for every run. */
function problemsOf({ exitCode, output, peakBytes, isLate }: Outcome, found: Found): readonly string[] {
  return [
    ...found.problems,
    ...(isLate ? ['it did not end in time'] : []),
    ...(peakBytes > maxBytes ? [`it took ${Math.round(peakBytes / 1024 / 1024)} MB`] : []),
    ...(exitCode === 0 && found.stored !== 'all' ? [`it reports success, and ${found.stored} is stored`] : []),
    ...(exitCode === 1 && found.stored === 'all' && /: NOT published$/m.test(output)
      ? ['it says that something is not published which is']
      : []),
    ...(output.includes('Unexpected error') ? ['an unexpected error'] : []),
    ...(/^ +at .+:\d+/m.test(output) ? ['a stack'] : []),
  ];
}
