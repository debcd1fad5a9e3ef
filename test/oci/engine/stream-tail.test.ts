import { expect, it } from '@jest/globals';
import { withTail } from '../../../pipe/oci/engine/stream-tail.ts';
import { collect, pieces, text } from '../../compression/samples.ts';

it.each([1, 700, 8191, 8192, 100_000])('keeps the last 8 KiB of chunks of up to %d bytes', async (largest) => {
  const content = text(30_000);
  const stream = withTail(pieces(content, largest));
  expect((await collect(stream.bytes)).equals(content)).toBe(true);
  expect(stream.tail()).toBe(content.toString('utf8', content.length - 8 * 1024));
});

it('keeps all of a short stream', async () => {
  const stream = withTail(pieces(Buffer.from('short'), 2));
  await collect(stream.bytes);
  expect(stream.tail()).toBe('short');
});
