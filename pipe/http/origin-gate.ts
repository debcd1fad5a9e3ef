/** Holds back all requests to an origin after it has asked one of them to wait. */

/** Waits; if the signal aborts first, throws its reason. */
export type Sleep = (ms: number, signal: AbortSignal | undefined) => Promise<void>;

/** Pauses requests by origin. */
export interface OriginGate {
  /** Holds back requests to `origin` for this long. */
  pause(origin: string, ms: number): void;
  /** Resolves when requests to `origin` may go out. */
  pass(origin: string, signal: AbortSignal | undefined): Promise<void>;
}

/** A gate without pauses. @param now a clock in milliseconds, with any epoch */
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

/** Waits in real time. */
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
