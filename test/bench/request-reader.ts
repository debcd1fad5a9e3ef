/** Counts the requests on one connection and the bytes of their bodies, and keeps neither. */

export interface RequestHandlers {
  /** The client waits for permission to send the body. */
  onExpect(): void;
  /** The whole request has arrived. */
  onRequest(request: { readonly method: string; readonly bodyBytes: number }): void;
}

const maxHeadBytes = 64 * 1024;

/**
 * The part of RFC 9112 that uploads need: a body has a Content-Length, is chunked, or is absent.
 * A body must be followed by the next request's head, so a body that is longer than announced is detected.
 */
export class RequestReader {
  readonly #handlers: RequestHandlers;
  #state: 'head' | 'body' | 'chunk size' | 'chunk' | 'trailer' = 'head';
  /** The part of a head or of a chunk's size line that has arrived. */
  #pending = '';
  #method = '';
  #isChunked = false;
  /** Bytes left of the body, or of the chunk with its line break. */
  #bytesLeft = 0;
  #bodyBytes = 0;

  constructor(handlers: RequestHandlers) {
    this.#handlers = handlers;
  }

  /** Whether a request has begun but not ended. */
  get isBusy(): boolean {
    return this.#state !== 'head' || this.#pending !== '';
  }

  /** @throws SyntaxError if the bytes are not HTTP */
  read(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0) rest = this.#readSome(rest);
  }

  #readSome(bytes: Buffer): Buffer {
    switch (this.#state) {
      case 'head':
        return this.#readUntil('\r\n\r\n', bytes, (head) => this.#startRequest(head));
      case 'chunk size':
        return this.#readUntil('\r\n', bytes, (line) => this.#startChunk(line));
      case 'trailer':
        return this.#readUntil('\r\n', bytes, (line) => {
          if (line === '') this.#endRequest();
        });
      case 'body':
      case 'chunk':
        break;
    }
    return this.#skip(bytes);
  }

  #skip(bytes: Buffer): Buffer {
    const skipped = Math.min(this.#bytesLeft, bytes.length);
    this.#bytesLeft -= skipped;
    if (this.#bytesLeft === 0) {
      if (this.#isChunked) this.#state = 'chunk size';
      else this.#endRequest();
    }
    return bytes.subarray(skipped);
  }

  #readUntil(end: string, bytes: Buffer, take: (text: string) => void): Buffer {
    const before = this.#pending.length;
    const text = this.#pending + bytes.subarray(0, maxHeadBytes).toString('latin1');
    const at = text.indexOf(end);
    if (at === -1) {
      if (text.length >= maxHeadBytes) throw new SyntaxError('no end of a request head');
      this.#pending = text;
      return bytes.subarray(bytes.length);
    }
    this.#pending = '';
    take(text.slice(0, at));
    return bytes.subarray(at + end.length - before);
  }

  #startRequest(head: string): void {
    const [requestLine = '', ...lines] = head.split('\r\n');
    const method = /^([A-Z]+) \S+ HTTP\/1\.1$/.exec(requestLine)?.[1];
    if (method === undefined) throw new SyntaxError(`no request line: ${JSON.stringify(requestLine.slice(0, 80))}`);
    const header = (name: string): string | undefined =>
      lines
        .find((line) => line.toLowerCase().startsWith(`${name}:`))
        ?.slice(name.length + 1)
        .trim();
    this.#method = method;
    this.#bodyBytes = 0;
    this.#isChunked = header('transfer-encoding')?.toLowerCase() === 'chunked';
    const length = header('content-length') ?? '0';
    if (!/^\d+$/.test(length)) throw new SyntaxError(`no length: ${JSON.stringify(length)}`);
    if (header('expect') !== undefined) this.#handlers.onExpect();
    if (this.#isChunked) {
      this.#state = 'chunk size';
      return;
    }
    this.#bytesLeft = this.#bodyBytes = Number(length);
    if (this.#bytesLeft === 0) this.#endRequest();
    else this.#state = 'body';
  }

  #startChunk(line: string): void {
    const digits = /^([0-9a-fA-F]+)(?:;.*)?$/.exec(line)?.[1];
    if (digits === undefined) throw new SyntaxError(`no chunk size: ${JSON.stringify(line.slice(0, 80))}`);
    const size = Number.parseInt(digits, 16);
    this.#bodyBytes += size;
    this.#bytesLeft = size + 2;
    this.#state = size === 0 ? 'trailer' : 'chunk';
  }

  #endRequest(): void {
    this.#state = 'head';
    this.#handlers.onRequest({ method: this.#method, bodyBytes: this.#bodyBytes });
  }
}
