import { describe, expect, it } from '@jest/globals';
import { type Algorithm, createHashes, createSha256 } from '../../pipe/io/hashes.ts';

// RFC 1321, A.5 and FIPS 180-2: the digests of "abc".
const abc: Readonly<Record<Algorithm, string>> = {
  md5: '900150983cd24fb0d6963f7d28e17f72',
  sha1: 'a9993e364706816aba3e25717850c26c9cd0d89d',
  sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  sha384: 'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
  blake2b256: 'bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319',
  sha512:
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
};

describe('createHashes', () => {
  it.each<readonly Algorithm[]>([
    ['md5', 'sha1', 'sha256', 'sha512'],
    ['sha384', 'blake2b256'],
    ['sha512', 'sha1'],
    ['md5'],
    [],
  ])('gives the digests that it was asked for: %s %s %s %s', (...algorithms) => {
    const hashes = createHashes(algorithms.filter((algorithm) => algorithm !== undefined));
    hashes.update(Buffer.from('a'));
    hashes.update(Buffer.from('bc'));
    expect(hashes.digest()).toEqual(Object.fromEntries(algorithms.map((algorithm) => [algorithm, abc[algorithm]])));
  });

  it('hashes the contents that a chunk has at the time of update, not later', () => {
    const hashes = createHashes(['sha256']);
    const buffer = Buffer.from('abc');
    hashes.update(buffer);
    buffer.fill(0);
    expect(hashes.digest().sha256).toBe(abc.sha256);
  });
});

it('createSha256 hashes with SHA-256', () => {
  const hash = createSha256();
  for (const chunk of ['ab', '', 'c']) hash.update(Buffer.from(chunk));
  expect(hash.digest()).toBe(abc.sha256);
});
