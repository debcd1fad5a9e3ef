import { describe, expect, it } from '@jest/globals';
import type { Download } from '../../../pipe/destinations/downloads/client.ts';
import {
  applyRetention,
  expiredDownloads,
  type RetentionTools,
} from '../../../pipe/destinations/downloads/retention.ts';

/** Day N of January. */
const download = (name: string, day: number, us = 0): Download => ({
  name,
  size: 1,
  createdUs: Date.UTC(2026, 0, day) * 1000 + us,
  ageMs: undefined,
});
const names = (downloads: readonly Download[]): readonly string[] => downloads.map(({ name }) => name);
const none: ReadonlySet<string> = new Set();

const nightlies = [
  download('n-3', 3),
  download('n-1', 1),
  download('n-4', 4),
  download('n-2', 2),
  download('release.zip', 1),
];

describe('expiredDownloads', () => {
  it.each([
    [1, ['n-1', 'n-2', 'n-3']],
    [3, ['n-1']],
    [4, []],
    [100, []],
  ])(
    'keeps the newest %i that match, whatever the order of the listing, and returns the others oldest first',
    (keep, expected) => {
      expect(names(expiredDownloads(nightlies, { keep, pattern: 'n-*' }, none))).toEqual(expected);
    },
  );

  it('never returns a download that does not match', () => {
    expect(names(expiredDownloads(nightlies, { keep: 1, pattern: '*.zip' }, none))).toEqual([]);
    expect(names(expiredDownloads(nightlies, { keep: 1, pattern: 'N-*' }, none))).toEqual([]);
  });

  it.each<[string, number, readonly string[], readonly string[]]>([
    ['the newest upload is from this run: all others expire', 1, ['n-4'], ['n-1', 'n-2', 'n-3']],
    ['another run has published a newer upload: it stays', 1, ['n-3'], ['n-1', 'n-2']],
    ['several uploads: downloads between them stay', 1, ['n-4', 'n-2'], ['n-1']],
    ['the oldest upload: nothing is older', 1, ['n-1'], []],
    ['more uploads than are kept', 1, ['n-3', 'n-4'], ['n-1', 'n-2']],
    ["this run's uploads are ranked by date like all others", 2, ['n-2'], ['n-1']],
    ['an upload that does not match the pattern still protects newer downloads', 1, ['n-4', 'release.zip'], []],
  ])('%s', (_, keep, published, expected) => {
    expect(names(expiredDownloads(nightlies, { keep, pattern: 'n-*' }, new Set(published)))).toEqual(expected);
  });

  it('never returns a download with the same date as an upload of this run', () => {
    const downloads = [download('n-a', 1), download('n-b', 1), download('n-c', 1), download('n-0', 1, -1)];
    const retention = { keep: 1, pattern: 'n-*' };
    expect(names(expiredDownloads(downloads, retention, new Set(['n-b'])))).toEqual(['n-0']);
  });

  it('does not match dot files with a star', () => {
    const downloads = [download('.keep', 1), download('a', 2), download('b', 3)];
    expect(names(expiredDownloads(downloads, { keep: 1, pattern: '*' }, none))).toEqual(['a']);
  });

  it('matches any of the alternatives in braces', () => {
    expect(names(expiredDownloads(nightlies, { keep: 1, pattern: '{n-{1..2},release.zip}' }, none))).toEqual([
      'release.zip',
      'n-1',
    ]);
  });

  it('sorts downloads with the same date by name, so that two runs agree', () => {
    expect(
      names(expiredDownloads([download('n-b', 1), download('n-a', 1)], { keep: 1, pattern: 'n-*' }, none)),
    ).toEqual(['n-b']);
  });
});

