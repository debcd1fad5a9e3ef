/** Stops waiting as soon as a signal aborts, whether or not the work itself reacts to the signal. */

/**
 * undici reacts to an abort only once it is connected: not during a name lookup, nor while waiting for a proxy to answer
 * CONNECT. The work continues in the background; a late result is passed to `discard`, which can release its connection.
 *
 * @throws the signal's reason, or the error of the work
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
