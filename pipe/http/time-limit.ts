/** Limits the time of requests as a whole: attempts, and the waits between them. */

import { StalledError } from '../errors.ts';
import { formatDuration } from '../toolkit/units.ts';

/** A signal for requests that are not worth waiting for: after this long, they fail with a StalledError, and are not retried. */
export function timeLimit(ms: number): AbortSignal {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(new StalledError(`no complete answer within ${formatDuration(ms)}`));
  }, ms);
  // A limit alone must not keep the process running.
  timer.unref();
  return controller.signal;
}
