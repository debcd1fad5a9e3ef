/** One request and its answer: reads the body and answers, subject to the fault that applies. */
import { randomBytes } from 'node:crypto';
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, AnswerHeaders, Refusal } from './answers.ts';
import { preempts, type FaultAction, type PreemptingAction, type ServerName } from './faults.ts';
import type { RecordedRequest, ServerContext } from './recorded-request.ts';
import { stepsOf } from './registry-steps.ts';
import { ConnectionLost, readBody } from './request-body.ts';

/** Thrown if a fault replaces all other handling. */
export class Preempted extends Error {
  readonly action: PreemptingAction;

  constructor(action: PreemptingAction) {
    super(`preempted by ${action.kind}`);
    this.action = action;
  }
}

class EnoughRead extends Error {}

const registryServers: readonly ServerName[] = ['registry', 'auth', 'blobs'];

/** At most this much of a refused body is read, so that the connection can be reused. */
const maxDrainBytes = 1024 * 1024;
/** How long a connection stays after its FIN for the client to read the answer, which an RST would discard. */
const lingerMs = 300;

export class Exchange {
  readonly request: IncomingMessage;
  readonly method: string;
  readonly path: string;
  readonly #response: ServerResponse;
  readonly #context: ServerContext;
  readonly #record: { -readonly [K in keyof RecordedRequest]: RecordedRequest[K] };
  #fault: FaultAction | undefined;
  #awaitsContinue: boolean;

