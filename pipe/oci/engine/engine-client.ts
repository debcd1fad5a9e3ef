/** A client for the API of a Docker Engine. */

import type { Duplex } from 'node:stream';
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

/** Options of every request. */
export interface EngineOptions {
  /** How long the engine may send nothing, and how long an answer may take that is not an export. */
  readonly timeoutMs: number;
  /** Removes secrets from the engine's error messages. */
  readonly scrub: Scrub;
  /** Aborts every request, which then throws its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Logs which way the image is read. */
  readonly debug?: ((message: string) => void) | undefined;
}

/** An answer, read to its end. */
export interface EngineAnswer {
  readonly status: number;
  /** Undefined if it is not valid JSON. */
  readonly value: unknown;
  /** The engine's message if the status is an error. */
  readonly reason: string;
}

/** A connection to an engine. Both requests throw an InputError if it cannot be reached. */
export interface EngineClient {
  /** `the Docker Engine at unix:///var/run/docker.sock` */
  readonly name: string;
  /** The version of the API in use. */
  readonly version: ApiVersion;
  /** @throws PipeError if the answer is cut off or too long */
  getJson(path: string): Promise<EngineAnswer>;
  /** The body of a 200. @throws PipeError if the status is another one, or the body is cut off */
  openStream(path: string): AsyncIterable<Uint8Array>;
  /** A connection to the engine's gRPC services. @throws Error if the engine, or what is before it, does not offer them */
  openServices(): Promise<Duplex>;
  close(): Promise<void>;
}

/** Major and minor: `[1, 41]`. */
export type ApiVersion = readonly [number, number];

/** The version that the pipe was written for. Later engines still support it. */
const knownVersion: ApiVersion = [1, 51];
/** Of Docker 1.12, long out of support. */
const minVersion: ApiVersion = [1, 24];
const maxConnectTimeoutMs = 30_000;
/** An engine writes the whole export to its own disk before it sends the first byte. */
const exportTimeoutMs = 3_600_000;
/** For the description of an image, or of all images. */
const maxAnswerBytes = 4 * 1024 * 1024;

/**
 * Connects, and agrees with the engine on a version of the API.
 *
 * @throws InputError if the engine cannot be reached or is too old
 * @see https://docs.docker.com/reference/api/engine/
 */
export async function connectEngine(settings: EngineSettings, options: EngineOptions): Promise<EngineClient> {
  const address = await readEngineAddress(settings);
  const name = `the Docker Engine at ${address.shown}`;
  const agent = new Agent({
    allowH2: false,
    connect: { ...address.connect, timeout: Math.min(options.timeoutMs, maxConnectTimeoutMs) },
    headersTimeout: options.timeoutMs,
    bodyTimeout: options.timeoutMs,
  });
  const connection = { agent, address, name, options };
  try {
    const version = await agreeOnVersion(connection);
    const prefix = `/v${version.join('.')}`;
    return {
      name,
      version,
      getJson: (path) => getJson(connection, prefix + path),
      openStream: (path) => openStream(connection, prefix + path),
      openServices: () => openServices(connection, `${prefix}/grpc`),
      close: () => agent.destroy(),
    };
  } catch (error) {
    await agent.destroy();
    throw error;
  }
}

/** Whether the first version is the second or a later one. */
export function isAtLeast([major, minor]: ApiVersion, [otherMajor, otherMinor]: ApiVersion): boolean {
  return major > otherMajor || (major === otherMajor && minor >= otherMinor);
}

interface Connection {
  readonly agent: Agent;
  readonly address: EngineAddress;
  readonly name: string;
  readonly options: EngineOptions;
}

