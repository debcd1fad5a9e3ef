/** Decides how many large blobs are sent at the same time, so that steps that begin together do not all send all of them. */

/** Shorter blobs wait for nobody: sending one twice costs little, and waiting costs a round trip. */
export const minTurnBytes = 1024 * 1024;

/** So much is sent one by one at first: what takes longer than that fills the line anyway. */
const bytesOneByOne = 16 * 1024 * 1024;
const blobsOneByOne = 2;

/** A blob that waits for its turn. */
interface Waiting {
  isThere(): Promise<boolean>;
  /** Called once: either the blob has appeared, or it has a turn. */
  start(hasAppeared: boolean): void;
}

/**
 * The first blobs are sent one by one, while others that send the same layers begin with other ones. If none of those that
 * wait appears meanwhile, all are sent at the same time; otherwise one by one until the end, since more of them are likely to
 * come from somebody else.
 */
export class Turns {
  #limit = 1;
  #hasOthers = false;
  #isAsking = false;
  #sending = 0;
  #sentBlobs = 0;
  #sentBytes = 0;
  #waiting: readonly Waiting[] = [];

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
    if (this.#sending < this.#limit) this.#sending++;
    else if (await this.#wait(isThere)) return undefined;
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
      this.#sending--;
      void this.#startMore();
    }
  }

  async #wait(isThere: () => Promise<boolean>): Promise<boolean> {
    return await new Promise<boolean>((start) => {
      this.#waiting = [...this.#waiting, { isThere, start }];
    });
  }

  #sawOthers(): void {
    this.#hasOthers = true;
    this.#limit = 1;
  }

  #mayOpen(): boolean {
    if (this.#hasOthers || this.#limit === Infinity) return false;
    return this.#sentBytes >= bytesOneByOne || this.#sentBlobs >= blobsOneByOne;
  }

  /** Asks for all that wait, which are the best evidence of others, and starts as many as may be sent. Never rejects. */
  async #startMore(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    while (this.#waiting.length > 0 && (this.#sending < this.#limit || this.#mayOpen())) {
      const asked = this.#waiting;
      const answers = await Promise.allSettled(asked.map(async (each) => await each.isThere()));
      // Whoever cannot ask will fail when sending.
      const appeared = asked.filter((_, index) => answers[index]?.status === 'fulfilled' && answers[index].value);
      if (appeared.length > 0) this.#sawOthers();
      else if (this.#mayOpen()) this.#limit = Infinity;
      const left = this.#waiting.filter((each) => !appeared.includes(each));
      const count = Math.max(0, this.#limit - this.#sending);
      const starting = left.slice(0, count);
      this.#waiting = left.slice(count);
      this.#sending += starting.length;
      for (const each of appeared) each.start(true);
      for (const each of starting) each.start(false);
    }
    this.#isAsking = false;
  }
}
