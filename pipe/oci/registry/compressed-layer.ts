/** A layer as a body that is compressed again each time it is opened. */

import type { Compressed, Compressor } from '../../compression/compressor.ts';
import { type Body, openingOf } from '../../io/body.ts';
import type { Layer } from '../image.ts';

/** A layer that is compressed while it is sent. */
export interface CompressedLayer {
  readonly body: Body;
  /** The result of the opening that the registry accepted, since others may differ; undefined before one is accepted. */
  accepted(): Compressed | undefined;
}

/**
 * Compresses a layer. Reading an opening fails before its end if the layer is not what its source promised.
 *
 * @param onRead called when an opening has read all of its source
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
    accepted: () => accepted,
  };
}
