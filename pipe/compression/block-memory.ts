/** Lends blocks of memory, which streams fill and threads compress: a fixed number, shared fairly. */

import { alignmentBytes } from '../io/aligned-memory.ts';

/** Memory for one block's input, shared with all threads. */
export interface Block {
  readonly memory: SharedArrayBuffer;
  readonly input: Uint8Array;
}

/** One stream's quota of blocks. A block counts until both its input and its output have been given back. */
export interface Quota {
  /** Waits for a block; undefined if the quota is closed. Must not be called again before it resolves. */
  take(): Promise<Block | undefined>;
  giveBackInput(block: Block): void;
  /** To be called once for each block, when its output has been freed. */
  giveBackOutput(): void;
  close(): void;
}

/** How many blocks there are. */
export interface BlockCounts {
  /** Inputs at the same time. No consumer can hold them up. */
  readonly inputs: number;
  /** Outputs at the same time: those of the blocks that are being compressed count, too. */
  readonly outputs: number;
  /** Outputs that a stream may have however many others run. */
  readonly least: number;
  /** How long a stream waits for the least number of outputs, in milliseconds, because the consumers of all others stall. */
  readonly leastAfterMs: number;
}

/** The offset of the input in a block's memory. */
export const inputOffset = alignmentBytes;

interface Holder {
  held: number;
  isClosed: boolean;
  wake: (() => void) | undefined;
}

/** A fixed number of blocks, lent to streams in fair shares. */
export class BlockMemory {
  readonly #blockBytes: number;
  readonly #counts: BlockCounts;
  readonly #free: Block[] = [];
  #inputs = 0;
  #outputs = 0;
  /** The one that has waited longest is first. */
  readonly #holders = new Set<Holder>();

  /** @param counts that of outputs is exceeded only if more streams run at once than have their least number */
  constructor(blockBytes: number, counts: BlockCounts) {
    this.#blockBytes = blockBytes;
    this.#counts = counts;
  }

  /** Creates a quota, which counts as a stream from its first block on. */
  join(): Quota {
    const holder: Holder = { held: 0, isClosed: false, wake: undefined };
    return {
      take: async () => {
        this.#holders.delete(holder);
        if (!holder.isClosed) this.#holders.add(holder);
        const since = performance.now();
        // One time for both: between two, the wait could end, and then nothing would end it.
        for (let waitedMs = 0; !holder.isClosed && !this.#mayTake(holder, waitedMs);) {
          const { promise, resolve } = Promise.withResolvers<void>();
          holder.wake = resolve;
          const left = this.#counts.leastAfterMs - waitedMs;
          const timer = left > 0 ? setTimeout(resolve, left + 1).unref() : undefined;
          await promise;
          clearTimeout(timer);
          waitedMs = performance.now() - since;
        }
        if (holder.isClosed) return undefined;
        holder.held++;
        this.#inputs++;
        this.#outputs++;
        return this.#free.pop() ?? this.#allocate();
      },
      giveBackInput: (block) => {
        this.#inputs--;
        this.#free.push(block);
        this.#wakeAll();
      },
      giveBackOutput: () => {
        holder.held--;
        this.#outputs--;
        this.#wakeAll();
      },
      close: () => {
        holder.isClosed = true;
        this.#holders.delete(holder);
        holder.wake?.();
        this.#wakeAll();
      },
    };
  }

  /** Whether the holder is below its fair share and a block is free. */
  #mayTake({ held }: Holder, waitedMs: number): boolean {
    const { inputs, outputs, least, leastAfterMs } = this.#counts;
    if (this.#inputs >= inputs) return false;
    if (held < least && waitedMs >= leastAfterMs) return true;
    const share = Math.max(1, Math.floor(outputs / this.#holders.size));
    return held < share && this.#outputs < outputs;
  }

  #wakeAll(): void {
    for (const { wake } of this.#holders) wake?.();
  }

  #allocate(): Block {
    const memory = new SharedArrayBuffer(inputOffset + this.#blockBytes);
    return { memory, input: new Uint8Array(memory, inputOffset, this.#blockBytes) };
  }
}
