import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { InputError } from '../../../pipe/errors.ts';
import type { Layer, LayerEncoding } from '../../../pipe/oci/image.ts';
import { withWindow } from '../../../pipe/oci/layers/window-memory.ts';

const usual = 23;
const largest = 25;

function layer(encoding: LayerEncoding, diffId: string | undefined = 'sha256:1'): Layer {
  return { name: 'it', length: 1, diffId, encoding, position: 0, isForeign: false, open: async function* () {} };
}

const tooLarge = new InputError('its window is too large', {
  cause: { code: 'ZSTD_error_frameParameter_windowTooLarge' },
});

/** Begins work for each of the layers. */
function begin(layers: readonly Layer[]) {
  const begun: string[] = [];
  const ends = layers.map(() => Promise.withResolvers<void>());
  const works = layers.map(async (each, index) => {
    await withWindow(each, async (log) => {
      begun.push(`${index}: ${log}`);
      await ends[index]?.promise;
    });
  });
  return { begun, ends, all: Promise.all(works) };
}

describe('a layer that is decompressed', () => {
  it('waits for memory if four others of zstd are', async () => {
    const { begun, ends, all } = begin(Array.from({ length: 5 }, () => layer('zstd')));
    await setImmediate();
    expect(begun).toEqual([0, 1, 2, 3].map((index) => `${index}: ${usual}`));
    ends[1]?.resolve();
    await setImmediate();
    expect(begun[4]).toBe(`4: ${usual}`);
    for (const { resolve } of ends) resolve();
    await all;
  });

  it.each<[string, Layer]>([
    ['of gzip', layer('gzip')],
    ['without compression', layer('none')],
    ['of zstd, if it is only passed through', { ...layer('zstd'), diffId: undefined }],
  ])('does not wait %s', async (_, each) => {
    const { begun, ends, all } = begin(Array.from({ length: 9 }, () => each));
    await setImmediate();
    expect(begun.length).toBe(9);
    for (const { resolve } of ends) resolve();
    await all;
  });

  it('with a larger window is decompressed again, alone', async () => {
    const { begun, ends, all } = begin([layer('zstd')]);
    const logs: number[] = [];
    const work = withWindow(layer('zstd'), async (log) => {
      logs.push(log);
      await setImmediate();
      if (log < largest) throw tooLarge;
      return 'done';
    });
    for (let turn = 0; turn < 5; turn++) await setImmediate();
    expect([begun.length, logs]).toEqual([1, [usual]]);
    ends[0]?.resolve();
    expect(await work).toBe('done');
    expect(logs).toEqual([usual, largest]);
    await all;
  });

  it.each([
    ['with a window that is too large for any', tooLarge, [usual, largest]],
    [
      'that is damaged',
      new InputError('it is damaged', { cause: { code: 'ZSTD_error_corruption_detected' } }),
      [usual],
    ],
    ['that is wrong', new InputError('it is the wrong layer'), [usual]],
  ])('fails %s', async (_, error, expected) => {
    const logs: number[] = [];
    const work = withWindow(layer('zstd'), async (log) => {
      logs.push(log);
      throw await Promise.resolve(error);
    });
    await expect(work).rejects.toBe(error);
    expect(logs).toEqual(expected);
  });
});
