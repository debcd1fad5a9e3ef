/** What has just been written may not be readable yet: asks again for a while, and then takes the answer as it is. */

import { sleep as realSleep, type Sleep } from './origin-gate.ts';

/** How long to go on asking. Only the waits count, not the time that the questions take. */
export interface Patience {
  /** The first wait; each further one is twice as long. */
  readonly baseMs: number;
  /** All waits together. */
  readonly limitMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly sleep?: Sleep;
}

/** Most servers that lag catch up within a second or two, and 30 s is what the pipe promises at most. */
export function patienceOf(baseMs: number, signal: AbortSignal): Patience {
  return { baseMs: baseMs / 2, limitMs: baseMs * 30, signal };
}

/** Asks until the answer settles the matter. @returns the last answer, which may not */
export async function askUntil<T>(
  ask: () => Promise<T>,
  isSettled: (answer: T) => boolean,
  { baseMs, limitMs, signal, sleep = realSleep }: Patience,
): Promise<T> {
  let leftMs = limitMs;
  for (let waitMs = baseMs; ; waitMs *= 2) {
    const answer = await ask();
    if (leftMs <= 0 || isSettled(answer)) return answer;
    const ms = Math.min(waitMs, leftMs);
    leftMs -= ms;
    await sleep(ms, signal);
  }
}
