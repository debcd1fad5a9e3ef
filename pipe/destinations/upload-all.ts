/** Uploads in parallel until the first failure. */

import { mapConcurrently } from '../io/map-concurrently.ts';
import type { RunTools } from './destination.ts';

/**
 * Uploads the items in their order. After the first failure, uploads in progress finish, and no others start. That failure
 * is printed as the reason that the run ended; later ones are logged here.
 *
 * @param concurrency as of `mapConcurrently`
 * @param upload an item of several parts asks `hasFailed` before each further part
 * @throws that first failure
 */
export async function uploadAll<Item>(
  items: readonly Item[],
  concurrency: number | ((next: Item) => number),
  upload: (item: Item, hasFailed: () => boolean) => Promise<void>,
  { log, signal }: Pick<RunTools, 'log' | 'signal'>,
): Promise<void> {
  let hasFailed = false;
  await mapConcurrently(items, concurrency, async (item) => {
    try {
      await upload(item, () => hasFailed);
    } catch (error) {
      if (hasFailed && !signal.aborted) log.error((error as Error).message);
      hasFailed = true;
      throw error;
    }
  });
}
