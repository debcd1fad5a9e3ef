/**
 * Reads blobs from the containerd image store of a Docker Engine, one by one: an export has all of an image, and takes an
 * engine seconds to write. BuildKit, which is part of the engine, serves the store's content read-only.
 *
 * @see https://docs.docker.com/engine/storage/containerd/
 * @see https://github.com/moby/buildkit/blob/v0.23.0/control/control.go `Register`
 */

import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders, IncomingHttpStatusHeader } from 'node:http2';
import type { Duplex } from 'node:stream';
import { ForwardReader } from '../../archive/tar/reader.ts';
import { PipeError } from '../../errors.ts';
import { formatDuration } from '../../toolkit/units.ts';
import { printable } from '../../toolkit/stdout.ts';
import { decodeContent, decodeSize, encodeRequest, frameHeaderBytes, messageLength } from './content-messages.ts';

/** The blobs of an engine. All methods throw a PipeError if the engine fails or does not answer in time. */
export interface ContentStore {
  /** The blob's size in bytes; undefined if the engine does not have it. */
  sizeOf(digest: string): Promise<number | undefined>;
  /** The first bytes of the blob: exactly `length`. */
  read(digest: string, length: number): AsyncIterable<Uint8Array>;
  close(): void;
}

export interface ContentOptions {
  /** For messages: `the Docker Engine at …`. */
  readonly name: string;
  /** How long the engine may send nothing. */
  readonly timeoutMs: number;
  /** Aborts every request, which then throws its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Engines send a mebibyte at a time, and gRPC's own limit is 4. */
const maxMessageBytes = 16 * 1024 * 1024;
/** What may be in flight for one blob, and for all of them: Node's defaults of 64 KiB halve the rate. */
const windowBytes = { blob: 1024 * 1024, all: 8 * 1024 * 1024 } as const;
/** gRPC's codes: `OK` and `NOT_FOUND`. */
const codes = { ok: '0', notFound: '5' } as const;

/** Opens the store. @param socket speaks HTTP/2 without TLS of its own */
export async function openContentStore(socket: Duplex, options: ContentOptions): Promise<ContentStore> {
  const { connect } = await import('node:http2');
  const session = connect('http://engine', {
    createConnection: () => socket,
    settings: { initialWindowSize: windowBytes.blob, enablePush: false },
  });
  // Every open request fails with it.
  session.on('error', () => undefined);
  session.once('connect', () => {
    if (!session.destroyed) session.setLocalWindowSize(windowBytes.all);
  });
  const abort = (): void => session.destroy();
  options.signal?.addEventListener('abort', abort, { once: true });
  return {
    sizeOf: async (digest) => await sizeOf(session, digest, options),
    read: (digest, length) => read(session, digest, length, options),
    close() {
      options.signal?.removeEventListener('abort', abort);
      session.destroy();
    },
  };
}

async function sizeOf(
  session: ClientHttp2Session,
  digest: string,
  options: ContentOptions,
): Promise<number | undefined> {
  const call = startCall(session, 'Info', digest, options);
  try {
    const message = await call.next();
    if (message !== undefined) return decodeSize(message);
    if (call.code === codes.notFound) return undefined;
    throw new Error(call.status());
  } catch (error) {
    throw failure(call.late ?? error, digest, options);
  } finally {
    await call.close();
  }
}

async function* read(
  session: ClientHttp2Session,
  digest: string,
  length: number,
  options: ContentOptions,
): AsyncGenerator<Uint8Array> {
  const call = startCall(session, 'Read', digest, options, length);
  let sent = 0;
  try {
    for (let message = await call.next(); message !== undefined; message = await call.next()) {
      const { offset, data } = decodeContent(message);
      if (offset !== sent || sent + data.length > length) throw new Error('it sent other bytes than were asked for');
      sent += data.length;
      if (data.length > 0) yield data;
    }
    if (call.code !== codes.ok) throw new Error(call.status());
    if (sent !== length) throw new Error(`only ${sent} of ${length} bytes came`);
  } catch (error) {
    throw failure(call.late ?? error, digest, options);
  } finally {
    await call.close();
  }
}

/** @throws PipeError if the connection has ended */
function startCall(
  session: ClientHttp2Session,
  method: 'Info' | 'Read',
  digest: string,
  options: ContentOptions,
  length?: number,
): Call {
  try {
    const stream = session.request({
      ':method': 'POST',
      ':path': `/containerd.services.content.v1.Content/${method}`,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.end(encodeRequest(digest, length));
    return new Call(stream, options.timeoutMs);
  } catch (error) {
    throw failure(error, digest, options);
  }
}

/** @throws the reason of an abort */
function failure(error: unknown, digest: string, { name, signal }: ContentOptions): PipeError {
  signal?.throwIfAborted();
  return new PipeError(`${digest} could not be read from ${name}: ${(error as Error).message}`, { cause: error });
}

/** One call of a method, whose answer is a stream of messages. */
class Call {
  /** gRPC's status, once the messages have ended. */
  code: string | undefined;
  /** That a message did not come in time. */
  late: Error | undefined;
  readonly #stream: ClientHttp2Stream;
  readonly #reader: ForwardReader;
  readonly #timeoutMs: number;
  #reason = '';

  constructor(stream: ClientHttp2Stream, timeoutMs: number) {
    this.#stream = stream;
    this.#timeoutMs = timeoutMs;
    const readStatus = (headers: IncomingHttpHeaders & IncomingHttpStatusHeader): void => {
      const { ':status': http, 'grpc-status': code, 'grpc-message': reason } = headers;
      if (http !== undefined && http !== 200) this.code = `HTTP ${http}`;
      if (code !== undefined) this.code = [code].flat()[0];
      if (reason !== undefined) this.#reason = [reason].flat()[0] ?? '';
    };
    // An answer without messages has its status in the first headers.
    stream.on('response', readStatus);
    stream.on('trailers', readStatus);
    this.#reader = new ForwardReader(stream);
  }

  /** The next message; undefined at the end. @throws Error if it does not come in time, is cut off or too long */
  async next(): Promise<Buffer | undefined> {
    const timeoutMs = this.#timeoutMs;
    // A time limit for each message: the stream's own would also count the time in which nobody reads.
    const timer = setTimeout(() => {
      this.late = new Error(`it sent nothing for ${formatDuration(timeoutMs)}`);
      this.#stream.destroy(this.late);
    }, timeoutMs);
    try {
      const header = await this.#reader.read(frameHeaderBytes);
      if (header.length === 0) return undefined;
      if (header.length < frameHeaderBytes) throw new Error('its answer is cut off');
      const length = messageLength(header);
      if (length > maxMessageBytes) throw new Error(`its answer has a message of ${length} bytes`);
      const message = await this.#reader.read(length);
      if (message.length < length) throw new Error('its answer is cut off');
      return message;
    } finally {
      clearTimeout(timer);
    }
  }

  /** For messages: gRPC's status in words. */
  status(): string {
    let reason = this.#reason;
    try {
      reason = decodeURIComponent(reason);
    } catch {
      // Shown as it is.
    }
    return `it answered ${printable(reason) || 'nothing'} (gRPC status ${printable(this.code ?? 'missing')})`;
  }

  /** Ends the call, if it has not ended. */
  async close(): Promise<void> {
    this.#stream.on('error', () => undefined);
    this.#stream.destroy();
    await this.#reader.close();
  }
}
