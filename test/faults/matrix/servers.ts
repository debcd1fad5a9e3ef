/** The servers of one cell: a front before each server of the sandbox, which misbehave as the cell's fault says. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Certificate } from '../../http/certificates.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import type { Exchange } from './exchange.ts';
import type { ConnectionFault, Fault, Severity } from './fault.ts';
import { type Front, type OddConnection, startFront } from './front.ts';
import { isOfRow, type Protocol, type RequestRow, type SeenRequest, type ServerRole } from './protocol.ts';
import { isRedirected, unmarked } from './redirect-faults.ts';

export interface Certificates {
  readonly right: Certificate;
  readonly unknown: Certificate;
  readonly expired: Certificate;
  readonly misnamed: Certificate;
}

/** A row's first request, by its number among all requests and among those to its server. */
export interface Position {
  readonly inAll: number;
  readonly atServer: number;
}

export interface CellPlan {
  readonly protocol: Protocol;
  readonly row: RequestRow;
  /** Undefined for a run without any fault. */
  readonly fault: Fault | undefined;
  readonly severity: Severity;
  /** For faults of connections. */
  readonly position: Position | undefined;
  readonly certificates: Certificates;
  /** An address of this machine that no other test uses. */
  readonly host: string;
}

export interface Servers extends AsyncDisposable {
  /** The main server's, for the pipe. */
  readonly origin: string;
  readonly requests: readonly SeenRequest[];
  /** How often the fault has struck. */
  readonly strikes: () => number;
  readonly problems: () => readonly string[];
}

const roles = ['main', 'side'] as const satisfies readonly ServerRole[];
const reopenAfterMs = 10;

export async function startServers(sandbox: Sandbox, plan: CellPlan): Promise<Servers> {
  const { protocol, row, fault, severity, position, certificates, host } = plan;
  const upstreams = protocol.origins(sandbox);
  const requests: SeenRequest[] = [];
  const leaks: string[] = [];
  const fronts = new Map<ServerRole, Front>();
  let strikes = 0;
  let authorization: string | undefined;
  const certificate = fault?.isSecure === true ? certificates.right : undefined;
  const isByName = fault?.connection === 'ENOTFOUND' || fault?.connection === 'EAI_AGAIN';
  const struckRole = row.server ?? 'main';
  const lasts = (): boolean => severity === 'always' || strikes === 0;

  const translate = (text: string): string =>
    roles.reduce((translated, role) => {
      const origin = fronts.get(role)?.origin;
      return origin === undefined ? translated : translated.replaceAll(upstreams[role], origin);
    }, text);

  async function handle(server: ServerRole, exchange: Exchange): Promise<void> {
    const { method, path, headers } = exchange.head;
    const isAuthorized = exchange.header('authorization') !== undefined;
    const request = { server, method, path: unmarked(path), isAuthorized };
    const isStruck = fault?.strike !== undefined && !isRedirected(exchange) && isOfRow(row, request, requests);
    requests.push(request);
    if (isStruck && lasts()) {
      strikes++;
      authorization = exchange.header('authorization');
      await fault.strike?.(exchange, { row, otherOrigin: other.origin });
      return;
    }
    const answer = await exchange.carryOut(undefined, { method, path: request.path, headers });
    const isNext = server === struckRole && countAt(server) >= (position?.atServer ?? Infinity);
    if (fault?.connection === 'refused' && isNext && strikes === 0) refuse();
    await exchange.answer(answer);
  }

  const countAt = (server: ServerRole): number => requests.filter((request) => request.server === server).length;

  function refuse(): void {
    strikes++;
    const front = fronts.get(struckRole);
    front?.close();
    if (severity === 'once') void sleep(reopenAfterMs).then(() => front?.open());
  }

  function onConnection(server: ServerRole, number: number): OddConnection | undefined {
    const kind = fault?.connection;
    if (kind === undefined || position === undefined || server !== struckRole || number < position.atServer)
      return undefined;
    const shown = shownBy(kind, certificates);
    if (shown === undefined || !lasts()) return undefined;
    strikes++;
    return shown;
  }

  /** Carries out what it is sent, as by a signed URL: credentials of the first origin must not reach it. */
  const other = await startFront({
    host,
    publicHost: host,
    upstream: new URL(upstreams[struckRole]),
    translate: (text) => text,
    closesEach: false,
    async onRequest(exchange) {
      const given = exchange.header('authorization');
      if (given !== undefined) leaks.push(`${exchange.head.method} took credentials to another origin`);
      const signed = authorization === undefined ? [] : ['authorization', authorization];
      const head = { ...exchange.head, headers: [...exchange.head.headers, ...signed] };
      await exchange.answer(await exchange.carryOut(undefined, head));
    },
  });
  for (const role of roles)
    fronts.set(
      role,
      await startFront({
        host: isByName ? '127.0.0.1' : host,
        publicHost: isByName ? 'localhost' : host,
        upstream: new URL(upstreams[role]),
        translate,
        certificate,
        closesEach: position !== undefined || fault === undefined,
        onConnection: (number) => onConnection(role, number),
        onRequest: async (exchange) => await handle(role, exchange),
      }),
    );
  if (fault?.connection === 'refused' && position?.atServer === 0) refuse();

  const all = [...fronts.values(), other];
  return {
    origin: fronts.get('main')?.origin ?? '',
    requests,
    strikes: () => strikes,
    problems: () => [...leaks, ...all.flatMap(({ problems }) => problems)],
    async [Symbol.asyncDispose]() {
      for (const front of all) await front[Symbol.asyncDispose]();
    },
  };
}

function shownBy(kind: ConnectionFault, certificates: Certificates): OddConnection | undefined {
  const shown: Readonly<Partial<Record<ConnectionFault, OddConnection>>> = {
    'unknown authority': certificates.unknown,
    expired: certificates.expired,
    misnamed: certificates.misnamed,
    'plain port': 'plain port',
    'TLS port': 'TLS port',
  };
  return shown[kind];
}
