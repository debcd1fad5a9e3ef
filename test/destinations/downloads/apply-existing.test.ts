import { expect, it } from '@jest/globals';
import { applyExisting } from '../../../pipe/destinations/downloads/apply-existing.ts';

it('what is skipped no longer counts as to be sent', async () => {
  const entries = ['a.txt', 'b.txt'].map((name, index) => ({
    planned: { name, source: { path: name, absolutePath: `/${name}`, size: 10 + index, fingerprint: '' } },
    action: 'not sent' as const,
  }));
  const skipped: number[] = [];
  const download = { name: 'b.txt', size: 11, createdUs: 0, ageMs: undefined };
  const existing = await applyExisting(
    entries,
    { existing: 'skip', verify: 'listing', concurrency: 1 },
    {
      client: {
        list: async () => await Promise.resolve([download]),
        read: async () => await Promise.reject(new Error('nothing needs to be read')),
      },
      log: { info: () => undefined, warning: (message) => expect(message).toBe('none') },
      progress: { skip: (bytes) => skipped.push(bytes) },
    },
  );
  expect(entries.map(({ action }) => action)).toEqual(['not sent', 'skipped']);
  expect(skipped).toEqual([11]);
  expect(existing).toEqual(new Map([['b.txt', download]]));
});
