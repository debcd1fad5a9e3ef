/**
 * Speaks to a Docker Engine.
 *
 * @see https://docs.docker.com/reference/api/engine/
 */

import { Agent, type Dispatcher } from 'undici';
import { InputError, PipeError } from '../../errors.ts';
import { parseErrorBody } from '../../http/error-body.ts';
import { untilAborted } from '../../http/until-aborted.ts';
import type { Scrub } from '../../toolkit/scrub.ts';
import { formatDuration } from '../../toolkit/units.ts';
import { readWhole } from '../../io/bounded-read.ts';
import { isRecord, parseJson } from '../../io/json.ts';
import { type EngineAddress, type EngineSettings, readEngineAddress } from './address.ts';
import { unreachable } from './unreachable.ts';

export interface EngineOptions {
  /** An engine that says nothing for so long is taken for dead. */
  readonly timeoutMs: number;
  /** Takes secrets out of what the engine says. */
  readonly scrub: Scrub;
  /** Ends everything; its reason is what is then thrown. */
  readonly signal?: AbortSignal | undefined;
}

export interface EngineAnswer {
  readonly status: number;
  /** Undefined where it is no JSON. */
  readonly value: unknown;
  /** Of an error: the engine's own words. */
  readonly reason: string;
}

export interface EngineClient {
  /** `the Docker Engine at unix:///var/run/docker.sock` */
  readonly name: string;
  /** Of the API in use: `[1, 41]`. */
  readonly version: ApiVersion;
  getJson(path: string): Promise<EngineAnswer>;
  /** The body of a 200. @throws PipeError for any other answer, and where it breaks off */
  openStream(path: string): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

export type ApiVersion = readonly [number, number];

/** What the pipe was written for; a later engine still speaks it. */
const knownVersion: ApiVersion = [1, 51];
/** Docker 1.12's, long out of support. */
const leastVersion: ApiVersion = [1, 24];
const maxConnectTimeoutMs = 30_000;
/** Before it sends a byte, an engine writes the whole export to its own disk. */
const exportTimeoutMs = 3_600_000;
/** What an engine tells of an image, or of all its images. */
const maxAnswerBytes = 16 * 1024 * 1024;

/** Agrees on a version of the API with the engine. @throws InputError where it cannot be reached */
export async function connectEngine(settings: EngineSettings, options: EngineOptions): Promise<EngineClient> {
  const address = await readEngineAddress(settings);
  const name = `the Docker Engine at ${address.shown}`;
  const agent = new Agent({
    allowH2: false,
    connect: { ...address.connect, timeout: Math.min(options.timeoutMs, maxConnectTimeoutMs) },
    headersTimeout: options.timeoutMs,
    bodyTimeout: options.timeoutMs,
  });
  const wire = { agent, address, name, options };
  try {
    const version = await agreeOnVersion(wire);
    const prefix = `/v${version.join('.')}`;
    return {
      name,
      version,
      getJson: (path) => getJson(wire, prefix + path),
      openStream: (path) => openStream(wire, prefix + path),
      close: () => agent.destroy(),
    };
  } catch (error) {
    await agent.destroy();
    throw error;
  }
}

export function isAtLeast([major, minor]: ApiVersion, [otherMajor, otherMinor]: ApiVersion): boolean {
  return major > otherMajor || (major === otherMajor && minor >= otherMinor);
}

interface Wire {
  readonly agent: Agent;
  readonly address: EngineAddress;
  readonly name: string;
  readonly options: EngineOptions;
}

async function agreeOnVersion(wire: Wire): Promise<ApiVersion> {
  const ping = await request(wire, '/_ping', {});
  await readAll(wire, ping.body);
  const theirs = parseVersion([ping.headers['api-version']].flat()[0]) ?? (await askVersion(wire));
  if (theirs === undefined)
    throw new InputError(`At ${wire.address.shown} answers something that is not a Docker Engine (${ping.statusCode})`);
  if (!isAtLeast(theirs, leastVersion))
    throw new InputError(
      `${atStart(wire.name)} is too old: its API is ${theirs.join('.')}, and at least ${leastVersion.join('.')} is needed`,
    );
  return isAtLeast(theirs, knownVersion) ? knownVersion : theirs;
}

/** For what answers a ping without saying more. */
async function askVersion(wire: Wire): Promise<ApiVersion | undefined> {
  const { value } = await getJson(wire, '/version');
  return parseVersion(isRecord(value) ? value['ApiVersion'] : undefined);
}

function parseVersion(text: unknown): ApiVersion | undefined {
  const match = typeof text === 'string' ? /^(\d{1,3})\.(\d{1,4})$/.exec(text) : null;
  return match === null ? undefined : [Number(match[1]), Number(match[2])];
}

async function getJson(wire: Wire, path: string): Promise<EngineAnswer> {
  const { statusCode, headers, body } = await request(wire, path, {});
  const bytes = await readAll(wire, body);
  const contentType = [headers['content-type']].flat()[0] ?? '';
  const reason = statusCode < 400 ? '' : reasonOf(wire, bytes, contentType, statusCode);
  let value: unknown;
  try {
    value = parseJson(bytes, wire.name);
  } catch {
    // An error of something in between; its status is what counts.
  }
  return { status: statusCode, value, reason };
}

async function* openStream(wire: Wire, path: string): AsyncGenerator<Uint8Array> {
  const { statusCode, headers, body } = await request(wire, path, { headersTimeout: exportTimeoutMs });
  if (statusCode !== 200) {
    const contentType = [headers['content-type']].flat()[0] ?? '';
    throw new PipeError(`${atStart(wire.name)}: ${reasonOf(wire, await readAll(wire, body), contentType, statusCode)}`);
  }
  try {
    for await (const chunk of body) yield chunk as Buffer;
  } catch (error) {
    throw brokenOff(wire, error);
  }
}

async function request(
  { agent, address, options }: Wire,
  path: string,
  extra: { readonly headersTimeout?: number },
): Promise<Dispatcher.ResponseData> {
  try {
    const { signal } = options;
    const answering = agent.request({
      origin: address.origin,
      path,
      method: 'GET',
      ...(signal === undefined ? {} : { signal }),
      ...extra,
    });
    return await (signal === undefined ? answering : untilAborted(answering, signal));
  } catch (error) {
    options.signal?.throwIfAborted();
    throw unreachable(error, address.shown, formatDuration(options.timeoutMs));
  }
}

async function readAll(wire: Wire, body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  try {
    const bytes = await readWhole(body, maxAnswerBytes);
    if (bytes === undefined) throw new Error(`its answer is longer than ${maxAnswerBytes} bytes`);
    return bytes;
  } catch (error) {
    throw brokenOff(wire, error);
  }
}

function reasonOf({ options }: Wire, bytes: Buffer, contentType: string, status: number): string {
  return parseErrorBody(bytes, contentType, options.scrub).reason ?? `it answered ${status}`;
}

function brokenOff({ name, options }: Wire, error: unknown): unknown {
  options.signal?.throwIfAborted();
  return new PipeError(`${atStart(name)} broke off while it answered: ${(error as Error).message}`, { cause: error });
}

/** As a sentence begins. */
function atStart(name: string): string {
  return name.replace(/^the/, 'The');
}
