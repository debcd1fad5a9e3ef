import { expect, it } from '@jest/globals';
import { keepEncrypted } from '../../pipe/http/keep-encrypted.ts';

it.each([
  ['plain http among themselves', 'http://a.example/', 'http://b.example/x', 'http://b.example/x'],
  ['from http to https', 'http://a.example/', 'https://b.example/x', 'https://b.example/x'],
  ['https on another host', 'https://a.example/', 'https://b.example/x?y', 'https://b.example/x?y'],
  ['http on the same host', 'https://a.example/v2/', 'http://a.example/x?y=%2f', 'https://a.example/x?y=%2f'],
  ['http on the same host and port', 'https://a.example:5000/', 'http://a.example:5000/x', 'https://a.example:5000/x'],
  ['http without the port', 'https://a.example:8443/', 'http://a.example/x', 'https://a.example:8443/x'],
  ['http on another port of the host', 'https://a.example/', 'http://a.example:5001/x', 'https://a.example:5001/x'],
  [
    'http on the same port of this machine',
    'https://localhost:5000/',
    'http://localhost:5000/x',
    'https://localhost:5000/x',
  ],
])('follows %s', (_, from, to, expected) => {
  expect(keepEncrypted(new URL(from), new URL(to)).href).toBe(expected);
});

it.each([
  ['plain http on another host', 'https://a.example/', 'http://b.example/x?secret=1', 'http://b.example, where'],
  ['plain http on a host below', 'https://a.example/', 'http://x.a.example/', 'http://x.a.example, where'],
  ['plain http on this machine, for another', 'https://a.example/', 'http://127.0.0.1/', 'http://127.0.0.1, where'],
  [
    'plain http by another name of this machine',
    'https://localhost:1/',
    'http://127.0.0.1:2/',
    'http://127.0.0.1:2, where',
  ],
  ['another protocol', 'http://a.example/', 'ftp://a.example/', 'neither https nor http'],
])('refuses %s, and says why', (_, from, to, words) => {
  expect(() => keepEncrypted(new URL(from), new URL(to))).toThrow(words);
  expect(() => keepEncrypted(new URL(from), new URL(to))).not.toThrow('secret');
});
