/** Runs contestants in turn, A B C A B C …, so that other activity on the machine affects them equally. */

import type { Command, Measurement, Meter } from './measure.ts';
import type { Counter } from './sink-process.ts';

export interface Contestant {
  readonly name: string;
  /** Undefined if it cannot take part. A function prepares each run again before the time is measured. */
  readonly command: Command | (() => Promise<Command>) | undefined;
  /** Why it cannot take part. */
  readonly missing?: string | undefined;
  /** What the sink must receive in each run. */
  readonly sends?: { readonly requests: number; readonly contentBytes: number };
}

export interface Score {
  readonly name: string;
  readonly missing?: string | undefined;
  /** In the order of the runs; empty if it is missing. */
  readonly runs: readonly Measurement[];
  /** The sink's processor time for each run. */
  readonly sinkCpuMs: readonly number[];
  /** The bytes that the sink received in each run. */
  readonly sentBytes: readonly number[];
}

/** The maximum overhead around the content of each file. */
const maxFramingBytes = 1024;

/** One warm-up each, then the counted rounds. @throws Error if a run fails, or the sink does not receive the expected content */
export async function compete(
  contestants: readonly Contestant[],
  rounds: number,
  { meter, sink, onRun }: { meter: Meter; sink?: Counter; onRun: (name: string) => void },
): Promise<readonly Score[]> {
  const scores = contestants.map(({ name, missing }) => ({
    name,
    missing,
    runs: [] as Measurement[],
    sinkCpuMs: [] as number[],
    sentBytes: [] as number[],
  }));
  for (let round = 0; round <= rounds; round++) {
    for (const [index, { name, command, sends }] of contestants.entries()) {
      if (command === undefined) continue;
      onRun(name);
      const measurement = await meter.measure(typeof command === 'function' ? await command() : command);
      const counts = await sink?.takeCounts();
      if (counts !== undefined && counts.faults.length > 0) throw new Error(`${name}: ${counts.faults.join('; ')}`);
      if (counts !== undefined && sends !== undefined) {
        const framingBytes = counts.bodyBytes - sends.contentBytes;
        if (counts.requests !== sends.requests || framingBytes < 0 || framingBytes > maxFramingBytes * sends.requests)
          throw new Error(`${name}: the sink received ${counts.requests} requests with ${counts.bodyBytes} bytes`);
      }
      if (round === 0) continue;
      scores[index]?.runs.push(measurement);
      if (counts === undefined) continue;
      scores[index]?.sinkCpuMs.push(counts.cpuMs);
      scores[index]?.sentBytes.push(counts.bodyBytes);
    }
  }
  return scores;
}

export function medianWallMs(score: Score | undefined): number | undefined {
  return median(score?.runs.map(({ wallMs }) => wallMs) ?? []);
}

export function medianPeakBytes(score: Score | undefined): number | undefined {
  return median(score?.runs.map(({ peakBytes }) => peakBytes).filter((bytes) => bytes !== undefined) ?? []);
}

export function medianSentBytes(score: Score | undefined): number | undefined {
  return median(score?.sentBytes ?? []);
}

export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  return upper === undefined || lower === undefined ? undefined : (lower + upper) / 2;
}
