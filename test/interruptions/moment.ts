/** The moments at which runs are interrupted: spread over the time, the requests and the bytes of a whole run. */

import type { SandboxEvent } from '../sandbox/recorded-request.ts';
import type { Random } from '../fuzz/random.ts';

/** How far a run has come, as its servers see it. */
export interface Course {
  readonly ms: number;
  /** Steps of requests: arrived, carried out, answered. */
  readonly steps: number;
  /** Of the bodies of requests. */
  readonly bytes: number;
}

/** When to interrupt: once `amount` of `unit` has passed, and `delayMs` later. */
export interface Moment {
  readonly unit: keyof Course;
  readonly amount: number;
  readonly delayMs: number;
}

/** @param course that of an uninterrupted run */
export function chooseMoment(random: Random, course: Course): Moment {
  const unit = random.pick<keyof Course>(['ms', 'steps', 'steps', 'bytes']);
  const share = random.below(1_000_000) / 1_000_000;
  // Tags and metadata, which make everything visible, come last.
  const part = unit === 'steps' && random.chance(0.5) ? 0.7 + 0.3 * share : share;
  const amount = Math.max(1, Math.ceil(part * course[unit]));
  // Between the steps of requests, the pipe reads, compresses, hashes, and writes its results.
  const delayMs = random.chance(0.5) ? 0 : random.below(20);
  return { unit, amount, delayMs };
}

/** Follows the course of one run. */
export class Observer {
  readonly #startedAt = performance.now();
  readonly #onStep: (observer: Observer) => void;
  #steps = 0;
  #bytes = 0;

  constructor(onStep: (observer: Observer) => void = () => undefined) {
    this.#onStep = onStep;
  }

  get course(): Course {
    return { ms: performance.now() - this.#startedAt, steps: this.#steps, bytes: this.#bytes };
  }

  observe({ step, bytes }: SandboxEvent): void {
    if (step === 'received') this.#bytes += bytes;
    else this.#steps++;
    this.#onStep(this);
  }
}
