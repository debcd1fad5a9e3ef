/** Bounds memory that is used by many at once. */

/** Lends parts of a fixed amount of memory, first come, first served. */
export class MemoryBudget {
  #freeBytes: number;
  readonly #waiting: { readonly bytes: number; readonly start: () => void }[] = [];

  constructor(bytes: number) {
    this.#freeBytes = bytes;
  }

  /** Waits until this much is free, and lends it while `work` runs. It must not be more than the whole amount. */
  async use<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    await new Promise<void>((start) => {
      this.#waiting.push({ bytes, start });
      this.#startNext();
    });
    try {
      return await work();
    } finally {
      this.#freeBytes += bytes;
      this.#startNext();
    }
  }

  #startNext(): void {
    for (let [first] = this.#waiting; first !== undefined && first.bytes <= this.#freeBytes; [first] = this.#waiting) {
      this.#waiting.shift();
      this.#freeBytes -= first.bytes;
      first.start();
    }
  }
}
