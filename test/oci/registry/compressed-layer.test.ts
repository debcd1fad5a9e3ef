import { expect, it } from '@jest/globals';
import type { Compressed } from '../../../pipe/compression/compressor.ts';
import type { Layer } from '../../../pipe/oci/image.ts';
import { compressLayer } from '../../../pipe/oci/registry/compressed-layer.ts';

const layer: Layer = {
  name: 'layer',
  length: 3,
  diffId: undefined,
  encoding: 'none',
  position: 0,
  isForeign: false,
  async *open() {
    yield Buffer.from('abc');
  },
};

/** Gives a different result each time, as if the level followed the line. */
function changingCompressor(): { compress(source: unknown): Compressed } {
  let times = 0;
  return {
    compress() {
      const number = ++times;
      return {
        bytes: (async function* () {
          yield Buffer.from(`made ${number}`);
        })(),
        hasRead: Promise.resolve(),
        digest: () => `sha256:${number}`,
        sourceDigest: () => 'sha256:abc',
        size: () => number,
        sourceSize: () => number * 10,
      };
    },
  };
}

it('reports the result of the accepted opening, even if another was opened later', async () => {
  const compressed = compressLayer(layer, changingCompressor());
  const [first, second] = [compressed.body.open(), compressed.body.open()];
  for (const opening of [first, second]) for await (const _ of opening);
  expect(compressed.accepted()).toBeUndefined();
  first.accepted?.();
  const accepted = compressed.accepted();
  expect([accepted?.digest(), accepted?.size()]).toEqual(['sha256:1', 1]);
  expect([first.progress?.(), second.progress?.()]).toEqual([10, 20]);
});
