import { expect, it } from '@jest/globals';
import { checksumsOf, createChecksums, parseChecksum } from '../../../pipe/destinations/maven/checksums.ts';

// FIPS 180-2 and RFC 1321: the digests of "abc".
const abc = {
  md5: '900150983cd24fb0d6963f7d28e17f72',
  sha1: 'a9993e364706816aba3e25717850c26c9cd0d89d',
  sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  sha512:
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
};

it('computes all four checksums', () => {
  expect(checksumsOf(Buffer.from('abc'))).toEqual(abc);
  const checksums = createChecksums();
  checksums.update(Buffer.from('a'));
  checksums.update(Buffer.from('bc'));
  expect(checksums.digest()).toEqual(abc);
});

it.each([
  ['on its own', abc.sha1],
  ['in capitals, with a line break', `${abc.sha1.toUpperCase()}\r\n`],
  ['followed by the file name', `${abc.sha1}  app-1.0.jar`],
  ['preceded by the file name', `SHA1(app-1.0.jar)= ${abc.sha1}`],
])('reads a checksum %s', (_, content) => {
  expect(parseChecksum(content, 'sha1')).toBe(abc.sha1);
});

it('finds no checksum in a web page, or in a file of another kind', () => {
  expect(parseChecksum('<html>Not Found</html>', 'sha1')).toBeUndefined();
  expect(parseChecksum(abc.sha256, 'sha1')).toBeUndefined();
});
