import { describe, expect, it } from '@jest/globals';
import { findLeaks } from './leaks.ts';
import { waysToWrite } from './ways-to-write.ts';

const secret = `ATATT3x+FfGF0/_-Wq7v&N2eKp"81hRz<Xc4TbYmL0sUaJd9iVoGf6PtHn5=5A1DB0C5`;

describe('finds a secret that is written as', () => {
  it.each(waysToWrite(secret))('%s', (_, written) => {
    expect(findLeaks(`before (${written}) after`, secret)).not.toEqual([]);
  });

  it('a part', () => {
    expect(findLeaks(`token ${secret.slice(20, 32)}…`, secret)).not.toEqual([]);
    expect(findLeaks(encodeURIComponent(secret).slice(0, 30), secret)).not.toEqual([]);
    expect(findLeaks(`token ${secret.slice(30, 38)}…`, secret)).not.toEqual([]);
  });
});

it('finds nothing in harmless text, or in a piece too short to be useful', () => {
  expect(
    findLeaks('POST https://host/a%20b 200 OK "c\\n" &amp; sha256:0123456789abcdef0123456789abcdef', secret),
  ).toEqual([]);
  expect(findLeaks(`token ${secret.slice(0, 7)}…`, secret)).toEqual([]);
  const words = 'acme-platform-deploy-8f3kQ';
  expect(findLeaks(`${words.slice(0, 11)} ${words.slice(10, 20)}`, words)).toEqual([]);
});
