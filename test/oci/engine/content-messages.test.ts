import { describe, expect, it } from '@jest/globals';
import { decodeContent, decodeSize, encodeRequest, messageLength } from '../../../pipe/oci/engine/content-messages.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

// The expected bytes follow https://protobuf.dev/programming-guides/encoding/: a tag is the field's number times 8, plus 2 for
// bytes and 0 for numbers.
it.each([
  ['ab', undefined, '00 00000004 0a 02 6162'],
  ['ab', 1, '00 00000006 0a 02 6162 18 01'],
  ['ab', 127, '00 00000006 0a 02 6162 18 7f'],
  ['ab', 150, '00 00000007 0a 02 6162 18 9601'],
  ['ab', 2 ** 40, '00 0000000b 0a 02 6162 18 808080808020'],
])('a request for %s, %s bytes', (digest, length, expected) => {
  expect(encodeRequest(digest, length)).toEqual(bytes(expected));
});

it.each([
  ['0a 02 10 05', 5],
  ['0a 04 0a 00 10 7f', 127],
  ['0a 05 10 9601 1a 00', 150],
  // Its zero values are left out of a message.
  ['0a 00', 0],
  // Fields of other types, and ones that are not known.
  ['0a 17 21 0102030405060708 2d 01020304 10 03 9a03 02 6162 28 01', 3],
])('the size in %s', (response, size) => {
  expect(decodeSize(bytes(response))).toBe(size);
});

it.each([
  ['08 80808001 12 03 616263', 2 ** 21, 'abc'],
  ['12 03 616263', 0, 'abc'],
  ['', 0, ''],
])('the content in %s', (response, offset, data) => {
  expect(decodeContent(bytes(response))).toEqual({ offset, data: Buffer.from(data) });
});

describe('what is not valid', () => {
  it.each(['', '10 05', '0a 05 10', '0a 02 10 80', '0a 02 12 00 ff', '0b', '0a 04 12 02 6162'])('%s', (response) => {
    expect(() => decodeSize(bytes(response))).toThrow(/malformed|no size/);
  });

  it.each(['12 05 61', '12', '08 ffffffffffffffffffff01', '0a 01 61', '10 01', '0f'])('%s', (response) => {
    expect(() => decodeContent(bytes(response))).toThrow('a message is malformed');
  });

  it('a compressed message', () => {
    expect(() => messageLength(bytes('01 00000004'))).toThrow('compressed');
    expect(messageLength(bytes('00 00010203'))).toBe(0x010203);
  });
});
