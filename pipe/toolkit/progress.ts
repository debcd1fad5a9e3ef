/** Shows transfers in progress: a bar on a terminal, a line for each long transfer in a log. */

import type { Log } from './log.ts';
import type { Output } from './stdout.ts';
import { formatBytes, formatDuration } from './units.ts';

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
  /** Records that this many bytes of the plan need not be sent. */
  skip(bytes: number): void;
  /** Stops the display. */
  close(): void;
}

interface Running {
  readonly label: string;
  readonly bytes: number;
  readonly startedAt: number;
  sent: number;
  loggedAt: number;
  /** When the current attempt began, for its rate. */
  attemptAt: number;
}

interface ProgressOptions {
  /** Total bytes that the run will send, for the bar; undefined if not known in advance. */
  readonly totalBytes: number | undefined;
  readonly lineEveryMs?: number;
  readonly barEveryMs?: number;
  readonly now?: () => number;
}

/** Just below the promised 10 s, which leaves room for the timer's 500 ms; a shorter interval would only lengthen the log. */
const defaultLineEveryMs = 9_500;
const defaultBarEveryMs = 100;
const barWidth = 24;

/**
 * Shows transfers until `close`: on a terminal, one bar for all of them; in a log, a line for each that takes long.
 *
 * @param options.lineEveryMs the interval between two lines of one transfer, 9.5 s by default
 */
export function createProgress(output: Output, log: Log, options: ProgressOptions): Progress {
  const { totalBytes, lineEveryMs = defaultLineEveryMs, barEveryMs = defaultBarEveryMs, now = Date.now } = options;
  const running = new Set<Running>();
  const startedAt = now();
  let doneBytes = 0;
  let skippedBytes = 0;

  const showBar = (): void => {
    const sent = doneBytes + sum([...running].map((transfer) => transfer.sent));
    // Bytes that must be sent again add to the plan.
    const least = doneBytes + sum([...running].map((transfer) => transfer.bytes));
    const total = totalBytes === undefined ? undefined : Math.max(totalBytes - skippedBytes, least);
    output.status(running.size === 0 ? '' : barText(sent, total, now() - startedAt, output.width));
  };
  const showLines = (): void => {
    const time = now();
    for (const transfer of running) {
      if (time - transfer.loggedAt < lineEveryMs) continue;
      transfer.loggedAt = time;
      log.info(lineText(transfer, time - transfer.attemptAt));
    }
  };
  const timer = setInterval(
    output.isTerminal ? showBar : showLines,
    output.isTerminal ? barEveryMs : Math.min(500, lineEveryMs),
  );
  timer.unref();

  return {
    start(label, bytes) {
      const time = now();
      const transfer: Running = { label, bytes, startedAt: time, sent: 0, loggedAt: time, attemptAt: time };
      running.add(transfer);
      return {
        sent(count) {
          if (count === 0 || count < transfer.sent) transfer.attemptAt = now();
          transfer.sent = Math.min(count, bytes);
        },
        end() {
          if (running.delete(transfer)) doneBytes += transfer.sent;
          if (output.isTerminal) showBar();
        },
      };
    },
    skip(bytes) {
      skippedBytes += bytes;
    },
    close() {
      clearInterval(timer);
      output.status('');
    },
  };
}

/** `app.zip: 460 MB of 1.00 GB (46 %), 98.0 MB/s, 5.5 s left` */
function lineText(transfer: Running, elapsedMs: number): string {
  const { label, sent, bytes } = transfer;
  if (sent >= bytes) return `${label}: ${formatBytes(bytes)} sent, waiting for the server's answer`;
  return `${label}: ${amounts(sent, bytes, elapsedMs)}`;
}

/**
 * `[=======>            ] 460 MB of 1.00 GB (46 %), 98.0 MB/s, 5.5 s left`; on a narrow terminal, a shorter
 * form that fits.
 */
function barText(sent: number, total: number | undefined, elapsedMs: number, columns: number): string {
  const rate = formatRate(sent, elapsedMs);
  const longestFirst =
    total === undefined
      ? [`${formatBytes(sent)} sent, ${rate}`]
      : [
          `${bar(total === 0 ? 1 : sent / total)} ${amounts(sent, total, elapsedMs)}`,
          amounts(sent, total, elapsedMs),
          `${portion(sent, total)}, ${rate}`,
          portion(sent, total),
        ];
  return longestFirst.find(({ length }) => length <= columns) ?? formatBytes(sent);
}

function bar(part: number): string {
  const filled = Math.floor(part * barWidth);
  return `[${'='.repeat(filled)}${filled < barWidth ? '>' : ''}${' '.repeat(Math.max(0, barWidth - filled - 1))}]`;
}

function amounts(sent: number, bytes: number, elapsedMs: number): string {
  const left = sent > 0 ? `, ${formatDuration(((bytes - sent) / sent) * elapsedMs)} left` : '';
  return `${portion(sent, bytes)}, ${formatRate(sent, elapsedMs)}${left}`;
}

function portion(sent: number, bytes: number): string {
  const percent = bytes === 0 ? 100 : Math.floor((sent / bytes) * 100);
  return `${formatBytes(sent)} of ${formatBytes(bytes)} (${percent} %)`;
}

function formatRate(bytes: number, elapsedMs: number): string {
  return `${formatBytes(bytes / Math.max(0.001, elapsedMs / 1000))}/s`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
