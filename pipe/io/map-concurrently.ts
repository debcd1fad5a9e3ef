/** Runs an asynchronous function over a list, so many at a time. */

/**
 * The results in the order of the items. The first failure keeps further items from being started; once those under
 * way have ended, it is thrown.
 *
 * @param work may call `startNext` when it is almost done: the next item is then begun beside it, for one item at a time
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
