/** The content service of an engine, for tests: gRPC on a connection that was upgraded to HTTP/2. */

import { performServerHandshake, type ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { sha256 } from '../fixtures.ts';

/** What a service does instead of answering a `Read` as it should. */
export type ContentFault =
  | 'cut' // closes the connection after half of the bytes
  | 'stall' // sends half of the bytes, and then nothing
  | 'short' // ends well after half of the bytes
  | 'other offset'
  | 'too much'
  | 'compressed'
  | 'huge message'
  | 'malformed'
  | 'HTTP 502'
  | 'refused'
  | 'status missing';

export interface FakeContent {
  readonly blobs: readonly Buffer[];
  readonly fault?: ContentFault;
  /** The bytes in each message. */
  readonly messageBytes?: number;
  /** The calls: method, digest, and length if given. */
  readonly calls?: string[];
}

/** Serves the blobs on a connection. */
export function serveContent(socket: Duplex, content: FakeContent): void {
  socket.on('error', () => undefined);
  const session = performServerHandshake(socket);
  session.on('error', () => undefined);
  session.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    const parts: Buffer[] = [];
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.on('end', () => {
      const method = (headers[':path'] ?? '').replace('/containerd.services.content.v1.Content/', '');
      const { digest, length } = readRequest(Buffer.concat(parts));
      content.calls?.push([method, digest, ...(length === 0 ? [] : [length])].join(' '));
      const blob = content.blobs.find((each) => sha256(each) === digest);
      if (method === 'Info') answerInfo(stream, digest, blob);
      else void answerRead(stream, blob?.subarray(0, length === 0 ? undefined : length), content, socket);
    });
  });
}

function readRequest(frame: Buffer): { digest: string; length: number } {
  if (frame[0] !== 0 || frame.readUInt32BE(1) !== frame.length - 5 || frame[5] !== 0x0a) throw new Error('no request');
  const end = 7 + (frame[6] ?? 0);
  let length = 0;
  if (frame.length > end) {
    if (frame[end] !== 0x18) throw new Error('no size');
    for (const [index, byte] of frame.subarray(end + 1).entries()) length += (byte & 127) * 128 ** index;
  }
  return { digest: frame.toString('utf8', 7, end), length };
}

function answerInfo(stream: ServerHttp2Stream, digest: string, blob: Buffer | undefined): void {
  if (blob === undefined) {
    // Without messages, the status is in the first headers.
    stream.respond({ 'grpc-status': '5', 'grpc-message': 'not%20found' }, { endStream: true });
    return;
  }
  const times = Buffer.from([0x08, 0x01]);
  const info = Buffer.concat([bytesField(1, Buffer.from(digest)), varintField(2, blob.length), bytesField(3, times)]);
  begin(stream, '0');
  stream.end(frameOf(bytesField(1, info)));
}

async function answerRead(
  stream: ServerHttp2Stream,
  blob: Buffer | undefined,
  { fault, messageBytes = 100_000 }: FakeContent,
  socket: Duplex,
): Promise<void> {
  if (fault === 'HTTP 502') {
    stream.respond({ ':status': 502 });
    stream.end('bad gateway');
    return;
  }
  if (fault === 'refused' || blob === undefined) {
    stream.respond({ 'grpc-status': '7', 'grpc-message': 'not allowed%3A ask' }, { endStream: true });
    return;
  }
  begin(stream, fault === 'status missing' ? undefined : '0');
  const half = Math.ceil(blob.length / 2);
  for (let offset = 0; offset < blob.length; offset += messageBytes) {
    if (fault !== undefined && offset >= half) {
      if (fault === 'cut') socket.destroy();
      if (fault === 'stall' || fault === 'cut') return;
      if (fault === 'short') break;
      if (fault === 'malformed') stream.write(frameOf(Buffer.from([0x12, 0x7f, 1])));
      if (fault === 'compressed') stream.write(Buffer.from([1, 0, 0, 0, 0]));
      if (fault === 'huge message') stream.write(Buffer.from([0, 0x7f, 0, 0, 0]));
    }
    const data = blob.subarray(offset, offset + messageBytes);
    const stated = fault === 'other offset' && offset > 0 ? offset + 1 : offset;
    const message = Buffer.concat([...(stated === 0 ? [] : [varintField(1, stated)]), bytesField(2, data)]);
    if (!stream.write(frameOf(message))) await new Promise((resolve) => stream.once('drain', resolve));
    await setTimeout(0);
  }
  if (fault === 'too much') stream.write(frameOf(Buffer.concat([varintField(1, blob.length), bytesField(2, blob)])));
  stream.end();
}

function begin(stream: ServerHttp2Stream, status: string | undefined): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () =>
    stream.sendTrailers(status === undefined ? { other: '1' } : { 'grpc-status': status }),
  );
}

function frameOf(message: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}

function varintField(number: number, value: number): Buffer {
  return Buffer.concat([Buffer.from([number << 3]), varint(value)]);
}

function bytesField(number: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(value.length), value]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  do {
    bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}