  constructor(
    server: ServerName,
    context: ServerContext,
    connection: number,
    request: IncomingMessage,
    response: ServerResponse,
  ) {
    this.request = request;
    this.method = request.method ?? '';
    this.path = request.url ?? '';
    this.#response = response;
    this.#context = context;
    this.#awaitsContinue = request.headers.expect !== undefined;
    this.#record = {
      server,
      method: this.method,
      path: this.path,
      steps: registryServers.includes(server) ? stepsOf(this.method, this.path, this.contentLength !== 0) : [],
      headers: request.headers,
      connection,
      requestId: randomBytes(8).toString('hex'),
      status: undefined,
      bytesReceived: 0,
      bodyComplete: this.contentLength === 0,
      startedAt: performance.now(),
      endedAt: undefined,
      aborted: false,
      fault: undefined,
    };
    context.requests.push(this.#record);
    context.observe({ step: 'arrived', bytes: 0 });
    // Readers and writers are notified of a lost connection by `close`.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    response.once('close', () => {
      this.#record.aborted = this.#record.endedAt === undefined || !response.writableFinished;
      this.#record.endedAt ??= performance.now();
    });
  }

  get bytesReceived(): number {
    return this.#record.bytesReceived;
  }

  /** The body's length in bytes; undefined if it is chunked. */
  get contentLength(): number | undefined {
    const length = this.request.headers['content-length'];
    if (length !== undefined) return Number(length);
    return this.request.headers['transfer-encoding'] === undefined ? 0 : undefined;
  }

  get server(): ServerName {
    return this.#record.server;
  }

  get isRegistry(): boolean {
    return registryServers.includes(this.server);
  }

  get storesCorruptly(): boolean {
    return this.#fault?.kind === 'store-corrupt';
  }

  /** The fault that applies, if it is of this kind. */
  fault<K extends FaultAction['kind']>(kind: K): Extract<FaultAction, { readonly kind: K }> | undefined {
    return this.#fault !== undefined && isOfKind(this.#fault, kind) ? this.#fault : undefined;
  }

  violate(reason: string): void {
    this.#context.violations.push(`${this.#record.server} ${this.method} ${this.path}: ${reason}`);
  }

  /** Takes the next fault for this request or, with `filename`, for that part of it. @throws Preempted if the fault replaces the handling */
  takeFault(filename?: string): void {
    this.#takeFault(this.isRegistry ? 'arrived' : 'only', filename);
  }

  /** For a registry: takes the next fault for a request that is authorized. */
  takeFaultOnceAuthorized(): void {
    this.#takeFault('authorized');
  }

  #takeFault(phase: 'only' | 'arrived' | 'authorized', filename?: string): void {
    if (this.#fault !== undefined) return;
    const { server, method, path, steps } = this.#record;
    const target = { server, method, path, steps, contentLength: this.contentLength, phase };
    const action = this.#context.faults.take(filename === undefined ? target : { ...target, filename });
    if (action === undefined) return;
    this.#record.fault = action.kind;
    this.#fault = action;
    if (preempts(action)) throw new Preempted(action);
  }

  /**
   * Reads the body to its end, and awaits `onChunk`. Rejects with the error of `onChunk`, after which the
   * rest can still be read, and with ConnectionLost if the body breaks off.
   */
  receive(onChunk: (chunk: Buffer) => Promise<void> | undefined): Promise<void> {
    if (this.#record.bodyComplete) return Promise.resolve();
    if (this.#awaitsContinue) this.#response.writeContinue();
    this.#awaitsContinue = false;
    return readBody(this.request, {
      onChunk: (chunk) => {
        this.#record.bytesReceived += chunk.length;
        this.#context.observe({ step: 'received', bytes: chunk.length });
        const pending = [onChunk(chunk), this.#throttle(chunk)].filter((promise) => promise !== undefined);
        return pending.length === 0 ? undefined : Promise.all(pending);
      },
      onEnd: () => (this.#record.bodyComplete = true),
    });
  }

  /** Reads and discards the body until a total of this many bytes has been read, or it ends. */
  async drain(untilBytes = Infinity): Promise<void> {
    if (this.bytesReceived >= untilBytes) return;
    try {
      await this.receive(() => {
        if (this.bytesReceived >= untilBytes) throw new EnoughRead();
        return undefined;
      });
    } catch (error) {
      if (!(error instanceof EnoughRead)) throw error;
    }
  }

  /** The whole body, up to this length. */
  async receiveAll(maxBytes: number, tooLarge: Refusal): Promise<Buffer> {
    const chunks: Buffer[] = [];
    await this.receive((chunk) => {
      if (this.bytesReceived > maxBytes) throw tooLarge;
      chunks.push(chunk);
      return undefined;
    });
    return Buffer.concat(chunks);
  }

  /** Answers once the body has been read. */
  async respond(answer: Answer): Promise<void> {
    const fault = this.#fault;
    if (fault?.kind === 'delay') await this.#sleep(fault.ms);
    await this.#sleep(this.#context.latencyMs);
    this.#context.observe({ step: 'carried out', bytes: 0 });
    if (fault?.kind === 'reset-after-store') return this.reset();
    if (fault?.kind === 'stall-answer') return;
    const malformed = fault?.kind === 'malformed-json';
    const body = malformed ? '{"pagelen": 10, "values": [{"name": ' : this.#bodyOf(answer);
    const content = typeof body === 'string' ? Buffer.from(body) : body;
    const size = Buffer.isBuffer(content) ? content.length : content.size;
    const succeeded = answer.status >= 200 && answer.status <= 299;
    const page = fault?.kind === 'other-status' && succeeded ? fault.page : undefined;
    this.#writeHead(fault?.kind === 'other-status' && succeeded ? fault.status : answer.status, {
      ...answer.headers,
      ...(page !== undefined && { 'content-type': 'text/html; charset=utf-8' }),
      ...(malformed && { 'content-type': 'application/json' }),
      ...(answer.status !== 204 && { 'content-length': String(size) }),
    });
    if (this.method === 'HEAD') return this.#end();
    const limit = fault?.kind === 'truncate-content' ? Math.min(fault.bytes, size) : size;
    let left = limit;
    for await (const chunk of Buffer.isBuffer(content) ? [content] : content.stream()) {
      const wanted = fault?.kind === 'corrupt-content' ? chunk.map((byte) => byte ^ 1) : chunk;
      left -= wanted.length;
      if (left <= 0 && limit === size) this.#record.endedAt = performance.now();
      await this.#write(wanted.subarray(0, wanted.length + Math.min(left, 0)));
      if (left <= 0) break;
    }
    if (limit < size) this.close();
    else this.#end();
  }

  /** A body of this many bytes without a Content-Length, which begins like an error from Bitbucket. */
  async respondAtLength(status: number, bytes: number): Promise<void> {
    await this.#sleep(this.#context.latencyMs);
    this.#writeHead(status, { 'content-type': 'application/json' });
    let left = bytes < 0 ? Infinity : bytes;
    let chunk = Buffer.from('{"type": "error", "error": {"message": "');
    while (left > 0) {
      await this.#write(chunk.subarray(0, Math.min(chunk.length, left)));
      left -= chunk.length;
      chunk = Buffer.alloc(64 * 1024, 'sandbox ');
    }
    this.#end();
  }

  /**
   * Answers before the body has been read, then closes. Written to the socket directly: Node.js would reset the
   * connection right after such an answer, and the client might never see it.
   */
  async respondEarly(answer: Answer, keepReading: boolean): Promise<void> {
    await this.#sleep(this.#context.latencyMs);
    const body = answer.body ?? '';
    if (typeof body !== 'string' && !Buffer.isBuffer(body)) throw new TypeError('too long for an early answer');
    this.#awaitsContinue = false;
    this.#record.status = answer.status;
    this.#record.endedAt = performance.now();
    this.#response.once('close', () => (this.#record.aborted = false));
    const headers = {
      ...answer.headers,
      ...(answer.status !== 204 && { 'content-length': String(Buffer.byteLength(body)) }),
      connection: 'close',
      date: new Date().toUTCString(),
      'x-request-id': this.#record.requestId,
    };
    const lines = Object.entries(headers).flatMap(([name, value]) =>
      [value].flat().map((item) => `${name}: ${item}\r\n`),
    );
    const { socket } = this.request;
    socket.write(`HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? 'Unknown'}\r\n${lines.join('')}\r\n`);
    if (this.method !== 'HEAD') socket.write(body);
    this.#finish();
    if (keepReading) await this.drain();
  }

  /** Answers like a server that refuses a large body without reading it. */
  async refuse({ answer, violation }: Refusal): Promise<void> {
    if (violation !== undefined) this.violate(violation);
    const left = (this.contentLength ?? Infinity) - this.bytesReceived;
    // A body that breaks the rules may also be shorter than announced: do not wait for the rest.
    const readable = !this.#awaitsContinue && left <= maxDrainBytes && violation === undefined;
    if (!this.#record.bodyComplete && left > 0 && !readable) return this.respondEarly(answer, true);
    await this.drain();
    return this.respond(answer);
  }

  /** RST. */
  reset(): void {
    this.#abort();
    this.request.socket.resetAndDestroy();
  }

  /** FIN before the answer is complete. */
  close(): void {
    this.#abort();
    this.#finish();
  }

  #abort(): void {
    this.#record.aborted = true;
    this.#record.endedAt = performance.now();
  }

  /** FIN; data that the client sends afterwards eventually causes an RST. */
  #finish(): void {
    const { socket } = this.request;
    socket.end();
    const timer = setTimeout(() => socket.destroy(), lingerMs);
    socket.once('close', () => clearTimeout(timer));
  }

  #bodyOf({ status, body = '' }: Answer): NonNullable<Answer['body']> {
    if (this.#fault?.kind === 'other-status' && status >= 200 && status <= 299) return this.#fault.page ?? body;
    return this.#fault?.kind === 'replace-content' && status === 200 ? this.#fault.content : body;
  }

  #writeHead(status: number, headers: AnswerHeaders): void {
    this.#record.status = status;
    const sent = applyToHeaders(this.#fault, { ...headers, 'x-request-id': this.#record.requestId });
    for (const [name, value] of Object.entries(sent)) this.#response.setHeader(name, value);
    this.#response.writeHead(status);
  }

  #end(): void {
    this.#record.endedAt ??= performance.now();
    this.#response.end();
    this.#context.observe({ step: 'answered', bytes: 0 });
  }

  #write(chunk: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      const onClose = (): void => reject(new ConnectionLost());
      this.#response.once('close', onClose);
      this.#response.write(chunk, (error) => {
        this.#response.off('close', onClose);
        if (error) reject(new ConnectionLost());
        else resolve();
      });
    });
  }

  #throttle(chunk: Buffer): Promise<void> | undefined {
    if (this.#fault?.kind !== 'trickle') return undefined;
    return this.#sleep((chunk.length / this.#fault.bytesPerSecond) * 1000);
  }

  async #sleep(ms: number): Promise<void> {
    if (ms <= 0) return;
    try {
      await sleep(ms, undefined, { signal: this.#context.closing });
    } catch {
      throw new ConnectionLost();
    }
  }
}

function isOfKind<K extends FaultAction['kind']>(
  action: FaultAction,
  kind: K,
): action is Extract<FaultAction, { readonly kind: K }> {
  return action.kind === kind;
}

function applyToHeaders(fault: FaultAction | undefined, headers: AnswerHeaders): AnswerHeaders {
  if (fault?.kind === 'omit-headers') {
    const names = new Set(fault.names.map((name) => name.toLowerCase()));
    return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.has(name)));
  }
  const { 'docker-content-digest': digest, 'content-length': length } = headers;
  if (fault?.kind === 'connection-close') return { ...headers, connection: 'close' };
  if (fault?.kind === 'wrong-size') return { ...headers, 'content-length': String(Number(length) + 1) };
  if (fault?.kind !== 'wrong-digest' || typeof digest !== 'string') return headers;
  return { ...headers, 'docker-content-digest': digest.replace(/.$/, digest.endsWith('0') ? '1' : '0') };
}
