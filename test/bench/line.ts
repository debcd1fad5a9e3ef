/** Simulates a network line between a client and a server, with latency and limited bandwidth. */

import type { Socket } from 'node:net';

export interface LineSpeed {
  /** From the client to the server, for all connections together. */
  readonly upBytesPerSecond: number;
  /** In each direction. */
  readonly delayMs: number;
}

/** More than is in transit at any time: 200 Mbit/s with 20 ms are 0.5 MB. */
const windowBytes = 1024 * 1024;

/** One direction of the line. */
export class Line {
  readonly #bytesPerMs: number;
  readonly #delayMs: number;
  #freeAt = 0;

  constructor(bytesPerSecond: number, delayMs: number) {
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#delayMs = delayMs;
  }

  /** Forwards all data from `from` in order, with backpressure when the line is full. */
  connect(from: Socket, to: Socket, look: (chunk: Buffer) => void = () => undefined): void {
    const under: { readonly chunk: Buffer; readonly at: number }[] = [];
    let bytes = 0;
    let hasEnded = false;
    let timer: NodeJS.Timeout | undefined;
    const deliver = (): void => {
      timer = undefined;
      const now = performance.now();
      for (let next = under[0]; next !== undefined && next.at <= now; next = under[0]) {
        under.shift();
        bytes -= next.chunk.length;
        to.write(next.chunk);
      }
      const [next] = under;
      if (next !== undefined) timer = setTimeout(deliver, next.at - now);
      else if (hasEnded) to.end();
      if (bytes < windowBytes && to.writableLength < windowBytes) from.resume();
    };
    from.on('data', (chunk: Buffer) => {
      look(chunk);
      this.#freeAt = Math.max(this.#freeAt, performance.now()) + chunk.length / this.#bytesPerMs;
      under.push({ chunk, at: this.#freeAt + this.#delayMs });
      bytes += chunk.length;
      if (bytes >= windowBytes || to.writableLength >= windowBytes) from.pause();
      timer ??= setTimeout(deliver, this.#freeAt + this.#delayMs - performance.now());
    });
    to.on('drain', () => {
      if (bytes < windowBytes) from.resume();
    });
    from.on('end', () => {
      hasEnded = true;
      timer ??= setTimeout(deliver, this.#delayMs);
    });
    from.on('close', () => {
      if (!hasEnded) to.destroy();
    });
  }
}
