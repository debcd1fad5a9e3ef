/** Decides how many files are sent at the same time: more small ones, as long as that makes none of them slower. */

/** A small file mostly waits for the server's answer; larger ones share the line, however many there are. */
export const maxSmallBytes = 1024 * 1024;

/** By how much the quickest upload may be exceeded: by others that wait in the same line, and by those that wait for it. */
const unhurried = { more: 2, fewer: 4 } as const;

/** The number of files to send at the same time, which follows how long small ones take. */
export class FilesAtOnce {
  readonly #usual: number;
  readonly #max: number;
  #small: number;
  #shortestMs = Infinity;

  /**
   * @param usual for large files, and for the first small ones
   * @param max for small files
   */
  constructor(usual: number, max: number) {
    this.#usual = usual;
    this.#max = max;
    this.#small = usual;
  }

  /** How many may be sent at the same time if the next one has this size. */
  for(bytes: number): number {
    return bytes > maxSmallBytes ? this.#usual : this.#small;
  }

  /** Notes how long a file took to be sent, retries included. */
  took(bytes: number, ms: number): void {
    if (bytes > maxSmallBytes) return;
    this.#shortestMs = Math.min(this.#shortestMs, ms);
    if (ms <= unhurried.more * this.#shortestMs) this.#small = Math.min(this.#max, this.#small + 1);
    else if (ms > unhurried.fewer * this.#shortestMs) this.#small = Math.max(this.#usual, this.#small - 1);
  }
}
