/** Keeps the garbage of streamed bytes from piling up. */

import { setFlagsFromString } from 'node:v8';

/**
 * From here on, V8's young generation stays as small as it is. What a socket reads lies outside of the heap, and is let
 * go only when the young generation is collected: at its usual 16 MB, that is after 32 MB more of dead buffers. Measured,
 * a 600 MB image from a Docker Engine: peak 166 MB before, 133 MB after, in the same time.
 *
 * Not for what runs before any upload begins: V8 takes its compile cache only under the flags that it was made with.
 */
export function keepHeapFlat(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
