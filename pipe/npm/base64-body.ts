/** A body's bytes in base64, encoded on the way. */

import type { SizedBody } from '../http/body.ts';

/** A multiple of 3, and little enough that what the encoder leaves behind dies young. */
const sliceBytes = 48 * 1024;
/** A chunk is valid until the next but one is asked for. */
const bufferCount = 3;

/** RFC 4648, section 4, in one piece: no line breaks, and padding only at the end. */
export function base64Body(body: SizedBody): SizedBody {
  return {
    length: Math.ceil(body.length / 3) * 4,
    async *open() {
      const buffers: Buffer[] = [];
      let turn = 0;
      let rest = Buffer.alloc(0);
      for await (const chunk of body.open()) {
        const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
        const missing = rest.length === 0 ? 0 : Math.min(3 - rest.length, bytes.length);
        const first = Buffer.concat([rest, bytes.subarray(0, missing)]);
        const end = first.length % 3 === 0 ? bytes.length - ((bytes.length - missing) % 3) : missing;
        const index = turn++ % bufferCount;
        const needed = (chunk.length / 3 + 2) * 4;
        let target = buffers[index];
        if (target === undefined || target.length < needed) target = buffers[index] = Buffer.allocUnsafeSlow(needed);
        let length = 0;
        if (first.length === 3) length += target.write(first.toString('base64'), length, 'latin1');
        for (let position = missing; position < end; position += sliceBytes)
          length += target.write(
            bytes.toString('base64', position, Math.min(end, position + sliceBytes)),
            length,
            'latin1',
          );
        rest = first.length % 3 === 0 ? Buffer.from(bytes.subarray(end)) : first;
        if (length > 0) yield target.subarray(0, length);
      }
      if (rest.length > 0) yield Buffer.from(rest.toString('base64'), 'latin1');
    },
  };
}
