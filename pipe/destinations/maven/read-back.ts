/** Reads back what a run has written to a repository, and waits for it once at most. */

import { askUntil, type Patience } from '../../http/read-back.ts';

/** As `askUntil`; after it has waited in vain, it asks only once. */
export type ReadBack = <T>(ask: () => Promise<T>, isSettled: (answer: T) => boolean) => Promise<T>;

/**
 * For one run. A repository that does not show the first file in time would not show the others, either, and each would
 * take as long again.
 */
export function createReadBack(patience: Patience): ReadBack {
  let isInVain = false;
  return async (ask, isSettled) => {
    const answer = await askUntil(ask, isSettled, isInVain ? { ...patience, limitMs: 0 } : patience);
    isInVain ||= !isSettled(answer);
    return answer;
  };
}
