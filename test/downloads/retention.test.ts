import { describe, expect, it } from '@jest/globals';
import type { Download } from '../../pipe/downloads/client.ts';
import { expiredDownloads } from '../../pipe/downloads/retention.ts';

/** Day N of January. */
const download = (name: string, day: number): Download => ({
  name,
  size: 1,
  createdOn: new Date(Date.UTC(2026, 0, day)),
});
const names = (downloads: readonly Download[]): readonly string[] => downloads.map(({ name }) => name);

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
    'keeps the newest %i that match, whatever the order of the listing, and names the rest oldest first',
    (keep, expected) => {
      expect(names(expiredDownloads(nightlies, { keep, pattern: 'n-*' }, new Set()))).toEqual(expected);
    },
  );

  it('never names one that does not match', () => {
    expect(names(expiredDownloads(nightlies, { keep: 1, pattern: '*.zip' }, new Set()))).toEqual([]);
    expect(names(expiredDownloads(nightlies, { keep: 1, pattern: 'N-*' }, new Set()))).toEqual([]);
  });

  it('counts those of this run as the newest, and never names them, even when there are more of them than are kept', () => {
    expect(names(expiredDownloads(nightlies, { keep: 2, pattern: 'n-*' }, new Set(['n-1'])))).toEqual(['n-2', 'n-3']);
    expect(names(expiredDownloads(nightlies, { keep: 1, pattern: 'n-*' }, new Set(['n-1', 'n-2'])))).toEqual([
      'n-3',
      'n-4',
    ]);
  });

  it('does not take a pattern of stars for dot files', () => {
    expect(
      names(
        expiredDownloads(
          [download('.keep', 1), download('a', 2), download('b', 3)],
          { keep: 1, pattern: '*' },
          new Set(),
        ),
      ),
    ).toEqual(['a']);
  });

  it('orders downloads of one moment by name, so that two runs decide alike', () => {
    expect(
      names(expiredDownloads([download('n-b', 1), download('n-a', 1)], { keep: 1, pattern: 'n-*' }, new Set())),
    ).toEqual(['n-b']);
  });
});
