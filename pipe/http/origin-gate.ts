/** Holds back requests to an origin that has asked for a pause, whichever request it asked. */

/** Waits, but not longer than until the signal aborts, whose reason is then thrown. */
export type Sleep = (ms: number, signal: AbortSignal | undefined) => Promise<void>;

/** Pauses, each for all requests to one origin. */
export interface OriginGate {
  /** Lets nobody through to `origin` for so long. */
  pause(origin: string, ms: number): void;
  /** Resolves when requests to `origin` may go out. */
  pass(origin: string, signal: AbortSignal | undefined): Promise<void>;
}

/** Starts without pauses. @param now milliseconds since any one moment */
export function createOriginGate(now: () => number, sleep: Sleep): OriginGate {
  const closedUntil = new Map<string, number>();
  return {
    pause(origin, ms) {
      closedUntil.set(origin, Math.max(closedUntil.get(origin) ?? 0, now() + ms));
    },
    async pass(origin, signal) {
      for (let wait = remaining(origin); wait > 0; wait = remaining(origin)) await sleep(wait, signal);
    },
  };

  function remaining(origin: string): number {
    return (closedUntil.get(origin) ?? 0) - now();
  }
}

/** The `Sleep` of real time. */
export const sleep: Sleep = async (ms, signal) => {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', stop, { once: true });
  });
};
