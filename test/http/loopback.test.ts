import { expect, it } from '@jest/globals';
import { isLoopback } from '../../pipe/http/loopback.ts';

it.each([
  'http://localhost/',
  'http://LOCALHOST:8080/x',
  'http://127.0.0.1:1/',
  'http://127.255.0.3/',
  'http://127.1/',
  'http://2130706433/',
  'http://[::1]:80/',
  'http://[0:0:0:0:0:0:0:1]/',
  'http://localhost./',
  'http://[::ffff:127.0.0.1]/',
])('%s stays on this machine', (url) => {
  expect(isLoopback(new URL(url))).toBe(true);
});

it.each([
  'http://example.com/',
  'http://localhost.example.com/',
  'http://notlocalhost/',
  'http://127.0.0.1.example.com/',
  'http://128.0.0.1/',
  'http://0.0.0.0/',
  'http://[::2]/',
  'http://[::ffff:10.0.0.1]/',
  'http://app.localhost/',
  'http://10.0.0.1/#127.0.0.1',
  'http://127.0.0.1@example.com/',
])('%s does not stay on this machine', (url) => {
  expect(isLoopback(new URL(url))).toBe(false);
});
