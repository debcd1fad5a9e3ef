/** The input and the result of a row of the benchmark. */

import type { Contestant, Score } from './contest.ts';
import type { Peers } from './peers.ts';
import type { Counter } from './sink-process.ts';

/** A comparison. One file in `rows/`, one entry in `main.ts`. */
export interface Row {
  /** Matched by `--only`. */
  readonly id: string;
  /** @throws Error if a run fails */
  measure(bench: Bench): Promise<RowResult>;
  /** Removes everything that it has left outside the directory. */
  cleanUp?(): Promise<void>;
}

export interface Bench {
  /** The pipe's bundle. */
  readonly bundlePath: string;
  readonly peers: Peers;
  /** Removed at the end, with its contents. */
  readonly directory: string;
  /** Counted runs of each contestant. */
  readonly rounds: number;
  /** Use smaller inputs, to check that everything works; the targets then mean little. */
  readonly isQuick: boolean;
  compete(contestants: readonly Contestant[], options?: { rounds?: number; sink?: Counter }): Promise<readonly Score[]>;
}

export interface RowResult {
  readonly title: string;
  readonly scores: readonly Score[];
  /** Whether to show a column for the bytes sent. */
  readonly showsSent?: boolean;
  readonly targets: readonly Target[];
  /** What was not measured and why, sizes, and other facts for the reader. */
  readonly notes?: readonly string[];
}

/** A measured value and its limit, in the same unit. */
export interface Target {
  readonly claim: string;
  /** Undefined if it could not be measured. */
  readonly actual: number | undefined;
  readonly relation: '≤' | '≥' | '<';
  readonly limit: number;
  readonly unit?: string;
}

/** @returns undefined if either of the two is missing */
export function ratio(numerator: number | undefined, denominator: number | undefined): number | undefined {
  return numerator === undefined || denominator === undefined ? undefined : numerator / denominator;
}

export function isMet({ actual, relation, limit }: Target): boolean | undefined {
  if (actual === undefined) return undefined;
  if (relation === '≥') return actual >= limit;
  return relation === '<' ? actual < limit : actual <= limit;
}
