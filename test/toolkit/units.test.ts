import { describe, expect, it } from '@jest/globals';
import { formatBytes, formatCount, formatDifferentBytes, formatDuration } from '../../pipe/toolkit/units.ts';

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [1, '1 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [1024, '1.02 kB'],
    [9_994, '9.99 kB'],
    [9_996, '10.0 kB'],
    [12_345, '12.3 kB'],
    [99_960, '100 kB'],
    [123_456, '123 kB'],
    [999_499, '999 kB'],
    [999_500, '1.00 MB'],
    [2_147_483_648, '2.15 GB'],
    [5e12, '5.00 TB'],
    [5e16, '50000 TB'],
  ])('%d is %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it.each([
    [1 / 3, '0 B'],
    [333.333_333, '333 B'],
    [999.4, '999 B'],
    [999.5, '1.00 kB'],
  ])('%d, as a rate, is %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

describe('formatDifferentBytes', () => {
  it.each([
    [3, 7, ['3 B', '7 B']],
    [1001, 1002, ['1001 bytes', '1002 bytes']],
    [1001, 1020, ['1.00 kB', '1.02 kB']],
    [5_000_000_000, 5_000_000_001, ['5000000000 bytes', '5000000001 bytes']],
  ])('%d and %d are %j', (one, other, texts) => {
    expect(formatDifferentBytes(one, other)).toEqual(texts);
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0 ms'],
    [0.4, '0 ms'],
    [850.4, '850 ms'],
    [999.4, '999 ms'],
    [999.6, '1.0 s'],
    [1000, '1.0 s'],
    [12_345, '12.3 s'],
    [30_060, '30.1 s'],
    [59_949, '59.9 s'],
    [59_950, '1 min 00 s'],
    [245_000, '4 min 05 s'],
    [3_599_499, '59 min 59 s'],
    [3_599_500, '1 h 00 min'],
    [7_380_000, '2 h 03 min'],
    [360_000_000, '100 h 00 min'],
  ])('%d ms is %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe('formatCount', () => {
  it.each([
    [0, '0 files'],
    [1, '1 file'],
    [2, '2 files'],
  ])('%d: %s', (count, text) => {
    expect(formatCount(count, 'file')).toBe(text);
  });

  it('accepts an irregular plural', () => {
    expect([formatCount(1, 'entry', 'entries'), formatCount(3, 'entry', 'entries')]).toEqual(['1 entry', '3 entries']);
  });
});
