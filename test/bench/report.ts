/** The results as JSON, for the chart in the README and for comparing machines. */

import { medianPeakBytes, medianSentBytes, medianWallMs, type Score } from './contest.ts';
import { isMet, type RowResult, type Target } from './row.ts';

/** What `npm run bench -- --json FILE` writes. */
export interface BenchReport {
  /** Processors, Node.js and the peers' versions. */
  readonly machine: readonly string[];
  readonly isQuick: boolean;
  readonly rows: readonly BenchRow[];
}

export interface BenchRow {
  readonly id: string;
  readonly title: string;
  /** The pipe, and those that took part. */
  readonly contestants: readonly BenchScore[];
  readonly targets: readonly (Target & { readonly isMet: boolean | undefined })[];
}

/** Medians. */
export interface BenchScore {
  readonly name: string;
  readonly runs: number;
  readonly wallMs: number | undefined;
  readonly peakBytes: number | undefined;
  readonly sentBytes: number | undefined;
}

export function benchRow(id: string, { title, scores, targets }: RowResult): BenchRow {
  return {
    id,
    title,
    contestants: scores.filter(({ missing }) => missing === undefined).map(scoreOf),
    targets: targets.map((target) => ({ ...target, isMet: isMet(target) })),
  };
}

function scoreOf(score: Score): BenchScore {
  return {
    name: score.name,
    runs: score.runs.length,
    wallMs: rounded(medianWallMs(score)),
    peakBytes: rounded(medianPeakBytes(score)),
    sentBytes: rounded(medianSentBytes(score)),
  };
}

function rounded(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.round(value);
}
