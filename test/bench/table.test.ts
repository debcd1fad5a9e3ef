/** The benchmark's arithmetic and its tables. */

import { describe, expect, it } from '@jest/globals';
import { median } from './contest.ts';
import { isMet, type Target } from './row.ts';
import { resultText, targetsText } from './table.ts';

const run = (wallMs: number, megabytes: number) => ({ wallMs, peakBytes: megabytes * 1e6 });

const target = (actual: number | undefined, relation: Target['relation']): Target => ({
  claim: 'x',
  actual,
  relation,
  limit: 2,
});

describe('median', () => {
  it.each([
    [[], undefined],
    [[3], 3],
    [[9, 1, 2], 2],
    [[4, 1, 3, 2], 2.5],
  ])('of %j is %p', (values, expected) => expect(median(values)).toBe(expected));
});

describe('resultText', () => {
  it('shows medians, spreads and ratios to the first line', () => {
    const text = resultText({
      title: 'One',
      scores: [
        { name: 'a', runs: [run(1000, 80), run(3000, 90), run(2000, 70)], sinkCpuMs: [], sentBytes: [] },
        { name: 'b', runs: [run(500, 40)], sinkCpuMs: [], sentBytes: [] },
        { name: 'c', missing: 'no c here', runs: [], sinkCpuMs: [], sentBytes: [] },
      ],
      targets: [],
    });
    expect(text.replaceAll(/ +/g, ' ').split('\n').slice(4)).toEqual([
      '| a | 2.00 | 1.00 to 3.00 | 1.00 | 80 | 1.00 |',
      '| b | 0.500 | 0.500 to 0.500 | 0.25 | 40 | 0.50 |',
      '',
      'Medians of 3 runs each.',
      '',
      'Skipped: c (no c here).',
    ]);
  });

  it('shows the bytes sent if a row requests it', () => {
    const scores = [{ name: 'a', runs: [run(1000, 80)], sinkCpuMs: [], sentBytes: [2e6, 1e6, 9e6] }];
    expect(resultText({ title: 'One', scores, showsSent: true, targets: [] })).toMatch(/80 \|\s+1\.00 \|\s+2\.0 \|/);
  });
});

describe('targets', () => {
  it.each([
    [2, '≤', true],
    [2, '≥', true],
    [2, '<', false],
    [1, '≥', false],
    [undefined, '≤', undefined],
  ] as const)('%p %s 2: %p', (actual, relation, expected) => expect(isMet(target(actual, relation))).toBe(expected));

  it('reports what was not measured', () => {
    expect(targetsText([target(undefined, '≤')])).toContain('not measured');
  });
});
