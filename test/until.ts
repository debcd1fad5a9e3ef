/** Waits for an event of a run in this process. */

import { setImmediate } from 'node:timers/promises';

/** Looks each time that the run has done something, until it is true. If the run ends without it, the test fails for its own reason. */
export async function until(isTrue: () => boolean, running: Promise<unknown>): Promise<void> {
  const state = { hasEnded: false };
  const note = (): void => void (state.hasEnded = true);
  running.then(note, note);
  while (!isTrue() && !state.hasEnded) await setImmediate();
}
