/** Tells what a run uploaded from what was there before, by the server's own clock. */

import type { Download } from './client.ts';

/** `Date` has whole seconds, and one host's clock may be slightly ahead of another's. */
const clockToleranceMs = 2_000;

/**
 * Whether a download that was just listed was stored after a moment of this run; undefined if the server sent no `Date`.
 *
 * @param startedAt by `performance.now()`
 */
export function isStoredSince({ ageMs }: Pick<Download, 'ageMs'>, startedAt: number): boolean | undefined {
  return ageMs === undefined ? undefined : ageMs <= performance.now() - startedAt + clockToleranceMs;
}
