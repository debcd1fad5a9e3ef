import { expect, it } from '@jest/globals';
import type { Action } from '../../pipe/destinations/outcome.ts';
import { failureLine } from '../../pipe/destinations/report.ts';

it.each<[Action, string]>([
  ['uploaded', '  a: published, https://x/a'],
  ['reused', '  a: published, https://x/a'],
  ['skipped', '  a: already there, left as it is'],
  ['unconfirmed', '  a: sent, but not confirmed by the server'],
  ['failed', '  a: NOT published'],
  ['not sent', '  a: not attempted'],
])('the line for an item with the action %s shows whether it was published', (action, line) => {
  expect(failureLine('a', action, 'https://x/a')).toBe(line);
});

it('names and URLs cannot start a new line', () => {
  expect(failureLine('a\n✔', 'uploaded', 'https://x/\n')).toBe(String.raw`  "a\n✔": published, "https://x/\n"`);
});
