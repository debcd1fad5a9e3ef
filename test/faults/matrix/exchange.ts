/** One request on a raw connection, and everything that a server can do with it: obey, refuse, or misbehave. */

import { type Agent, request as sendUpstream } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClientGone, type SocketReader } from './socket-reader.ts';

export interface Answer {
  readonly status: number;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: Buffer;
}

export interface RequestHead {
  readonly method: string;
  /** The target, with its query. */
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
}

/** Where requests are really carried out. */
export interface Upstream {
  readonly host: string;
  readonly port: number;
  readonly agent: Agent;
  /** Replaces the sandbox's origins by those that lead through the fronts. */
  readonly translate: (text: string) => string;
  /** Each connection serves one request. */
  readonly closesEach: boolean;
}

const crlf = '\r\n';

export class Exchange {
  readonly head: RequestHead;
  readonly #socket: Duplex;
  readonly #reader: SocketReader;
  readonly #upstream: Upstream;
  #isBodyRead = false;
  /** Nothing more is read from this connection. */
  isOver = false;

  constructor(head: RequestHead, socket: Duplex, reader: SocketReader, upstream: Upstream) {
    this.head = head;
    this.#socket = socket;
    this.#reader = reader;
    this.#upstream = upstream;
  }

  header(name: string): string | undefined {
    const { headers } = this.head;
    const at = headers.findIndex((value, index) => index % 2 === 0 && value.toLowerCase() === name);
    return at < 0 ? undefined : headers[at + 1];
  }

  get hasBody(): boolean {
    return this.header('transfer-encoding') !== undefined || Number(this.header('content-length') ?? 0) > 0;
  }

  /** The content of the body, as it arrives. */
  async *body(): AsyncGenerator<Buffer> {
    if (this.#isBodyRead) return;
    this.#isBodyRead = true;
    if (this.header('transfer-encoding') === undefined) {
      yield* this.#reader.take(Number(this.header('content-length') ?? 0));
      return;
    }
    for (;;) {
      const line = await this.#reader.until(crlf);
      const length = Number.parseInt(line?.toString('latin1') ?? '', 16);
      if (Number.isNaN(length)) throw new ClientGone();
      yield* this.#reader.take(length);
      await this.#reader.until(crlf);
      if (length === 0) return;
    }
  }

  /** Reads the body to its end. @param pauseMs between two pieces */
  async readBody(pauseMs = 0): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of this.body()) {
      pieces.push(piece);
      if (pauseMs > 0) await sleep(pauseMs);
    }
    return Buffer.concat(pieces);
  }

  /** Reads this many bytes of the body's beginning, and no more. */
  async readPart(bytes: number): Promise<void> {
    let length = 0;
    for await (const piece of this.body()) {
      length += piece.length;
      if (length >= bytes) return;
    }
  }

  /** Has the sandbox carry out the request. @param body the request's, if it was read before */
  async carryOut(body?: Buffer, head = this.head): Promise<Answer> {
    const content = body ?? (await this.readBody());
    const { host, port, agent, translate } = this.#upstream;
    return await new Promise((resolve, reject) => {
      const { method, path } = head;
      const sending = sendUpstream({ host, port, agent, method, path, headers: withoutConnection(head.headers) });
      sending.once('error', reject);
      sending.once('response', (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.once('error', reject);
        response.once('end', () => {
          const headers = withoutConnection(response.rawHeaders).map(translate);
          resolve({ status: response.statusCode ?? 0, headers, body: Buffer.concat(pieces) });
        });
      });
      sending.end(content);
    });
  }

  /** Carries out the request, and passes on the answer. */
  async relay(): Promise<void> {
    await this.answer(await this.carryOut());
  }

  /** Answers like a correct server; a length that the headers state stays. */
  async answer({ status, headers = [], body = Buffer.alloc(0) }: Partial<Answer> & { status: number }): Promise<void> {
    const hasLength = headers.some((name) => /^(?:content-length|transfer-encoding)$/i.test(name));
    const mayHaveBody = this.head.method !== 'HEAD' && status !== 204 && status !== 304;
    const given = mayHaveBody && !hasLength ? [...headers, 'content-length', String(body.length)] : headers;
    await this.send(Buffer.concat([this.#headOf(status, given), mayHaveBody ? body : Buffer.alloc(0)]));
    if (this.#upstream.closesEach) this.end();
  }

  /** The beginning of an answer, whose body is sent by `send`. */
  async answerHead(status: number, headers: readonly string[] = []): Promise<void> {
    await this.send(this.#headOf(status, headers));
  }

  /** Any bytes. */
  async send(bytes: Buffer | string): Promise<void> {
    if (this.#socket.destroyed || this.#socket.writableEnded) throw new ClientGone();
    await new Promise<void>((resolve, reject) => {
      const lose = (): void => reject(new ClientGone());
      this.#socket.once('close', lose);
      this.#socket.write(bytes, (error) => {
        this.#socket.off('close', lose);
        if (error) reject(new ClientGone());
        else resolve();
      });
    });
  }

  /** RST. */
  reset(): void {
    this.isOver = true;
    if (this.#socket instanceof Socket) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  /** FIN, in this direction only. */
  end(): void {
    this.isOver = true;
    this.#socket.end();
  }

  /** Does nothing more, until the client closes the connection. */
  async stall(): Promise<void> {
    this.isOver = true;
    await this.closed();
  }

  async closed(): Promise<void> {
    if (this.#socket.destroyed) return;
    await new Promise((resolve) => {
      this.#socket.once('close', resolve).resume();
    });
  }

  #headOf(status: number, headers: readonly string[]): Buffer {
    const lines = [`HTTP/1.1 ${status} Status`];
    const all = this.#upstream.closesEach ? [...headers, 'connection', 'close'] : headers;
    for (let index = 0; index < all.length; index += 2) lines.push(`${all[index]}: ${all[index + 1]}`);
    return Buffer.from([...lines, '', ''].join(crlf), 'latin1');
  }
}

/** The headers that are for one connection only (RFC 9110, 7.6.1). */
function withoutConnection(headers: readonly string[]): string[] {
  const isDropped = (name: string | undefined): boolean => /^(?:connection|keep-alive)$/i.test(name ?? '');
  return headers.filter((_, index) => !isDropped(headers[index - (index % 2)]));
}
