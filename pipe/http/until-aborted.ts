/** Ends a wait as soon as a signal aborts, whether or not the work itself listens to the signal. */

/**
 * undici hears of an abort only once it is connected: not while a name is looked up, nor while a proxy is silent about a
 * CONNECT. The work goes on unobserved; `discard` gets what it still yields, so that a late connection is let go.
 *
 * @throws the signal's reason, or what the work throws
 */
export async function untilAborted<T>(
  work: Promise<T>,
  signal: AbortSignal,
  discard: (late: T) => void = () => undefined,
): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const stop = (): void => {
    aborted.reject(signal.reason as Error);
    work.then(discard, () => undefined);
  };
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([aborted.promise, work]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
