import { describe, expect, it } from '@jest/globals';
import { createSecrets, scrubStrings } from '../../pipe/toolkit/scrub.ts';
import { findLeaks } from '../leaks.ts';
import { tokens } from '../sandbox/tokens.ts';
import { waysToWrite } from '../ways-to-write.ts';

const lower = 'abcdefghijklmnopqrstuvwxyz';
const tokenAlphabets = {
  'letters and digits': `${lower}${lower.toUpperCase()}0123456789`,
  base64url: `${lower}${lower.toUpperCase()}0123456789-_`,
  'small letters and digits': `${lower}0123456789`,
  'capitals and digits': `${lower.toUpperCase()}0123456789`,
  'hexadecimal digits': '0123456789abcdef',
};

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('removes a secret that is', () => {
  const secret = `ATAT+3x/F%=_a b"c\\d'é?~!`;
  const scrub = createSecrets([secret]).scrub;

  it.each([
    ['raw', secret],
    ['URL-encoded', encodeURIComponent(secret)],
    ['URL-encoded with small letters', lowerHex(encodeURIComponent(secret))],
    ['URL-encoded twice', encodeURIComponent(encodeURIComponent(secret))],
    ['form-encoded', new URLSearchParams({ k: secret }).toString().slice(2)],
    ['inside JSON', JSON.stringify(secret).slice(1, -1)],
    ['inside HTML', secret.replaceAll(/[%="'/]/g, (character) => `&#${character.charCodeAt(0)};`)],
    ['hex', Buffer.from(secret).toString('hex')],
    ['hex in capitals', Buffer.from(secret).toString('hex').toUpperCase()],
    ['hex with colons', (Buffer.from(secret).toString('hex').match(/../g) ?? []).join(':')],
  ])('%s', (_, encoded) => {
    expect(scrub(`a ${encoded} b(${encoded})`)).toBe('a *** b(***)');
  });

  it.each(waysToWrite(tokens.apiToken))('written in %s', (_, written) => {
    const scrubOther = createSecrets(['another-secret', tokens.apiToken]).scrub;
    expect(findLeaks(scrubOther(`Authorization: ${written}; x`), tokens.apiToken)).toEqual([]);
    expect(scrubOther(`Authorization: ${written}; x`)).toMatch(/^Authorization: [^]*\*\*\*[^]*; x$/);
  });
});

it.each(['\u{1F511}-secret-of-1', '\u{2F804}-secret-of-2', '\u{10FFFF}-secret-3'])(
  'removes a secret with a character beyond 16 bits, in JSON with escapes: %s',
  (secret) => {
    const escaped = secret.replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
    expect(createSecrets([secret]).scrub(`{"a":"${escaped}"}`)).toBe('{"a":"***"}');
  },
);

describe('removes the rest of a secret that is cut at any point', () => {
  const secret = tokens.plainToken;
  const scrub = createSecrets([secret]).scrub;

  it.each(waysToWrite(secret))('%s', (_, written) => {
    for (let cut = 1; cut < written.length; cut += 3) {
      for (const part of [written.slice(0, cut), written.slice(cut)])
        expect({ part, leaks: findLeaks(scrub(`token=${part}… (400)`), secret) }).toEqual({ part, leaks: [] });
    }
  });
});

it('removes every secret, wherever it is, and nothing else', () => {
  const scrub = createSecrets(['first-secret', undefined, '', ' ', 'second']).scrub;
  expect(scrub('first-secret, second; second\nfirst-secretfirst-secret\n first secret, seconds')).toBe(
    '***, ***; ***\n******\n first secret, seconds',
  );
});

it('does nothing without secrets', () => {
  expect(createSecrets([undefined, '', ' \n']).scrub('a b\n')).toBe('a b\n');
});

it('removes a secret that is given with surrounding white space', () => {
  expect(createSecrets([' token-1234\n']).scrub('(token-1234)')).toBe('(***)');
});

it('removes the longer of two secrets with the same beginning, and all of two that overlap', () => {
  expect(createSecrets(['token-10', 'token-10-2']).scrub('token-10-2 token-10-3')).toBe('*** ***-3');
  expect(createSecrets(['token-10-2', 'token-10']).scrub('token-10-2 token-10-3')).toBe('*** ***-3');
  expect(createSecrets(['first-and-then', 'then-and-last']).scrub('first-and-then-and-last')).toBe('***');
});

it('removes only whole secrets from values for programs: a workspace may be named like the beginning of one', () => {
  const { scrub, scrubValue } = createSecrets(['acme-platform-deploy-8f3kQ', 'test']);
  const value = 'https://acme-platform/acme-platform-deploy:test';
  expect(scrubValue(value)).toBe(value);
  expect(scrub(value)).not.toContain('acme-platform');
  expect(scrubValue('?token=acme-platform-deploy-8f3kQ')).toBe('?token=***');
  expect(scrubValue('YWNtZS1wbGF0Zm9ybS1kZXBsb3ktOGYza1E')).not.toContain('cGxhdGZvcm0');
});

describe('a piece of a random token', () => {
  const token = 'glpat-7hQxW2mK9sTzR4vB1nEd';

  it.each([
    ['its beginning', token.slice(0, 12)],
    ['its end', token.slice(-8)],
    ['its middle', token.slice(9, 17)],
    ['base64 of its end', base64(`x:${token}`).slice(-14)],
    ['a URL with its middle', encodeURIComponent(`?token=${token.slice(8, 20)}`)],
  ])('is removed from the log and from values: %s', (_, piece) => {
    const { scrub, scrubValue } = createSecrets([token]);
    for (const each of [scrub, scrubValue]) {
      expect(each(`app-${piece}.zip`)).toContain('***');
      expect(findLeaks(each(`app-${piece}.zip`), token)).toEqual([]);
    }
  });

  it('is kept if it is shorter than eight characters', () => {
    expect(createSecrets([token]).scrub(`app-${token.slice(7, 14)}`)).toBe(`app-${token.slice(7, 14)}`);
  });

  it.each(Object.entries(tokenAlphabets))('of %s is removed, wherever it is cut', (_, alphabet) => {
    const random = createRandom(alphabet.length);
    let kept = { log: 0, values: 0 };
    let cuts = 0;
    for (let round = 0; round < 200; round++) {
      const secret = randomText(random, alphabet, 20 + Math.floor(random() * 60));
      const { scrub, scrubValue } = createSecrets([secret]);
      const start = Math.floor(random() * (secret.length - 8));
      for (const length of [8, 12, 16]) {
        const piece = secret.slice(start, start + length);
        cuts++;
        kept = {
          log: kept.log + (scrub(`(${piece}…)`) === '(***…)' ? 0 : 1),
          values: kept.values + (scrubValue(`(${piece}…)`) === '(***…)' ? 0 : 1),
        };
      }
    }
    // What is shorter once its escapes are decoded (`0x5t`) is kept in both; a piece of one kind of characters, in values.
    expect(kept.log).toBeLessThan(cuts / 100);
    expect(kept.values).toBeLessThan(cuts / 10);
  });
});

it.each([
  ['acme-platform-deploy-8f3kQ', 'acme-platform/platform-deploy:deploy-8'],
  ['summer-2024-in-Edinburgh', 'summer-2024.zip Edinburgh'],
  ['pypi-AgEIcHlwaS5vcmcCJGE0', 'pypi-app-1.0.tar.gz'],
  ['correct-horse-battery-staple', 'horse-battery-1.2.3'],
])('the words in %s stay in values, and words of up to eleven letters in the log', (secret, value) => {
  const { scrub, scrubValue } = createSecrets([secret]);
  expect(scrubValue(value)).toBe(value);
  for (const word of ['platform', 'packagepipes', 'Edinburgh', 'summer-2024', 'horse', 'pypi-app'])
    expect(scrub(word)).toBe(word);
});

it('a word that a random secret has between separators stays in the log, and other pieces as long do not', () => {
  const { scrub } = createSecrets(['registry-token-Zq7Rk2Vt9Lw4Xn8Babcdefghij']);
  expect(scrub('but the registry says: registry-1.0')).toBe('but the registry says: registry-1.0');
  expect(scrub('cut (abcdefgh)')).toBe('cut (***)');
});

describe('a short secret', () => {
  it.each([
    ['test', 'the latest test: test-file, tests', 'the latest ***: ***-file, tests'],
    ['s3cr3', 'Bearer s3cr3, as3cr3 s%33cr3&', 'Bearer ***, as3cr3 ***&'],
    ['a b c d', 'a b c d e', '*** e'],
  ])('%j is removed as a whole word', (secret, text, scrubbed) => {
    expect(createSecrets([secret]).scrub(text)).toBe(scrubbed);
  });

  it.each(['a', '1', 'ab', '***', '$&'])('%j is kept, because removing it would ruin the log', (secret) => {
    const text = 'INFO: a file of 11 bytes, ab *** $&';
    expect(createSecrets([secret]).scrub(text)).toBe(text);
  });

  it('is not searched for in pieces, which could be ordinary words', () => {
    expect(createSecrets(['bitbucket-1']).scrub('bitbucket, bitbucket-2, xbitbucket-1x')).toBe(
      'bitbucket, bitbucket-2, x***x',
    );
  });

  it('is not searched for in base64, where it would match harmless text', () => {
    expect(createSecrets(['ab1c']).scrub(base64('ab1c'))).toBe(base64('ab1c'));
    expect(createSecrets(['ab1cd']).scrub(base64('ab1cd'))).toBe('***Q=');
  });
});

describe('base64 of user:secret', () => {
  const secret = 'ATATT3xFfGF0-_?>secret=1';
  const scrub = createSecrets([secret]).scrub;

  it.each(['', 'a', 'ab', 'abc', 'abcd', 'user@example.com'])('user %j', (user) => {
    const encoded = base64(`${user}:${secret}`);
    const kept = base64(`${user}:`).replace(/=+$/, '').length;
    // A character at either end mixes bits of the secret with bits of its neighbours.
    expect(scrub(`Basic ${encoded} x`)).toMatch(new RegExp(`^Basic .{${kept - 1},${kept}}\\*\\*\\*.?=* x$`));
    expect(scrub(Buffer.from(`${user}:${secret}`).toString('base64url'))).toMatch(/^.{1,23}\*\*\*.?$/);
    expect(scrub(encodeURIComponent(encoded))).toMatch(/\*\*\*.?(?:%3D)*$/);
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
    for (let round = 0; round < 12; round++) {
      const secret = randomText(random, alphabet, 12 + Math.floor(random() * 60)).trim();
      const scrub = createSecrets(['another-secret', secret]).scrub;
      for (const [way, written] of waysToWrite(secret)) {
        const scrubbed = scrub(`x ${written} y`);
        expect({ secret, way, scrubbed, leaks: findLeaks(scrubbed, secret) }).toMatchObject({ leaks: [] });
      }
    }
  });
});

describe('learns secrets during the run', () => {
  it('and removes them from then on', () => {
    const { scrub, learn } = createSecrets(['given-secret']);
    expect(scrub('given-secret granted-token')).toBe('*** granted-token');
    learn('granted-token');
    learn('granted-token');
    expect(scrub('given-secret granted-token')).toBe('*** ***');
  });

  it('and keeps only the latest, since a registry could issue any number', () => {
    const { scrub, learn } = createSecrets(['given-secret']);
    const random = createRandom(1);
    const granted = Array.from({ length: 50 }, () => randomText(random, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef-_', 6000));
    const token = (index: number): string => granted[index] ?? '';
    for (let index = 0; index < 50; index++) learn(token(index));
    expect(scrub(`given-secret ${token(49)} ${token(46)}`)).toBe('*** *** ***');
    expect(scrub(token(0))).toBe(token(0));
  });

  it('and only as much of a huge one as fits in a header', () => {
    const { scrub, learn } = createSecrets([]);
    learn('0123456789abcdef'.repeat(100_000));
    expect(scrub('x 0123456789abcdef y')).toBe('x *** y');
  });
});

it('scrubs every string in a result, and nothing else', () => {
  const scrub = createSecrets(['secret-1']).scrub;
  const result = { size: 1, url: 'https://x/secret-1', none: undefined, items: [{ name: 'secret-1', ok: true }, null] };
  expect(scrubStrings(result, scrub)).toEqual({
    size: 1,
    url: 'https://x/***',
    none: undefined,
    items: [{ name: '***', ok: true }, null],
  });
});

function lowerHex(text: string): string {
  return text.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
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
