import { expect, it } from '@jest/globals';
import { Blake2b256 } from '../../pipe/io/blake2b.ts';

// From Python's hashlib.blake2b(bytes(i * 7 % 251 for i in range(n)), digest_size=32).
const digests = [
  [0, '0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8'],
  [1, '03170a2e7597b7b7e3d84c05391d139a62b157e78786d8c082f29dcf4c111314'],
  [127, '1bb3d24376d0b5840955e640c6a8a4830cd69af0b7ad71a409d2a30c6a374abb'],
  [128, '9101ed0a248b57efc0c6070cfbf9cf316c182d125ad6191c1f7783c3d32b6346'],
  [129, '60f5e954d1a1775362ffd0762ed37bbe101ed5e88896dd793f1a889786fb3132'],
  [255, '9399bcd4acec0cc0e9dec7267671a6f2e65568dc917afb54791da24523a71b32'],
  [256, '45d503f4fc344944eeff959e1e2234c47884011023598cadbd934f08d4265016'],
  [257, '4ad285edc2490602fd02d61df8008d95887039bade83dae8a1e207ae1cac33ac'],
  [1000, 'a494537cc57474059ebe7a7f7a76c03306551355abebb1967408ed04e7564fa9'],
  // Longer than what is compressed at once.
  [65_281, 'bc05032fd4db59cd2ba2a04896ffae4cebbb59f6aba07ca26acf2feb0cbe223e'],
  [200_000, '61ec41b3f04ee044fcf981ff7b462e0eb9e26a31b6cad1f19a1cd20d4e1ca0fd'],
] as const;

function bytesOf(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, index) => (index * 7) % 251));
}

it.each(digests)('hashes %d bytes, however they are divided', (length, expected) => {
  for (const partBytes of [1, 3, 127, 128, 129, 300, length + 1]) {
    const bytes = bytesOf(length);
    const hash = new Blake2b256();
    for (let at = 0; at < length; at += partBytes) hash.update(bytes.subarray(at, at + partBytes));
    expect([partBytes, hash.digest('hex')]).toEqual([partBytes, expected]);
  }
});

it('keeps hashes apart that take turns', () => {
  const pairs = digests.map(([length, expected]) => ({ bytes: bytesOf(length), hash: new Blake2b256(), expected }));
  for (let at = 0; at < 200_000; at += 300)
    for (const { bytes, hash } of pairs) hash.update(bytes.subarray(at, at + 300));
  for (const { hash, expected } of pairs) expect(hash.digest('hex')).toBe(expected);
});
