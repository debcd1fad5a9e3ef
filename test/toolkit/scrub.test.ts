import { describe, expect, it } from '@jest/globals';
import { createScrub } from '../../pipe/toolkit/scrub.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('takes out a secret that is', () => {
  const secret = `ATAT+3x/F%=_a b"c\\d'é?~!`;
  const scrub = createScrub([secret]);
  it.each([
    ['raw', secret],
    ['URL-encoded', encodeURIComponent(secret)],
    ['URL-encoded with small letters', lowerHex(encodeURIComponent(secret))],
    ['form-encoded', new URLSearchParams({ k: secret }).toString().slice(2)],
    ['inside JSON', JSON.stringify(secret).slice(1, -1)],
    ['hex', Buffer.from(secret).toString('hex')],
    ['hex in capitals', Buffer.from(secret).toString('hex').toUpperCase()],
  ])('%s', (_, encoded) => {
    expect(scrub(`a ${encoded} b${encoded}`)).toBe('a *** b***');
  });
});

it('takes out every secret, wherever it stands, and leaves the rest', () => {
  const scrub = createScrub(['first-secret', undefined, '', ' ', 'second']);
  expect(scrub('first-secret, second; secondfirst-secret\n first secret')).toBe('***, ***; ******\n first secret');
});

it('does nothing without secrets', () => {
  expect(createScrub([undefined, '', ' \n'])('a b\n')).toBe('a b\n');
});

it('takes out a secret that was given with white space around it', () => {
  expect(createScrub([' token\n'])('(token)')).toBe('(***)');
});

it.each(['a.c', 'a|b', '(a', 'a)', '[a', 'a]', 'a*', 'a+b', '^a$', 'a\\', 'a{2}', '$&', '\\d'])(
  'takes %j by its letters, not as a pattern',
  (secret) => {
    expect(createScrub([secret])(`1 ${secret} abc aab 2`)).toBe('1 *** abc aab 2');
  },
);

it('takes out the longer of two secrets that begin alike', () => {
  expect(createScrub(['token', 'token-2'])('token-2 token-3')).toBe('*** ***-3');
  expect(createScrub(['token-2', 'token'])('token-2 token-3')).toBe('*** ***-3');
});

describe('base64 of user:secret', () => {
  const secret = 'ATATT3xFfGF0-_?>secret=1';
  const scrub = createScrub([secret]);

  it.each(['', 'a', 'ab', 'abc', 'abcd', 'user@example.com'])('user %j', (user) => {
    const encoded = base64(`${user}:${secret}`);
    const kept = base64(`${user}:`).replace(/=+$/, '').length;
    // A character at either end mixes bits of the secret with bits of what is beside it.
    expect(scrub(`Basic ${encoded} x`)).toMatch(new RegExp(`^Basic .{${kept - 1},${kept}}\\*\\*\\*.?=* x$`));
    expect(scrub(Buffer.from(`${user}:${secret}`).toString('base64url'))).toMatch(/^.{1,23}\*\*\*.?$/);
    expect(scrub(encodeURIComponent(encoded))).toMatch(/\*\*\*.?(?:%3D)*$/);
  });

  it('leaves innocent text alone: of a very short secret, base64 is not looked for', () => {
    expect(createScrub(['ab1c'])(base64('ab1c'))).toBe(base64('ab1c'));
    expect(createScrub(['ab1cd'])(base64('ab1cd'))).toBe('***Q=');
  });
});

describe('of random secrets, nothing is left in any encoding', () => {
  const alphabets = {
    'as Atlassian makes them': 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=',
    'of printable characters': Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join(''),
    'of other alphabets': 'äßçñ漢字🎉é\n\t"\\/+ aB1',
  };

  it.each(Object.entries(alphabets))('%s', (_, alphabet) => {
    const random = createRandom(alphabet.length);
    for (let round = 0; round < 300; round++) {
      const secret = randomText(random, alphabet, 8 + Math.floor(random() * 60)).trim();
      const user = randomText(random, 'abcdefghijkl.@', Math.floor(random() * 8));
      const scrub = createScrub(['another-secret', secret]);
      for (const { encoded, part } of encodings(user, secret)) {
        const scrubbed = scrub(`x ${encoded} y`);
        const left = runs(part, 8).find((run) => scrubbed.includes(run));
        expect({ secret, encoded, scrubbed, left }).toMatchObject({ left: undefined });
      }
    }
  });
});

function lowerHex(text: string): string {
  return text.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
}

/** `part` is what of `encoded` depends on the secret. */
function* encodings(user: string, secret: string): Generator<{ encoded: string; part: string }> {
  const whole = [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams({ k: secret }).toString().slice(2),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('hex'),
  ];
  for (const encoded of whole) yield { encoded, part: encoded };
  const before = Buffer.byteLength(`${user}:`);
  const length = Buffer.byteLength(secret);
  const range = [Math.floor((before * 4) / 3), Math.ceil(((before + length) * 4) / 3)] as const;
  for (const encoding of ['base64', 'base64url'] as const) {
    const encoded = Buffer.from(`${user}:${secret}~\u00FF`).toString(encoding);
    yield { encoded, part: encoded.slice(...range) };
    yield { encoded: encodeURIComponent(encoded), part: encodeURIComponent(encoded.slice(...range)) };
  }
}

function runs(text: string, length: number): readonly string[] {
  return Array.from({ length: Math.max(0, text.length - length + 1) }, (_, start) => text.slice(start, start + length));
}

function randomText(random: () => number, alphabet: string, length: number): string {
  const letters = Array.from(alphabet);
  return Array.from({ length }, () => letters[Math.floor(random() * letters.length)]).join('');
}

/** The same numbers in every run (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
