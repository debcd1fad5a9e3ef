import { expect, it } from '@jest/globals';
import { hasChange, looksRandom } from '../../pipe/toolkit/randomness.ts';
import { tokens } from '../sandbox/tokens.ts';

it.each([
  ['an API token', tokens.apiToken],
  ['a signed token', tokens.packagesToken],
  ['a key', tokens.octopusKey],
  ['hexadecimal digits', '9f86d081884c7d659a2feaa0c55ad015'],
  ['a password of all kinds of characters', 'x&7Kq!pZ2(vR#m9T'],
])('%s looks random', (_, text) => {
  expect(looksRandom(Buffer.from(text))).toBe(true);
});

it.each([
  ['words', 'correct-horse-battery-staple'],
  ['words with a random end', 'acme-platform-deploy-8f3kQ'],
  ['a version', 'release-2024.11.27-acme'],
  ['a random beginning before many words', `7hQxW2mK9sTzR4vB1nEd${'x'.repeat(30)}8f3kQ7hQxW2mK9sTzR4vB1nEd`],
  ['digits', '0123456789012345'],
  ['nothing', 'x'],
])('%s does not look random', (_, text) => {
  expect(looksRandom(Buffer.from(text))).toBe(false);
});

it.each([
  ['Acme-2024.1', false],
  ['BITBUCKET_TOKEN', false],
  ['2024', false],
  ['x7', true],
  ['3F', true],
  ['aB', true],
  ['Ab', false],
  ['a&b', true],
])('%s has a change that no word has: %s', (text, expected) => {
  expect(hasChange(Buffer.from(text), 0, text.length)).toBe(expected);
});

it('of a part, only its own changes count', () => {
  expect(hasChange(Buffer.from('x7abc7x'), 2, 5)).toBe(false);
});
