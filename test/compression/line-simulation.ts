/** Simulates compressing and sending: threads that take time for each block, and a line behind a socket's buffer. */

import type { Level } from '../../pipe/compression/levels.ts';
import type { Pace } from '../../pipe/compression/pace.ts';

const sizeOfLevel: Readonly<Record<number, number>> = { 4: 0.973, 5: 0.954, 6: 0.946, 7: 0.942, 10: 0.917 };
const sizeWithDenseLevel = 0.994;
const mebibyte = 1024 * 1024;
const bytesPerBlock = 345_000;
const socketBufferBytes = 2_500_000;
const blocksPerThread = 2;

interface Block {
  readonly level: Level;
  readonly size: number;
  /** That it takes a thread. */
  readonly ms: number;
  readonly doneAt: number;
  isSeen: boolean;
}

/** The time to send 400 blocks, and their bytes. A block's compression time varies by 20 %, its size by 30 %. */
export function simulate(
  pace: Pick<Pace, 'choose' | 'compressed' | 'taken'>,
  bytesPerSecond: number,
  threadCount: number,
): { readonly seconds: number; readonly bytes: number } {
  const random = randomNumbers();
  const threads: Block[][] = Array.from({ length: threadCount }, () => []);
  const backlog: Block[] = [];
  let now = 0;
  let bytes = 0;
  let unread = 400;
  let queued = 0;
  let lineFreeAt = 0;

  const start = (thread: Block[]): void => {
    const level = pace.choose('libdeflate');
    const relativeSize = level.denseLevel === undefined ? (sizeOfLevel[level.level] ?? 1) : sizeWithDenseLevel;
    const size = bytesPerBlock * relativeSize * (0.7 + 0.6 * random());
    const ms = level.ms * (0.8 + 0.4 * random());
    const doneAt = Math.max(now, thread.at(-1)?.doneAt ?? 0) + ms / 1000;
    const block = { level, size, ms, doneAt, isSeen: false };
    thread.push(block);
    backlog.push(block);
    queued--;
  };
  const work = (): void => {
    for (const block of backlog.filter(({ doneAt, isSeen }) => doneAt <= now && !isSeen)) {
      block.isSeen = true;
      pace.compressed(block.level, block.ms, mebibyte);
    }
    const read = Math.min(unread, 2 * threadCount + 5 - backlog.length - queued);
    unread -= read;
    queued += read;
    for (;;) {
      const queuedIn = (thread: readonly Block[]): number => thread.filter(({ doneAt }) => doneAt > now).length;
      const thread = threads.toSorted((a, b) => queuedIn(a) - queuedIn(b))[0];
      if (queued === 0 || thread === undefined || queuedIn(thread) >= blocksPerThread) return;
      start(thread);
    }
  };
  const waitUntil = (time: number): void => {
    for (;;) {
      work();
      const next = Math.min(...backlog.map(({ doneAt }) => doneAt).filter((doneAt) => doneAt > now));
      if (next > time) break;
      now = next;
    }
    now = Math.max(now, time);
    work();
  };

  for (work(); backlog.length > 0; work()) {
    waitUntil(backlog[0]?.doneAt ?? now);
    const size = backlog.shift()?.size ?? 0;
    bytes += size;
    lineFreeAt = Math.max(now, lineFreeAt) + size / bytesPerSecond;
    waitUntil(lineFreeAt - socketBufferBytes / bytesPerSecond);
    pace.taken(mebibyte, now * 1000);
  }
  return { seconds: Math.max(now, lineFreeAt), bytes };
}

/** The same numbers in every run. */
function randomNumbers(): () => number {
  let state = 12_345;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
}
