/** A layer as a body that is compressed anew each time it is opened. */

import type { Compressed, Compressor } from '../../compression/compressor.ts';
import { type Body, openingOf } from '../../io/body.ts';
import type { Layer } from '../image.ts';

export interface CompressedLayer {
  readonly body: Body;
  /** What came out of the opening that the registry accepted: another one may have come out differently. */
  accepted(): Compressed;
}

/**
 * Each opening fails before its end if the layer is not what its source promised.
 *
 * @param onRead is called when an opening needs its source no more
 */
export function compressLayer(layer: Layer, by: Pick<Compressor, 'compress'>, onRead?: () => void): CompressedLayer {
  let accepted: Compressed | undefined;
  return {
    body: {
      length: undefined,
      open() {
        let latest: Compressed | undefined;
        async function* bytes(): AsyncGenerator<Uint8Array> {
          const unverified = layer.openUnverified?.();
          const compressed = by.compress(unverified?.source ?? layer.open());
          latest = compressed;
          if (onRead !== undefined) void compressed.hasRead.then(onRead);
          yield* compressed.bytes;
          await unverified?.verify(compressed.sourceDigest());
        }
        const opening = openingOf(bytes(), () => {
          accepted = latest;
        });
        return { ...opening, progress: () => latest?.sourceSize() ?? 0 };
      },
    },
    accepted() {
      if (accepted === undefined) throw new Error('no opening of this layer was accepted');
      return accepted;
    },
  };
}
