/** The benchmark's request reader counts correctly, however the bytes are split. */

import { describe, expect, it } from '@jest/globals';
import { RequestReader } from './request-reader.ts';

function read(text: string, pieceLength = text.length): { seen: string[]; isBusy: boolean } {
  const seen: string[] = [];
  const reader = new RequestReader({
    onExpect: () => seen.push('expect'),
    onRequest: ({ method, bodyBytes }) => seen.push(`${method} ${bodyBytes}`),
  });
  for (let start = 0; start < text.length; start += pieceLength)
    reader.read(Buffer.from(text.slice(start, start + pieceLength)));
  return { seen, isBusy: reader.isBusy };
}

const sized = 'POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n12345';
const chunked =
  'PUT /b HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nT: 1\r\n\r\n';
const empty = 'GET /c HTTP/1.1\r\n\r\n';

describe('RequestReader', () => {
  it.each([1, 2, 7, 1000])('counts requests that arrive %i bytes at a time', (pieceLength) => {
    expect(read(sized + chunked + empty + sized, pieceLength)).toEqual({
      seen: ['expect', 'POST 5', 'PUT 13', 'GET 0', 'expect', 'POST 5'],
      isBusy: false,
    });
  });

  it.each([sized.slice(0, -1), sized.slice(0, 20), chunked.slice(0, -2)])('is busy in the middle of %j', (text) => {
    expect(read(text).isBusy).toBe(true);
  });

  it.each([`${sized}6\r\n\r\n`, 'POST /a HTTP/1.1\r\nContent-Length: -1\r\n\r\n', chunked.replace('3\r\n', 'z\r\n')])(
    'rejects %j',
    (text) => {
      expect(() => read(text)).toThrow(SyntaxError);
    },
  );
});
