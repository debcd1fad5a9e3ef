/** Decides how many large blobs are sent at the same time, so that steps that begin together do not all send all of them. */

/** Shorter blobs wait for nobody: sending one twice costs little, and waiting costs a round trip. */
export const minTurnBytes = 1024 * 1024;

/** So much is sent one by one at first: what takes longer than that fills the line anyway. */
const bytesOneByOne = 16 * 1024 * 1024;
const blobsOneByOne = 2;

/**
 * The first blobs are sent one by one, while others that send the same layers begin with other ones. If none of those that
 * wait has appeared meanwhile, more and more are sent at the same time; otherwise one by one until the end, since more of them
 * are likely to come from somebody else.
 */
export class Turns {
  #limit = 1;
  #hasOthers = false;
  #sending = 0;
  #isAsking = false;
  #sentBlobs = 0;
  #sentBytes = 0;
  readonly #waiting: (() => void)[] = [];

  /**
   * Waits for a turn.
   *
   * @param isThere asks whether the blob has appeared meanwhile
   * @param send publishes the blob, calls `sent` meanwhile, and returns who has sent it
   * @returns undefined if the blob has appeared before its turn came
   */
  async use<T extends { readonly action: string }>(
    isThere: () => Promise<boolean>,
    send: (sent: (bytes: number) => void) => Promise<T>,
  ): Promise<T | undefined> {
    const hasWaited = this.#sending >= this.#limit;
    if (hasWaited) await new Promise<void>((start) => this.#waiting.push(start));
    else this.#sending++;
    let bytes = 0;
    try {
      if (hasWaited && (await this.#ask(isThere))) return this.#sawOthers();
      this.#startMore();
      const result = await send((total) => {
        this.#sentBytes += total - bytes;
        bytes = total;
        this.#startMore();
      });
      if (result.action === 'sent') this.#sentBlobs++;
      else this.#sawOthers();
      return result;
    } finally {
      this.#sending--;
      this.#startNext();
    }
  }

  async #ask(isThere: () => Promise<boolean>): Promise<boolean> {
    this.#isAsking = true;
    try {
      return await isThere();
    } finally {
      this.#isAsking = false;
    }
  }

  #sawOthers(): undefined {
    this.#hasOthers = true;
    this.#limit = 1;
  }

  /** One more: it asks for its blob before the next one may start. */
  #startMore(): void {
    if (this.#hasOthers || this.#isAsking || this.#waiting.length === 0 || this.#sending > this.#limit) return;
    if (this.#sentBytes < bytesOneByOne && this.#sentBlobs < blobsOneByOne) return;
    this.#limit = this.#sending + 1;
    this.#startNext();
  }

  #startNext(): void {
    while (this.#sending < this.#limit) {
      const start = this.#waiting.shift();
      if (start === undefined) return;
      this.#sending++;
      start();
    }
  }
}
