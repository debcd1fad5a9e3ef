import { expect, it } from '@jest/globals';
import type { Action } from '../../pipe/destinations/outcome.ts';
import { failureLine, insightsReport, otherContent } from '../../pipe/destinations/report.ts';

it.each<[Action, string]>([
  ['uploaded', '  a: published, https://x/a'],
  ['reused', '  a: published, https://x/a'],
  ['skipped', '  a: already there, left as it is'],
  ['unconfirmed', '  a: sent, but not confirmed by the server'],
  ['failed', '  a: NOT published'],
  ['not sent', '  a: not attempted'],
])('the line for an item with the action %s shows whether it was published', (action, line) => {
  expect(failureLine({ name: 'a', action, url: 'https://x/a' })).toBe(line);
});

it('the line for an item says why it was not published', () => {
  const item = { name: 'a', action: 'skipped', url: 'https://x/a' } as const;
  expect([otherContent(), otherContent('1.0')].map((obstacle) => failureLine({ ...item, obstacle }))).toEqual([
    '  a: NOT published: it is there already with other content; left as it is',
    '  a: NOT published: 1.0 is there already with other content; left as it is',
  ]);
});

it('names and URLs cannot start a new line', () => {
  expect(failureLine({ name: 'a\n✔', action: 'uploaded', url: 'https://x/\n' })).toBe(
    String.raw`  "a\n✔": published, "https://x/\n"`,
  );
});

it('a report replaces that of an earlier run to the same target, and no other', () => {
  const idOf = (type: string, server: string, name: string): string =>
    insightsReport({ type, target: { server, name }, elapsedMs: 1 }, ['failed']).id;
  const ids = [
    idOf('npm', 'https://a', 'lib'),
    idOf('maven', 'https://a', 'lib'),
    idOf('npm', 'https://b', 'lib'),
    idOf('npm', 'https://a', 'app'),
  ];
  expect(new Set(ids).size).toBe(4);
  expect(idOf('npm', 'https://a', 'lib')).toBe(ids[0]);
});
