import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { BlobAppearedError, stoppableBody } from '../../../pipe/oci/registry/stoppable-body.ts';
import type { Body } from '../../../pipe/io/body.ts';
import { collect } from '../../compression/samples.ts';

/** A body that goes on until it is stopped, or until `isOver`. */
function slowBody(isOver: () => boolean): Body {
  return {
    length: undefined,
    async *open() {
      while (!isOver()) {
        await delay(1);
        yield Buffer.from('chunk');
      }
    },
  };
}

it('is asked for less and less often while it is sent, and stops once it is there', async () => {
  const startedAt = performance.now();
  let questions = 0;
  const stoppable = stoppableBody(
    slowBody(() => false),
    async () => (++questions < 4 ? 'missing' : 'there'),
    () => 0.5,
  );
  await expect(collect(stoppable.body.open())).rejects.toThrow(BlobAppearedError);
  stoppable.close();
  expect(questions).toBe(4);
  // 100, 130, 169 and 219.7 ms, which timers round down.
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(100 + 130 + 169 + 219);
});

it('is not asked for again after an unclear answer', async () => {
  let questions = 0;
  const end = performance.now() + 400;
  const stoppable = stoppableBody(
    slowBody(() => performance.now() > end),
    async () => {
      questions++;
      return 'unclear';
    },
    () => 0.5,
  );
  await collect(stoppable.body.open());
  stoppable.close();
  expect(questions).toBe(1);
});
