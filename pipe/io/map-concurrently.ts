/** Runs an asynchronous function over a list, with a limit on how many run at a time. */

/**
 * Returns the results in the order of the items. After a failure, no further item is started; when those in progress
 * have ended, the first failure is thrown.
 *
 * @param work may call `startNext` when it is almost done, so that the next item starts while this one finishes;
 *   at most one extra item runs at a time
 */
export async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  concurrency: number,
  work: (item: Item, startNext: () => void) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const queue = items.entries();
  const ended = Promise.withResolvers<void>();
  let failure: { readonly error: unknown } | undefined;
  let busy = 0;
  let underWay = 0;
  const startMore = (): void => {
    const isFree = failure === undefined && busy < concurrency && underWay <= concurrency;
    const next = isFree ? queue.next() : undefined;
    if (next?.done === false) {
      void run(...next.value);
      startMore();
    } else if (underWay === 0) ended.resolve();
  };
  const run = async (index: number, item: Item): Promise<void> => {
    busy++;
    underWay++;
    let isBusy = true;
    const letNextStart = (): void => {
      if (!isBusy) return;
      isBusy = false;
      busy--;
      startMore();
    };
    try {
      results[index] = await work(item, letNextStart);
    } catch (error) {
      failure ??= { error };
    }
    underWay--;
    letNextStart();
    startMore();
  };
  startMore();
  await ended.promise;
  if (failure !== undefined) throw failure.error;
  return results;
}
