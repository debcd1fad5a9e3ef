/** What a row of the benchmark is given, and what it gives back. */

import type { Contestant, Score } from './contest.ts';
import type { Peers } from './peers.ts';
import type { Counter } from './sink-process.ts';

/** A comparison. One file in `rows/`, one entry in `main.ts`. */
export interface Row {
  /** What `--only` looks for. */
  readonly id: string;
  /** @throws Error where a run failed */
  measure(bench: Bench): Promise<RowResult>;
  /** Removes what it left outside the directory. */
  cleanUp?(): Promise<void>;
}

export interface Bench {
  /** The pipe's bundle. */
  readonly bundlePath: string;
  readonly peers: Peers;
  /** Removed at the end, with all that is in it. */
  readonly directory: string;
  /** Counted runs of each contestant. */
  readonly rounds: number;
  /** Smaller inputs, to see whether all works; the targets then mean little. */
  readonly isQuick: boolean;
  compete(contestants: readonly Contestant[], options?: { rounds?: number; sink?: Counter }): Promise<readonly Score[]>;
}

export interface RowResult {
  readonly title: string;
  readonly scores: readonly Score[];
  /** Whether what was sent is worth a column. */
  readonly showsSent?: boolean;
  readonly targets: readonly Target[];
  /** What was not measured, and why; sizes; whatever else the reader should know. */
  readonly notes?: readonly string[];
}

/** A measured value and its limit, in the same unit. */
export interface Target {
  readonly claim: string;
  /** Undefined where it could not be measured. */
  readonly actual: number | undefined;
  readonly relation: '≤' | '≥' | '<';
  readonly limit: number;
  readonly unit?: string;
}

/** @returns undefined where one of the two is missing */
export function ratio(numerator: number | undefined, denominator: number | undefined): number | undefined {
  return numerator === undefined || denominator === undefined ? undefined : numerator / denominator;
}

export function isMet({ actual, relation, limit }: Target): boolean | undefined {
  if (actual === undefined) return undefined;
  if (relation === '≥') return actual >= limit;
  return relation === '<' ? actual < limit : actual <= limit;
}
