import { describe, expect, it } from '@jest/globals';
import { planLines } from '../../pipe/destinations/plan-lines.ts';
import {
  fittingHeadline,
  linksOf,
  logItem,
  skippedLines,
  type SummaryItem,
  summaryLines,
} from '../../pipe/destinations/summary.ts';

const same = (text: string): string => text;

const digest = '0123456789abcdef'.repeat(4);

function items(count: number, name: (index: number) => string = (index) => `${index}.txt`): readonly SummaryItem[] {
  return Array.from({ length: count }, (_, index) => ({ name: name(index), size: 10 ** index, action: 'uploaded' }));
}

function table(...rows: readonly SummaryItem[]): readonly string[] {
  return summaryLines({ headline: 'done', items: rows, links: [] }, same).slice(1);
}

const style = { isDryRun: false, scrub: same };
const dryRun = { isDryRun: true, scrub: same };

describe('the table', () => {
  it('shows no part of a secret in a name that is too long', () => {
    const secret = ['kQ7vN2', 'eKp81X', 'c4TbYm', '0LsU5d'].join('');
    const scrub = (text: string): string => text.replaceAll(secret, '***');
    const rows = ['a', 'b'].map((letter) => ({
      name: `${letter.repeat(60)}${secret}${letter.repeat(60)}`,
      action: 'uploaded' as const,
    }));
    const text = summaryLines({ headline: 'done', items: rows, links: [] }, scrub).join('');
    for (let at = 0; at + 4 <= secret.length; at++) expect(text).not.toContain(secret.slice(at, at + 4));
  });

  it('is aligned, and has short digests', () => {
    expect(
      table(
        { name: 'app.zip', size: 12_300_000, digest, action: 'uploaded' },
        { name: 'a.txt', size: 5, digest: `sha256:${digest}`, action: 'skipped' },
        { name: 'none', action: 'reused' },
      ),
    ).toEqual([
      '  app.zip  12.3 MB  sha256:0123456789ab  uploaded',
      '  a.txt        5 B  sha256:0123456789ab  skipped',
      '  none                                   reused',
    ]);
  });

  it('has no column for digests if there are none', () => {
    expect(table(...items(2))).toEqual(['  0.txt   1 B  uploaded', '  1.txt  10 B  uploaded']);
  });

  it('is left out for one item, and for more than 20', () => {
    expect([1, 2, 20, 21, 200].map((count) => table(...items(count)).length)).toEqual([0, 2, 20, 0, 0]);
  });

  it('does not count the list of the others', () => {
    const rows = (count: number): number =>
      summaryLines({ headline: 'done', items: items(count), isListLast: true, links: [] }, same).length - 1;
    expect([rows(21), rows(22)]).toEqual([21, 0]);
  });

  it.each(['x', 'ü', '𝒳'])('is at most 80 columns wide, and keeps the end of a long name of %s', (character) => {
    const [row = '', ...others] = table(
      { name: `${character.repeat(200)}:v1`, size: 999_000, digest, action: 'uploaded' },
      ...items(1),
    );
    expect(Array.from(row)).toHaveLength(80);
    expect(row).toMatch(/^ {2}\S+…\S+:v1 {2}999 kB {2}sha256:0123456789ab {2}uploaded$/u);
    expect(others).toHaveLength(1);
  });

  it('gives no line to the line break of a name', () => {
    expect(table({ name: 'a\n✔ b', action: 'uploaded' }, ...items(1))[0]).toContain(String.raw`"a\n✔ b"`);
  });
});

describe('the links', () => {
  it('are those of each of few items, or of all', () => {
    const urls = items(4).map(({ name }) => ({ url: `https://x/${name}` }));
    expect(linksOf(urls.slice(0, 3), 'https://x/')).toEqual(['https://x/0.txt', 'https://x/1.txt', 'https://x/2.txt']);
    expect(linksOf(urls, 'https://x/')).toEqual(['https://x/']);
  });

  it('come last, each on a line of its own, below their title', () => {
    const given = { headline: 'done', items: [], savings: ['saved'], linksTitle: 'Look:' };
    expect(summaryLines({ ...given, links: ['a', 'b'] }, same)).toEqual(['done', '  saved', '  Look:', '  a', '  b']);
    expect(summaryLines({ ...given, links: [] }, same)).toEqual(['done', '  saved']);
    expect(summaryLines({ ...given, links: items(21).map(({ name }) => name) }, same)).toHaveLength(3 + 21);
  });
});

it('says how much was not sent because it was there', () => {
  expect(skippedLines(items(3))).toEqual([]);
  expect(skippedLines(items(3).map((item) => ({ ...item, action: 'skipped' })))).toEqual([
    'skipped 3 already there: 111 B and 3 requests not sent',
  ]);
  expect(skippedLines([{ name: 'a', action: 'skipped', savedRequests: 5 }])).toEqual([
    'skipped 1 already there: 5 requests not sent',
  ]);
});

it('takes the first headline that fits on a line of 80 columns', () => {
  expect(fittingHeadline('x'.repeat(78), 'short')).toBe('x'.repeat(78));
  expect(fittingHeadline('x'.repeat(79), 'short')).toBe('short');
  expect(fittingHeadline('x'.repeat(79), 'y'.repeat(79))).toBe('y'.repeat(79));
});

it('logs the outcome of each of few items, and those of many only for DEBUG', () => {
  const logged: string[] = [];
  const log = { info: () => logged.push('info'), debug: () => logged.push('debug') };
  for (const count of [1, 3, 4]) logItem({ log, scrub: same }, count, 'a', 'uploaded');
  expect(logged).toEqual(['info', 'info', 'debug']);
});

describe('the plan', () => {
  const named = (count: number, name: string): Parameters<typeof planLines>[0] =>
    Array.from({ length: count }, (_, index) => ({ name: `${name}${index}`, details: ', 1 B' }));

  it('lists each of few items', () => {
    expect(planLines(named(2, 'a'), style)).toEqual(['  a0, 1 B', '  a1, 1 B']);
    expect(planLines(named(5, 'a'), style)).toHaveLength(5);
  });

  it('has one line for many, with as many names as fit', () => {
    expect(planLines(named(6, 'a'), style)).toEqual(['  a0, a1, a2, a3, a4, a5']);
    const [line = ''] = planLines(named(200, 'dist/file-'), style);
    expect(line).toMatch(/^ {2}dist\/file-0, .* and 19\d more$/);
    expect(`INFO: ${line}`.length).toBeLessThanOrEqual(80);
  });

  it('has at least one name, shortened if need be', () => {
    const [line = ''] = planLines(named(6, 'x'.repeat(100)), style);
    expect(line).toMatch(/^ {2}x+…x+0 and 5 more$/);
    expect(`INFO: ${line}`).toHaveLength(80);
  });

  it('lists up to 50 items of a dry run', () => {
    expect(planLines(named(50, 'a'), dryRun)).toHaveLength(50);
    expect(planLines(named(52, 'a'), dryRun).slice(50)).toEqual(['  … and 2 more']);
  });
});
