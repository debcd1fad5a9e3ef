/** Measures how time and memory grow with the size of what is published: linear or better, and flat. */

import { type Contestant, medianPeakBytes, medianWallMs, type Score } from './contest.ts';
import { type Bench, isMet, type Row, type Target } from './row.ts';
import type { Counter } from './sink-process.ts';
import { megabytes } from './table.ts';

/** What a curve is measured with. */
export interface Stage {
  /** The run for one size. */
  contestant(size: number): Promise<Pick<Contestant, 'command' | 'sends'>>;
  readonly counter?: Counter;
  close(): Promise<void>;
}

/** Time and memory over one size. */
export interface Curve {
  readonly id: string;
  readonly title: string;
  /** Ascending, each several times the one before. */
  readonly sizes: readonly number[];
  readonly quickSizes: readonly number[];
  readonly unit: string;
  /** @returns why it cannot be measured here, if it cannot */
  readonly prepare: (bench: Bench) => Promise<Stage | string>;
}

/** Noise included: a curve that is quadratic is at 3 or more. */
const maxSteepening = 1.2;
const maxRepetitions = 2;
/** By which two medians of the same run may differ: as much as a thousand downloads take. */
const noiseMs = 20;
/** The contract's, whatever the size. */
const maxMegabytes = 160;

/** The row of a curve. */
export function growthRow({ id, title, sizes, quickSizes, unit, prepare }: Curve): Row {
  return {
    id,
    async measure(bench) {
      const stage = await prepare(bench);
      if (typeof stage === 'string') return { title, scores: [], targets: [], notes: [`Skipped: ${stage}.`] };
      const measured = bench.isQuick ? quickSizes : sizes;
      try {
        const contestants: Contestant[] = [];
        for (const size of measured)
          contestants.push({ name: `${size.toLocaleString('en')} ${unit}`, ...(await stage.contestant(size)) });
        const measure = async (): Promise<{ scores: readonly Score[]; shape: Target }> => {
          const scores = await bench.compete(contestants, stage.counter === undefined ? {} : { sink: stage.counter });
          const points = scores.map((score, index) => ({ size: measured[index] ?? 0, ms: medianWallMs(score) ?? 0 }));
          return { scores, shape: shapeTarget(title, points) };
        };
        let result = await measure();
        // Noise does not repeat itself.
        for (let again = 0; again < maxRepetitions && isMet(result.shape) === false; again++) result = await measure();
        const { scores, shape } = result;
        return { title, scores, targets: [shape, memoryTarget(title, medianPeakBytes(scores.at(-1)))] };
      } finally {
        await stage.close();
      }
    },
  };
}

interface Point {
  readonly size: number;
  readonly ms: number;
}

/**
 * By how much the curve steepens: the time that each further unit takes at the end, compared with the average from the first
 * point on. 1 is a line, and below it each unit takes less than those before.
 *
 * @param noise milliseconds of the last part that do not count
 */
export function steepening(points: readonly Point[], noise = 0): number {
  const [first, before, last] = [points[0], points.at(-2), points.at(-1)];
  if (first === undefined || before === undefined || last === undefined || first === before) return Number.NaN;
  return slope(before, { ...last, ms: last.ms - noise }) / slope(first, before);
}

function slope(from: Point, to: Point): number {
  return (to.ms - from.ms) / (to.size - from.size);
}

function shapeTarget(title: string, points: readonly Point[]): Target {
  const actual = steepening(points, noiseMs);
  return {
    claim: `${title}: time of each further unit / of those before`,
    actual: Number.isFinite(actual) ? actual : undefined,
    relation: '≤',
    limit: maxSteepening,
  };
}

function memoryTarget(title: string, peakBytes: number | undefined): Target {
  return {
    claim: `${title}: peak memory at the end`,
    actual: megabytes(peakBytes),
    relation: '≤',
    limit: maxMegabytes,
    unit: 'MB',
  };
}
