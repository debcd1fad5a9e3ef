/** Ends a request on which nothing moves any more; how long it takes in all does not matter. */

import { StalledError } from '../errors.ts';
import { formatDuration } from '../toolkit/units.ts';

/** Watches the progress of one request. */
export interface Watchdog {
  /** Aborts with a StalledError, or with whatever reason the outer signal has. */
  readonly signal: AbortSignal;
  /** Runs work of another kind, such as getting a token, which has a watchdog of its own: meanwhile nothing need move. */
  exempt<T>(work: () => Promise<T>): Promise<T>;
  /** To be called whenever bytes have moved, in either direction. */
  moved(): void;
  stop(): void;
}

/** Starts at once. @param timeoutMs milliseconds without progress @param outer also ends the request */
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
