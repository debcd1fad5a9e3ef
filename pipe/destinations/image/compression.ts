/** The compression of a run's layers. */

import { setTimeout as delay } from 'node:timers/promises';
import { type CompressionLevel, type Compressor, createCompressor } from '../../compression/compressor.ts';
import type { Compression } from '../../compression/formats.ts';
import type { LayerCompression } from '../../oci/registry/push-layer.ts';
import type { Log } from '../../toolkit/log.ts';
import type { ImageSettings } from './settings.ts';

/** No longer than this for a block that is being compressed, which cannot be interrupted. */
const closeMs = 300;

/** The compression that the settings ask for, and how to end its threads. */
export interface RunCompression {
  /** Undefined if layers stay as they are. */
  readonly compression: LayerCompression | undefined;
  close(): Promise<void>;
}

/** Starts its threads only when the first layer needs compressing: often, none does. */
export function createCompression(
  settings: Pick<ImageSettings, 'compression' | 'isCompressionChosen' | 'compressionLevel'>,
  log: Log,
): RunCompression {
  const { compression: format, isCompressionChosen: isChosen, compressionLevel: level } = settings;
  if (format === 'none') return { compression: undefined, close: async () => await Promise.resolve() };
  let compressor: Compressor | undefined;
  return {
    compression: {
      format,
      isChosen,
      level,
      compressor: () => (compressor ??= startCompressor(format, level, log)),
    },
    async close() {
      // A run that is stopped reports what it has done within a second, and then the process ends anyway.
      await Promise.race([compressor?.close(), delay(closeMs, undefined, { ref: false })]);
    },
  };
}

function startCompressor(format: Compression, level: CompressionLevel | undefined, log: Log): Compressor {
  const compressor = createCompressor({ format, level });
  compressor.codec().then(
    (codec) => log.debug(`${format}: compressing with ${codec}`),
    // The first block reports the failure.
    () => undefined,
  );
  return compressor;
}
