/** A line between a client and a server: what is written to it arrives later, and no faster than the line allows. */

import type { Socket } from 'node:net';

export interface LineSpeed {
  /** From the client to the server, all connections together. */
  readonly upBytesPerSecond: number;
  /** Of each way. */
  readonly delayMs: number;
}

/** More than what is under way at any time: 200 Mbit/s with 20 ms are 0.5 MB. */
const windowBytes = 1024 * 1024;

/** One way of the line. */
export class Line {
  readonly #bytesPerMs: number;
  readonly #delayMs: number;
  #freeAt = 0;

  constructor(bytesPerSecond: number, delayMs: number) {
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#delayMs = delayMs;
  }

  /** Passes on all that `from` says, in its order, and makes it wait as a full line does. */
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
