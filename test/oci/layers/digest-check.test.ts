import { expect, it } from '@jest/globals';
import { withDigestCheck } from '../../../pipe/oci/layers/digest-check.ts';
import { collect, pieces, sha256 } from '../../compression/samples.ts';

const verifier =
  (expected: Buffer) =>
  async (digest: string): Promise<void> => {
    await Promise.resolve();
    if (digest !== sha256(expected)) throw new Error('wrong digest');
  };

it.each([0, 1, 2, 1000])('yields %d bytes, and refuses them if their digest is another', async (length) => {
  const content = Buffer.alloc(length, 'x');
  const check = async (expected: Buffer, size = length): Promise<Buffer> =>
    await collect(withDigestCheck(pieces(content, 300), size, verifier(expected)));
  expect(await check(content)).toEqual(content);
  await expect(check(Buffer.from('other'))).rejects.toThrow('wrong digest');
  await expect(check(content, length + 1)).rejects.toThrow(`Read ${length} bytes instead of ${length + 1}`);
});