async function agreeOnVersion(connection: Connection): Promise<ApiVersion> {
  const ping = await request(connection, '/_ping', {});
  await readAll(connection, ping.body);
  const theirs = parseVersion([ping.headers['api-version']].flat()[0]) ?? (await askVersion(connection));
  if (theirs === undefined)
    throw new InputError(
      `Something other than a Docker Engine answered at ${connection.address.shown} (${ping.statusCode})`,
    );
  if (!isAtLeast(theirs, minVersion))
    throw new InputError(
      `${capitalized(connection.name)} is too old: its API version is ${theirs.join('.')}, but at least ${minVersion.join('.')} is needed`,
    );
  return isAtLeast(theirs, knownVersion) ? knownVersion : theirs;
}

/** For an engine that answers a ping without its version. */
async function askVersion(connection: Connection): Promise<ApiVersion | undefined> {
  const { value } = await getJson(connection, '/version');
  return parseVersion(isRecord(value) ? value['ApiVersion'] : undefined);
}

function parseVersion(text: unknown): ApiVersion | undefined {
  const match = typeof text === 'string' ? /^(\d{1,3})\.(\d{1,4})$/.exec(text) : null;
  return match === null ? undefined : [Number(match[1]), Number(match[2])];
}

async function getJson(connection: Connection, path: string): Promise<EngineAnswer> {
  const { statusCode, headers, body } = await request(connection, path, {});
  const bytes = await readAll(connection, body);
  const contentType = [headers['content-type']].flat()[0] ?? '';
  const reason = statusCode < 400 ? '' : reasonOf(connection, bytes, contentType, statusCode);
  let value: unknown;
  try {
    value = parseJson(bytes, connection.name);
  } catch {
    // An error of something in between: its status is enough.
  }
  return { status: statusCode, value, reason };
}

async function* openStream(connection: Connection, path: string): AsyncGenerator<Uint8Array> {
  const { statusCode, headers, body } = await request(connection, path, { headersTimeout: exportTimeoutMs });
  if (statusCode !== 200) {
    const contentType = [headers['content-type']].flat()[0] ?? '';
    throw new PipeError(
      `${capitalized(connection.name)}: ${reasonOf(connection, await readAll(connection, body), contentType, statusCode)}`,
    );
  }
  try {
    for await (const chunk of body) yield chunk as Buffer;
  } catch (error) {
    throw interrupted(connection, error);
  }
}

async function openServices({ agent, address, options }: Connection, path: string): Promise<Duplex> {
  const { signal } = options;
  // undici's types leave the origin out, which an Agent needs.
  const upgrade: Dispatcher.UpgradeOptions & { readonly origin: string } = {
    origin: address.origin,
    path,
    method: 'POST',
    protocol: 'h2c',
    signal: signal ?? null,
  };
  const upgrading = agent.upgrade(upgrade);
  return (await (signal === undefined ? upgrading : untilAborted(upgrading, signal))).socket;
}

async function request(
  { agent, address, options }: Connection,
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

/** Within one time limit in all, because a byte now and then would be progress for ever. */
async function readAll(connection: Connection, body: Dispatcher.ResponseData['body']): Promise<Buffer> {
  const { timeoutMs } = connection.options;
  const late = new Error(`it is not complete after ${formatDuration(timeoutMs)}`);
  const timer = setTimeout(() => body.destroy(late), timeoutMs);
  try {
    const bytes = await readWhole(body, maxAnswerBytes);
    if (bytes === undefined) throw new Error(`it is longer than ${maxAnswerBytes} bytes`);
    return bytes;
  } catch (error) {
    throw interrupted(connection, error);
  } finally {
    clearTimeout(timer);
  }
}

function reasonOf({ options }: Connection, bytes: Buffer, contentType: string, status: number): string {
  return parseErrorBody(bytes, contentType, options.scrub).reason ?? `it answered ${status}`;
}

function interrupted({ name, options }: Connection, error: unknown): unknown {
  options.signal?.throwIfAborted();
  return new PipeError(`The answer of ${name} could not be read: ${(error as Error).message}`, { cause: error });
}

/** For the start of a sentence. */
function capitalized(name: string): string {
  return name.replace(/^the/, 'The');
}
