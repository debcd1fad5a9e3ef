/** Holds back requests to an origin that has asked for fewer of them. */

/** Waits; if the signal aborts first, throws its reason. */
export type Sleep = (ms: number, signal: AbortSignal | undefined) => Promise<void>;

/** Lets requests through by origin. */
export interface OriginGate {
  /** Holds back requests to `origin` for this long. */
  pause(origin: string, ms: number): void;
  /** Resolves when requests to `origin` may go out. */
  pass(origin: string, signal: AbortSignal | undefined): Promise<void>;
  /** As `pass`, for a request of its own: the function that it resolves to must be called when that has ended. */
  enter(origin: string, signal: AbortSignal | undefined): Promise<() => void>;
  /** Halves the number of requests at the same time. @param startedAt when the request began that was refused, by the gate's clock */
  slowDown(origin: string, startedAt: number): void;
  /** Notes that a request has succeeded: then there may slowly be more at the same time again. */
  succeeded(origin: string): void;
  /** Whether a request has succeeded since then. */
  hasSucceededSince(origin: string, time: number): boolean;
}

interface OriginState {
  closedUntil: number;
  /** Requests at the same time. */
  limit: number;
  running: number;
  slowedDownAt: number;
  succeededAt: number;
  /** The first in the queue is the next to go. */
  readonly queue: (() => void)[];
}

/** A gate without pauses. @param now a clock in milliseconds, with any epoch */
export function createOriginGate(now: () => number, sleep: Sleep): OriginGate {
  const states = new Map<string, OriginState>();

  function stateOf(origin: string): OriginState {
    const state = states.get(origin) ?? {
      closedUntil: 0,
      limit: Infinity,
      running: 0,
      slowedDownAt: -Infinity,
      succeededAt: -Infinity,
      queue: [],
    };
    states.set(origin, state);
    return state;
  }

  async function pass(origin: string, signal: AbortSignal | undefined): Promise<void> {
    const state = stateOf(origin);
    for (let wait = state.closedUntil - now(); wait > 0; wait = state.closedUntil - now()) await sleep(wait, signal);
  }

  return {
    pause(origin, ms) {
      const state = stateOf(origin);
      state.closedUntil = Math.max(state.closedUntil, now() + ms);
    },

    pass,

    async enter(origin, signal) {
      const state = stateOf(origin);
      for (;;) {
        await pass(origin, signal);
        if (state.running < state.limit) break;
        await turn(state.queue, signal);
      }
      state.running++;
      return () => {
        state.running--;
        state.queue.shift()?.();
      };
    },

    slowDown(origin, startedAt) {
      const state = stateOf(origin);
      // Requests that were under way together are refused together.
      if (startedAt < state.slowedDownAt) return;
      state.slowedDownAt = now();
      state.limit = Math.max(1, Math.floor(Math.min(state.limit, state.running) / 2));
    },

    succeeded(origin) {
      const state = stateOf(origin);
      state.succeededAt = now();
      // One more after as many successes as there are requests at the same time.
      state.limit += 1 / state.limit;
      if (state.running < state.limit) state.queue.shift()?.();
    },

    hasSucceededSince: (origin, time) => stateOf(origin).succeededAt >= time,
  };
}

/** Waits in the queue. */
async function turn(queue: (() => void)[], signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const go = (): void => {
      signal?.removeEventListener('abort', stop);
      resolve();
    };
    const stop = (): void => {
      const position = queue.indexOf(go);
      if (position >= 0) queue.splice(position, 1);
      reject(signal?.reason as Error);
    };
    queue.push(go);
    signal?.addEventListener('abort', stop, { once: true });
  });
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
