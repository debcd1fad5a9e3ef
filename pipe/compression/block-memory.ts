/** The blocks of memory that streams fill and threads compress: a fixed number of them, shared fairly. */

import { alignmentBytes } from '../io/aligned-memory.ts';

/** Memory for one block, seen by all threads. */
export interface Block {
  readonly memory: SharedArrayBuffer;
  readonly input: Uint8Array;
  readonly output: Uint8Array;
}

/** How many blocks one stream may have at a time. */
export interface Quota {
  /** A block, when there is one; undefined if the quota was closed before. One call at a time. */
  take(): Promise<Block | undefined>;
  giveBack(block: Block): void;
  close(): void;
}

/** Two that the consumer may still look at, and one that is filled and compressed meanwhile: with fewer, nothing overlaps. */
const leastBlocks = 3;

/** Where a block's input lies in its memory. */
export const inputOffset = alignmentBytes;

interface Holder {
  held: number;
  isClosed: boolean;
  wake: (() => void) | undefined;
}

/** A fixed number of blocks, lent to streams in fair shares. */
export class BlockMemory {
  /** Where a block's output lies in its memory. */
  readonly outputOffset: number;
  readonly #blockBytes: number;
  readonly #outputBytes: number;
  readonly #count: number;
  readonly #free: Block[] = [];
  #inUse = 0;
  readonly #holders = new Set<Holder>();

  /** @param count of blocks; only where more than a third as many streams run at once there will be more */
  constructor(count: number, blockBytes: number, outputBytes: number) {
    this.#count = count;
    this.#blockBytes = blockBytes;
    this.outputOffset = inputOffset + blockBytes;
    this.#outputBytes = outputBytes;
  }

  /** A quota that counts from its first block on. */
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

  /** Its part of all blocks, as soon as other streams leave it that much. */
  #mayTake({ held }: Holder): boolean {
    if (held < leastBlocks) return true;
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
