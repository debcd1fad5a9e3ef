/** Shows transfers in progress: a bar on a terminal, lines for the long ones in a log, and for all of many. */

import type { Log } from './log.ts';
import { type Advance, barText, lineText, sumText } from './progress-text.ts';
import type { Scrub } from './scrub.ts';
import type { Output } from './stdout.ts';

/** One transfer being shown. */
export interface Transfer {
  /** Bytes of this transfer so far; fewer than before if it was restarted. */
  sent(bytes: number): void;
  end(): void;
}

/** Shows the transfers of a run to the user. */
export interface Progress {
  /** @param bytes the total length of the transfer */
  start(label: string, bytes: number): Transfer;
  /** Records that this many bytes of the plan, those of one item, need not be sent. */
  skip(bytes: number): void;
  /** Stops the display. */
  close(): void;
}

/** What a run will send. */
export interface PlannedTransfers {
  /** Undefined if not known in advance. */
  readonly totalBytes: number | undefined;
  /** The items that have a transfer each, if that is so. */
  readonly items?: { readonly count: number; readonly plural: string } | undefined;
}

interface Running {
  readonly label: string;
  readonly bytes: number;
  readonly startedAt: number;
  sent: number;
  loggedAt: number;
  /** When the current attempt began, for its rate. */
  attemptAt: number;
  /** When bytes were last sent. */
  movedAt: number;
}

interface ProgressOptions extends PlannedTransfers {
  readonly scrub: Scrub;
  readonly now?: () => number;
}

/** Just below the promised 10 s, which leaves room for the timer's 500 ms; a shorter interval would only lengthen the log. */
const lineEveryMs = 9_500;
/** The log of a transfer that takes hours needs no line every 10 s. */
const thinning = [
  { fromMs: 600_000, everyMs: 60_000 },
  { fromMs: 120_000, everyMs: 30_000 },
] as const;
const lineCheckMs = 500;
const barEveryMs = 100;
/** The rate on a terminal is that of so long. */
const rateMs = 5_000;
/** More items are summed up, except those that are more than this part of all bytes. */
const maxSingle = 3;
const largePart = 1 / 4;

/**
 * Shows transfers until `close`: on a terminal, one bar for all of them; in a log, a line for each that takes long, or one
 * for all of many.
 */
export function createProgress(output: Output, log: Log, options: ProgressOptions): Progress {
  const { totalBytes, items, scrub, now = Date.now } = options;
  const running = new Set<Running>();
  const startedAt = now();
  const recentRate = createRate(startedAt);
  let loggedAt = startedAt;
  let doneCount = 0;
  let doneBytes = 0;
  let skippedBytes = 0;

  const sentBytes = (): number => doneBytes + sum([...running].map((transfer) => transfer.sent));
  const plannedBytes = (): number | undefined => {
    // Bytes that must be sent again add to the plan.
    const least = doneBytes + sum([...running].map((transfer) => transfer.bytes));
    return totalBytes === undefined ? undefined : Math.max(totalBytes - skippedBytes, least);
  };
  const idleMs = (time: number): number =>
    running.size === 0 ? 0 : Math.min(...[...running].map(({ movedAt }) => time - movedAt));
  const isMany = items !== undefined && items.count > maxSingle;
  const counts = (): string => `${Math.min(doneCount, items?.count ?? 0)} of ${items?.count} ${items?.plural}`;
  const nameOfAll = (): string => {
    if (items !== undefined && items.count > 1) return counts();
    const [first] = running;
    return running.size === 1 && first !== undefined ? first.label : `${running.size} transfers`;
  };

  const showBar = (): void => {
    const sent = sentBytes();
    const rate = recentRate(now(), sent);
    const advance = { name: nameOfAll(), sent, total: plannedBytes(), rate, idleMs: idleMs(now()) };
    output.status(running.size === 0 ? '' : barText(advance, output.width, scrub));
  };
  const showLines = (): void => {
    const time = now();
    for (const transfer of running) {
      if (isMany && transfer.bytes <= (totalBytes ?? 0) * largePart) continue;
      if (time - transfer.loggedAt < intervalAfter(time - transfer.startedAt)) continue;
      transfer.loggedAt = time;
      loggedAt = time;
      log.info(lineText(advanceOf(transfer, time), scrub));
    }
    const total = plannedBytes();
    if (!isMany || running.size === 0 || total === undefined) return;
    if (time - loggedAt < intervalAfter(time - startedAt)) return;
    loggedAt = time;
    const sent = sentBytes();
    log.info(sumText({ name: counts(), sent, total, rate: rateOf(sent, time - startedAt), idleMs: idleMs(time) }));
  };
  const timer = setInterval(output.isTerminal ? showBar : showLines, output.isTerminal ? barEveryMs : lineCheckMs);
  timer.unref();

  return {
    start(label, bytes) {
      const time = now();
      const transfer: Running = {
        label,
        bytes,
        startedAt: time,
        sent: 0,
        loggedAt: time,
        attemptAt: time,
        movedAt: time,
      };
      running.add(transfer);
      return {
        sent(count) {
          if (count === 0 || count < transfer.sent) transfer.attemptAt = now();
          if (count > transfer.sent) transfer.movedAt = now();
          transfer.sent = Math.min(count, bytes);
        },
        end() {
          if (running.delete(transfer)) {
            doneBytes += transfer.sent;
            doneCount++;
          }
          if (output.isTerminal) showBar();
        },
      };
    },
    skip(bytes) {
      skippedBytes += bytes;
      doneCount++;
    },
    close() {
      clearInterval(timer);
      output.status('');
    },
  };
}

/** The time between two lines about something that began so long ago. */
function intervalAfter(ms: number): number {
  return thinning.find(({ fromMs }) => ms >= fromMs)?.everyMs ?? lineEveryMs;
}

function advanceOf({ label, sent, bytes, attemptAt, movedAt }: Running, time: number): Advance {
  return { name: label, sent, total: bytes, rate: rateOf(sent, time - attemptAt), idleMs: time - movedAt };
}

/** Bytes a second of the last seconds, whenever it is asked with the bytes sent so far. */
function createRate(startedAt: number): (time: number, sent: number) => number {
  let seen = [{ time: startedAt, sent: 0 }];
  return (time, sent) => {
    // After a restart, there is no rate until bytes are sent again.
    if (sent < (seen.at(-1)?.sent ?? 0)) seen = [];
    seen.push({ time, sent });
    // One that is older stays, so that there is always an interval.
    while (time - (seen[1]?.time ?? time) > rateMs) seen.shift();
    const [first] = seen;
    return first === undefined ? 0 : rateOf(sent - first.sent, time - first.time);
  };
}

function rateOf(bytes: number, ms: number): number {
  return bytes / Math.max(0.001, ms / 1000);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
