/** A body in base64, encoded while it is sent. */

import { type Opening, openingOf, type SizedBody } from '../../io/body.ts';

/** A multiple of 3, and small enough that the encoder's garbage is collected early. */
const sliceBytes = 48 * 1024;
/** Larger chunks are not sent faster, and each upload holds three of them. */
const slicesInChunk = 4;
const pieceBytes = sliceBytes * slicesInChunk;
/** A chunk is valid until the next but one is requested. */
const bufferCount = 3;

/** Base64 as in RFC 4648, section 4, of the whole body: no line breaks, and padding only at the end. */
export function base64Body(body: SizedBody): SizedBody {
  return {
    length: encodedLength(body.length),
    open() {
      const opening = body.open();
      return openingOf(encoded(opening, body.length), () => opening.accepted?.());
    },
  };
}

async function* encoded(source: Opening, sourceBytes: number): AsyncGenerator<Uint8Array> {
  const buffers = Array.from({ length: bufferCount }, () =>
    Buffer.allocUnsafeSlow(encodedLength(Math.min(sourceBytes, pieceBytes) + 3)),
  );
  let turn = 0;
  let rest = Buffer.alloc(0);
  for await (const chunk of source) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    // The remainder of the last chunk, completed to three bytes.
    const taken = Math.min((3 - rest.length) % 3, bytes.length);
    let head = Buffer.concat([rest, bytes.subarray(0, taken)]);
    const end = head.length % 3 === 0 ? bytes.length - ((bytes.length - taken) % 3) : taken;
    for (let position = taken; position < end || head.length === 3; position += pieceBytes) {
      const target = buffers[turn++ % bufferCount] ?? head;
      const length = head.length === 3 ? target.write(head.toString('base64'), 'latin1') : 0;
      yield target.subarray(
        0,
        length + encode(bytes.subarray(position, Math.min(end, position + pieceBytes)), target, length),
      );
      head = Buffer.alloc(0);
    }
    rest = head.length > 0 ? head : Buffer.from(bytes.subarray(end));
  }
  if (rest.length > 0) yield Buffer.from(rest.toString('base64'), 'latin1');
}

/** @returns bytes written */
function encode(bytes: Buffer, target: Buffer, offset: number): number {
  let length = 0;
  for (let position = 0; position < bytes.length; position += sliceBytes)
    length += target.write(bytes.toString('base64', position, position + sliceBytes), offset + length, 'latin1');
  return length;
}

function encodedLength(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}
