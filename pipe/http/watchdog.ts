/** Ends a request that no longer makes progress, however long it has taken in total. */

import { StalledError } from '../errors.ts';
import { formatDuration } from '../toolkit/units.ts';

/** Watches the progress of one request. */
export interface Watchdog {
  /** Aborts with a StalledError, or with the outer signal's reason. */
  readonly signal: AbortSignal;
  /** Suspends the watchdog during work that has its own, such as getting a token. */
  exempt<T>(work: () => Promise<T>): Promise<T>;
  /** To be called whenever bytes are sent or received. */
  moved(): void;
  /**
   * Gives what follows one time limit in all, instead of watching for progress: a byte now and then would be progress for
   * ever.
   *
   * @param end called once if the time is up
   * @returns lifts the limit, and watches for progress again
   */
  limit(end: (error: StalledError) => void): () => void;
  stop(): void;
}

/** Starts at once. @param timeoutMs the longest time without progress @param outer also ends the request */
export function createWatchdog(timeoutMs: number, outer: AbortSignal | undefined): Watchdog {
  const controller = new AbortController();
  let exemptions = 0;
  const limits = new Set<NodeJS.Timeout>();
  const timer = setTimeout(() => {
    if (exemptions > 0) timer.refresh();
    else controller.abort(new StalledError(`no progress for ${formatDuration(timeoutMs)}`));
  }, timeoutMs);
  const stopOuter = (): void => controller.abort(outer?.reason);
  if (outer?.aborted === true) stopOuter();
  else outer?.addEventListener('abort', stopOuter, { once: true });
  return {
    signal: controller.signal,
    async exempt(work) {
      exemptions++;
      try {
        return await work();
      } finally {
        resume();
      }
    },
    moved: () => timer.refresh(),
    limit(end) {
      exemptions++;
      const limit = setTimeout(
        () => end(new StalledError(`the answer is not complete after ${formatDuration(timeoutMs)}`)),
        timeoutMs,
      );
      limits.add(limit);
      return () => {
        clearTimeout(limit);
        resume();
      };
    },
    stop() {
      clearTimeout(timer);
      for (const limit of limits) clearTimeout(limit);
      outer?.removeEventListener('abort', stopOuter);
    },
  };

  function resume(): void {
    exemptions--;
    timer.refresh();
  }
}
