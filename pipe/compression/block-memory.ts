/** Lends blocks of memory, which streams fill and threads compress: a fixed number, shared fairly. */

import { alignmentBytes } from '../io/aligned-memory.ts';

/** Memory for one block, shared with all threads. */
export interface Block {
  readonly memory: SharedArrayBuffer;
  readonly input: Uint8Array;
  readonly output: Uint8Array;
}

/** One stream's quota of blocks. */
export interface Quota {
  /** Waits for a block; undefined if the quota is closed. Must not be called again before it resolves. */
  take(): Promise<Block | undefined>;
  giveBack(block: Block): void;
  close(): void;
}

/** Two that the consumer may still read, and one to fill and compress meanwhile: with fewer, nothing runs in parallel. */
export const minBlocks = 3;

/** The offset of the input in a block's memory. */
export const inputOffset = alignmentBytes;

interface Holder {
  held: number;
  isClosed: boolean;
  wake: (() => void) | undefined;
}

/** A fixed number of blocks, lent to streams in fair shares. */
export class BlockMemory {
  /** The offset of the output in a block's memory. */
  readonly outputOffset: number;
  readonly #blockBytes: number;
  readonly #outputBytes: number;
  readonly #count: number;
  readonly #free: Block[] = [];
  #inUse = 0;
  readonly #holders = new Set<Holder>();

  /** @param count the number of blocks; exceeded only if more than a third as many streams run at once */
  constructor(count: number, blockBytes: number, outputBytes: number) {
    this.#count = count;
    this.#blockBytes = blockBytes;
    this.outputOffset = inputOffset + blockBytes;
    this.#outputBytes = outputBytes;
  }

  /** Creates a quota, which counts as a stream from its first block on. */
  join(): Quota {
    const holder: Holder = { held: 0, isClosed: false, wake: undefined };
    return {
      take: async () => {
        if (!holder.isClosed) this.#holders.add(holder);
        while (!holder.isClosed && !this.#mayTake(holder)) {
          const { promise, resolve } = Promise.withResolvers<void>();
          holder.wake = resolve;
          await promise;
        }
        if (holder.isClosed) return undefined;
        holder.held++;
        this.#inUse++;
        return this.#free.pop() ?? this.#allocate();
      },
      giveBack: (block) => {
        holder.held--;
        this.#inUse--;
        this.#free.push(block);
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

  /** Whether the holder is below its fair share and a block is free. Always true below `minBlocks`. */
  #mayTake({ held }: Holder): boolean {
    if (held < minBlocks) return true;
    return held < Math.floor(this.#count / this.#holders.size) && this.#inUse < this.#count;
  }

  #wakeAll(): void {
    for (const { wake } of this.#holders) wake?.();
  }

  #allocate(): Block {
    const memory = new SharedArrayBuffer(this.outputOffset + this.#outputBytes);
    return {
      memory,
      input: new Uint8Array(memory, inputOffset, this.#blockBytes),
      output: new Uint8Array(memory, this.outputOffset, this.#outputBytes),
    };
  }
}
