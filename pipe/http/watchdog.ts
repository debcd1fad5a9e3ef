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
  stop(): void;
}

/** Starts at once. @param timeoutMs the longest time without progress @param outer also ends the request */
export function createWatchdog(timeoutMs: number, outer: AbortSignal | undefined): Watchdog {
  const controller = new AbortController();
  let isExempt = false;
  const timer = setTimeout(() => {
    if (isExempt) timer.refresh();
    else controller.abort(new StalledError(`no progress for ${formatDuration(timeoutMs)}`));
  }, timeoutMs);
  const stopOuter = (): void => controller.abort(outer?.reason);
  if (outer?.aborted === true) stopOuter();
  else outer?.addEventListener('abort', stopOuter, { once: true });
  return {
    signal: controller.signal,
    async exempt(work) {
      isExempt = true;
      try {
        return await work();
      } finally {
        isExempt = false;
        timer.refresh();
      }
    },
    moved: () => timer.refresh(),
    stop() {
      clearTimeout(timer);
      outer?.removeEventListener('abort', stopOuter);
    },
  };
}
