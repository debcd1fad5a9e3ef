/** Runs an asynchronous function over a list, with a limit on how many run at a time. */

/**
 * Returns the results in the order of the items. After a failure, no further item is started; when those in progress
 * have ended, the first failure is thrown.
 *
 * @param concurrency how many items run at a time; for a function, whether one more may start depends on which is next
 * @param work may call `startNext` when it is almost done, so that the next item starts while this one finishes;
 *   at most one extra item runs at a time
 */
export async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  concurrency: number | ((next: Item) => number),
  work: (item: Item, startNext: () => void) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const limitFor = typeof concurrency === 'number' ? () => concurrency : concurrency;
  const ended = Promise.withResolvers<void>();
  let failure: { readonly error: unknown } | undefined;
  let started = 0;
  let busy = 0;
  let underWay = 0;
  const startMore = (): void => {
    if (failure === undefined && started < items.length) {
      const next = items[started] as Item;
      const limit = limitFor(next);
      if (busy < limit && underWay <= limit) {
        void run(started++, next);
        startMore();
        return;
      }
    }
    if (underWay === 0) ended.resolve();
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
