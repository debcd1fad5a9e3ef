/**
 * Encodes and decodes the messages of containerd's content service that the pipe uses: one length-prefixed protobuf message
 * in each gRPC frame.
 *
 * @see https://github.com/containerd/containerd/blob/v2.1.0/api/services/content/v1/content.proto
 * @see https://protobuf.dev/programming-guides/encoding/
 * @see https://github.com/grpc/grpc/blob/v1.70.0/doc/PROTOCOL-HTTP2.md
 */

/** The bytes before each message: whether it is compressed, and its length. */
export const frameHeaderBytes = 5;

const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** The frame of an `InfoRequest` or, with a length, of a `ReadContentRequest` for the first bytes of a blob. */
export function encodeRequest(digest: string, length = 0): Buffer {
  const value = Buffer.from(digest);
  const message = Buffer.concat([
    Buffer.from([(1 << 3) | wireTypes.bytes, value.length]),
    value,
    ...(length === 0 ? [] : [Buffer.from([(3 << 3) | wireTypes.varint, ...varintOf(length)])]),
  ]);
  const header = Buffer.alloc(frameHeaderBytes);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}

function varintOf(value: number): readonly number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

/** The length of the message after this header, in bytes. @throws Error if it is compressed, which nobody asked for */
export function messageLength(header: Buffer): number {
  if (header[0] !== 0) throw new Error('a message is compressed');
  return header.readUInt32BE(1);
}

/** The blob's size in bytes, in an `InfoResponse`. @throws Error if the message is malformed or has none */
export function decodeSize(response: Buffer): number {
  const info = fieldsOf(response).get(1);
  const size = info instanceof Buffer ? (fieldsOf(info).get(2) ?? 0) : undefined;
  if (typeof size !== 'number') throw new Error('a description has no size');
  return size;
}

/** The content in a `ReadContentResponse`, and its offset in the blob. @throws Error if the message is malformed */
export function decodeContent(response: Buffer): { readonly offset: number; readonly data: Buffer } {
  const fields = fieldsOf(response);
  const [offset = 0, data = Buffer.alloc(0)] = [fields.get(1), fields.get(2)];
  if (typeof offset !== 'number' || typeof data === 'number') throw new Error('a message is malformed');
  return { offset, data };
}

/** The last value of each field by its number. Values of fixed length, which these messages do not have, are left out. */
function fieldsOf(message: Buffer): ReadonlyMap<number, number | Buffer> {
  const fields = new Map<number, number | Buffer>();
  let position = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = message[position++];
      if (byte === undefined || factor > Number.MAX_SAFE_INTEGER) throw new Error('a message is malformed');
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (position < message.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (wireType === wireTypes.varint) fields.set(number, varint());
    else if (wireType === wireTypes.fixed64) position += 8;
    else if (wireType === wireTypes.fixed32) position += 4;
    else if (wireType === wireTypes.bytes) {
      const length = varint();
      const end = position + length;
      if (end > message.length) throw new Error('a message is malformed');
      fields.set(number, message.subarray(position, end));
      position = end;
    } else throw new Error('a message is malformed');
  }
  return fields;
}