describe('applyRetention', () => {
  interface Retained {
    readonly deleted: readonly string[];
    readonly warnings: readonly string[];
    readonly listings: number;
    readonly removals: number;
    /** Deletions at the same time. */
    readonly most: number;
  }

  /** @param listings the server's successive listings; the last one repeats */
  async function retain(
    listings: readonly (readonly Download[])[],
    given: {
      published?: readonly string[];
      gone?: readonly string[];
      keep?: number;
      concurrency?: number;
    } = {},
  ): Promise<Retained> {
    const warnings: string[] = [];
    const deleted: string[] = [];
    let asked = 0;
    let removing = 0;
    let removals = 0;
    let most = 0;
    const tools: RetentionTools = {
      client: {
        list: async () => await Promise.resolve(listings[Math.min(asked++, listings.length - 1)] ?? []),
        exists: async (name) => await Promise.resolve(given.gone?.includes(name) !== true),
        remove: async (name) => {
          removals++;
          most = Math.max(most, ++removing);
          await new Promise(setImmediate);
          removing--;
          return given.gone?.includes(name) !== true;
        },
      },
      log: {
        info: (message) => lines.push(message),
        debug: () => undefined,
        warning: (message) => warnings.push(message),
      },
      signal: new AbortController().signal,
      concurrency: given.concurrency ?? 1,
      patience: { baseMs: 1, limitMs: 7, sleep: async () => await Promise.resolve() },
    };
    const { published = ['n-4'], keep = 1 } = given;
    await applyRetention({ keep, pattern: 'n-*' }, new Set(published), deleted, tools);
    return { deleted, warnings, listings: asked, removals, most };
  }
  const lines: string[] = [];

  it.each([
    [1, 'n-3: deleted, older than the newest that matches n-*'],
    [3, 'n-1: deleted, older than the newest 3 that match n-*'],
  ])('says why, with --keep %d', async (keep, line) => {
    lines.length = 0;
    await retain([nightlies], { keep });
    expect(lines.at(-1)).toBe(line);
  });

  it("waits until this run's upload is listed", async () => {
    const late = nightlies.filter(({ name }) => name !== 'n-4');
    expect(await retain([late, late, nightlies])).toMatchObject({
      deleted: ['n-1', 'n-2', 'n-3'],
      warnings: [],
      // Once more before each deletion.
      listings: 5,
      most: 1,
    });
  });

  it("deletes nothing if this run's upload is never listed", async () => {
    const late = nightlies.filter(({ name }) => name !== 'n-4');
    expect(await retain([late])).toMatchObject({
      deleted: [],
      warnings: [
        'n-4 was uploaded, but the listing does not show it yet: --keep leaves old downloads for the next run',
      ],
      // At once, and after 1, 2 and 4 of the 7 ms.
      listings: 4,
      most: 0,
    });
  });

  it("deletes nothing, and does not wait, if another run has deleted this run's upload", async () => {
    const { deleted, warnings, listings } = await retain([[download('n-5', 5), download('n-1', 1)]], {
      gone: ['n-4'],
    });
    expect([deleted, listings]).toEqual([[], 1]);
    expect(warnings).toEqual([
      'n-4 was uploaded, but something else has deleted it since: --keep leaves the other downloads alone',
    ]);
  });

  it('lists before each deletion, and spares a name that was published again in the meantime', async () => {
    const renewed = [...nightlies.filter(({ name }) => name !== 'n-2'), download('n-2', 5)];
    expect(await retain([nightlies, renewed])).toMatchObject({ deleted: ['n-1', 'n-3'], listings: 2 });
  });

  it('does not report a download as deleted that no longer existed', async () => {
    expect((await retain([nightlies], { gone: ['n-2'] })).deleted).toEqual(['n-1', 'n-3']);
  });

  it('lists again once a download turns out to be deleted already: another run is deleting, too', async () => {
    const old = Array.from({ length: 8 }, (_, index) => download(`n-old-${index}`, 1, index));
    const own = download('n-4', 4);
    const gone = old.map(({ name }) => name);
    const { deleted, listings, removals } = await retain([[...old, own], [own]], { gone });
    expect([deleted, listings, removals]).toEqual([[], 2, 1]);
  });

  it('deletes as many at the same time as --concurrency allows', async () => {
    const old = Array.from({ length: 22 }, (_, index) => download(`n-old-${10 + index}`, 1, index));
    const few = await retain([[...old.slice(0, 7), download('n-4', 4)]], { concurrency: 3 });
    expect([few.deleted.length, few.listings, few.most]).toEqual([7, 3, 3]);
    const many = await retain([[...old, download('n-4', 4)]], { concurrency: 3 });
    expect([many.deleted.length, many.most]).toEqual([22, 3]);
  });

  it('deletes a backlog ten at a time, and spares a name that was published again in the meantime', async () => {
    const old = Array.from({ length: 12 }, (_, index) => download(`n-old-${10 + index}`, 1, index));
    const own = download('n-4', 4);
    const renewed = [...old.slice(0, 11), download('n-old-21', 5), own];
    const { deleted, listings } = await retain([[...old, own], renewed]);
    // In any order, because other runs may delete the same ones.
    expect([...deleted].sort()).toEqual(old.slice(0, 11).map(({ name }) => name));
    expect(listings).toBe(2);
  });
});
