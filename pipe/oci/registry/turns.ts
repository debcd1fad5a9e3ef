/** Decides how many large blobs are sent at the same time, so that steps that begin together do not all send all of them. */

import { sleep } from '../../http/origin-gate.ts';

/** Shorter blobs wait for nobody: sending one twice costs little, and waiting costs a round trip. */
export const minTurnBytes = 1024 * 1024;

/** So much is sent one by one at first: what takes longer than that fills the line anyway. */
const bytesOneByOne = 16 * 1024 * 1024;
const blobsOneByOne = 2;

/** How long others may need for a blob, before this run has sent one. */
const initialPatienceMs = 500;
/** A run that has needed long, on a slow line or for its retries, must not be idle as long. */
const maxPatienceMs = 5_000;
const questionsWhileWaiting = 6;

/** A blob that waits for its turn. */
interface Waiting {
  isThere(): Promise<boolean>;
  /** Called once: either the blob has appeared, or it has a turn. */
  start(hasAppeared: boolean): void;
  fail(reason: unknown): void;
}

/**
 * The first blobs are sent one by one, while others that send the same layers begin with other ones. If none of those that
 * wait appears meanwhile, all are sent at the same time; otherwise one by one until the end, since more of them are likely to
 * come from somebody else. Before the next one is sent, others then get as long as this run has needed for a blob, until that
 * has been in vain once.
 */
export class Turns {
  #limit: number;
  #headStartMs: number;
  #others: 'not seen' | 'are sending' | 'have sent' = 'not seen';
  #hasWaited = false;
  #isAsking = false;
  #patienceMs = initialPatienceMs;
  #sending = 0;
  #sentBlobs = 0;
  #sentBytes = 0;
  #waiting: readonly Waiting[] = [];

  readonly #onWait: () => void;
  readonly #signal: AbortSignal | undefined;

  /**
   * @param headStartMs how long others may send before the first blob gets a turn
   * @param onWait called once, when nothing is sent because others are sending
   * @param signal ends all waiting: nothing is being sent, and the run can say so at once
   */
  constructor(headStartMs = 0, onWait: () => void = () => undefined, signal?: AbortSignal) {
    this.#headStartMs = headStartMs;
    this.#onWait = onWait;
    this.#limit = headStartMs > 0 ? 0 : 1;
    this.#signal = signal;
    signal?.addEventListener('abort', () => {
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const each of waiting) each.fail(signal.reason);
    });
  }

  /**
   * Waits for a turn.
   *
   * @param isThere asks whether the blob has appeared meanwhile
   * @param send publishes the blob, calls `sent` meanwhile, and returns who has sent it
   * @returns undefined if the blob has appeared before its turn came
   * @throws the signal's reason if it aborts while the blob waits
   */
  async use<T extends { readonly action: string }>(
    isThere: () => Promise<boolean>,
    send: (sent: (bytes: number) => void) => Promise<T>,
  ): Promise<T | undefined> {
    if (this.#headStartMs > 0) void this.#startLater();
    if (this.#sending < this.#limit && this.#others !== 'are sending') this.#sending++;
    else if (await this.#wait(isThere)) return undefined;
    const startedAt = performance.now();
    let bytes = 0;
    try {
      const result = await send((total) => {
        this.#sentBytes += total - bytes;
        bytes = total;
        if (this.#mayOpen()) void this.#startMore();
      });
      if (result.action === 'sent') this.#sentBlobs++;
      else this.#sawOthers();
      return result;
    } finally {
      this.#patienceMs = Math.min(maxPatienceMs, Math.max(this.#patienceMs, performance.now() - startedAt));
      this.#sending--;
      void this.#startMore();
    }
  }

  async #startLater(): Promise<void> {
    const ms = this.#headStartMs;
    this.#headStartMs = 0;
    await waited(ms, this.#signal);
    this.#limit = 1;
    await this.#startMore();
  }

  async #wait(isThere: () => Promise<boolean>): Promise<boolean> {
    this.#signal?.throwIfAborted();
    return await new Promise<boolean>((start, fail) => {
      this.#waiting = [...this.#waiting, { isThere, start, fail }];
      if (this.#others === 'are sending') void this.#startMore();
    });
  }

  #sawOthers(): void {
    if (this.#others === 'not seen') this.#others = 'are sending';
    this.#limit = 1;
  }

  #mayOpen(): boolean {
    if (this.#others !== 'not seen' || this.#limit === Infinity) return false;
    return this.#sentBytes >= bytesOneByOne || this.#sentBlobs >= blobsOneByOne;
  }

  /** Asks for all that wait, which are the best evidence of others, and starts as many as may be sent. Never rejects. */
  async #startMore(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    let leftMs = this.#drawPatience();
    while (this.#waiting.length > 0 && (this.#sending < this.#limit || this.#mayOpen())) {
      const asked = this.#waiting;
      const answers = await Promise.allSettled(asked.map(async (each) => await each.isThere()));
      // Whoever cannot ask will fail when sending.
      const appeared = asked.filter((_, index) => answers[index]?.status === 'fulfilled' && answers[index].value);
      this.#waiting = this.#waiting.filter((each) => !appeared.includes(each));
      for (const each of appeared) each.start(true);
      if (appeared.length > 0) {
        this.#sawOthers();
        leftMs = this.#drawPatience();
      } else if (this.#mayOpen()) this.#limit = Infinity;
      if (this.#waiting.length > 0 && this.#sending === 0 && this.#others === 'are sending') {
        if (leftMs > 0) {
          if (!this.#hasWaited) this.#onWait();
          this.#hasWaited = true;
          leftMs -= await waited(this.#patienceMs / questionsWhileWaiting, this.#signal);
          continue;
        }
        this.#others = 'have sent';
      }
      const starting = this.#waiting.slice(0, Math.max(0, this.#limit - this.#sending));
      this.#waiting = this.#waiting.slice(starting.length);
      this.#sending += starting.length;
      for (const each of starting) each.start(false);
    }
    this.#isAsking = false;
  }

  /** At random, since others that wait for the same blobs must not all lose patience at once. */
  #drawPatience(): number {
    return this.#patienceMs * (0.5 + Math.random());
  }
}

/** Returns at once if the signal aborts. */
async function waited(ms: number, signal: AbortSignal | undefined): Promise<number> {
  await sleep(ms, signal).catch(() => undefined);
  return ms;
}
