import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createLog } from '../../pipe/toolkit/log.ts';
import { createOutput } from '../../pipe/toolkit/stdout.ts';
import { createProgress, type PlannedTransfers, type Progress } from '../../pipe/toolkit/progress.ts';
import { createSecrets } from '../../pipe/toolkit/scrub.ts';
import { type RecordingStream, recordingStream } from './recording-stream.ts';

const plainLog = { isDebug: false };
const secret = ['kQ7vN2', 'eKp81X', 'c4TbYm', '0LsU5d'].join('');
const clear = '\r\u001B[K';

/** All output of a run, which has a total of 1 GB by default. */
function start(
  stream: RecordingStream = recordingStream(),
  options: PlannedTransfers = { totalBytes: 1e9 },
): { progress: Progress; stream: RecordingStream } {
  const { scrub } = createSecrets([secret]);
  const output = createOutput(stream, scrub, false);
  return { progress: createProgress(output, createLog(output, plainLog), { ...options, scrub }), stream };
}

function lines(stream: RecordingStream): readonly string[] {
  return stream.text.split('\n').slice(0, -1);
}

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('in a log', () => {
  it('prints bytes, rate and time left for a long transfer', () => {
    const { progress, stream } = start();
    const transfer = progress.start('app.zip', 1e9);
    jest.advanceTimersByTime(9_000);
    transfer.sent(460e6);
    jest.advanceTimersByTime(1_000);
    expect(stream.text).toBe('INFO: app.zip: 460 MB of 1.00 GB (46 %), 48.4 MB/s, 11.2 s left\n');
  });

  it('gives the rate since the attempt began, even if nothing new was sent', () => {
    const { progress, stream } = start();
    const transfer = progress.start('a', 1e9);
    for (const bytes of [0, 50e6, 95e6, 95e6]) {
      transfer.sent(bytes);
      jest.advanceTimersByTime(2_375);
    }
    expect(stream.text).toBe('INFO: a: 95.0 MB of 1.00 GB (9 %), 10.0 MB/s, 1 min 31 s left\n');
  });

  it('prints a line at least every 10 s, and not many more', () => {
    const { progress, stream } = start();
    // Started between two ticks of the timer, as most are.
    jest.advanceTimersByTime(250);
    const transfer = progress.start('app.zip', 1e9);
    const said = [Date.now()];
    for (let ms = 0; ms < 60_000; ms += 50) {
      transfer.sent(ms);
      jest.advanceTimersByTime(50);
      if (lines(stream).length === said.length) said.push(Date.now());
    }
    const gaps = said.slice(1).map((time, index) => time - (said[index] ?? 0));
    expect(gaps).toHaveLength(6);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(10_000);
  });

  it('prints one line for each of several transfers', () => {
    const { progress, stream } = start();
    const transfers = [progress.start('a', 2e6), progress.start('b', 4e6)];
    jest.advanceTimersByTime(9_000);
    for (const transfer of transfers) transfer.sent(1e6);
    jest.advanceTimersByTime(1_000);
    expect(lines(stream)).toEqual([
      'INFO: a: 1.00 MB of 2.00 MB (50 %), 105 kB/s, 9.5 s left',
      'INFO: b: 1.00 MB of 4.00 MB (25 %), 105 kB/s, 28.5 s left',
    ]);
  });

  it('prints nothing for short transfers, however many', () => {
    const { progress, stream } = start();
    for (let count = 0; count < 20; count++) {
      const transfer = progress.start('a', 10);
      jest.advanceTimersByTime(5_000);
      transfer.sent(10);
      transfer.end();
    }
    expect(stream.text).toBe('');
  });

  it('reports when it is waiting for the answer', () => {
    const { progress, stream } = start();
    progress.start('a', 10).sent(10);
    jest.advanceTimersByTime(10_000);
    expect(stream.text).toBe("INFO: a: 10 B sent, waiting for the server's answer\n");
  });

  it('says for how long nothing has been sent, as between two attempts, instead of a rate', () => {
    const { progress, stream } = start();
    const transfer = progress.start('a', 1e9);
    for (const bytes of [0, 50e6, 95e6, 95e6, 95e6, 95e6]) {
      transfer.sent(bytes);
      jest.advanceTimersByTime(2_000);
    }
    expect(stream.text).toBe('INFO: a: 95.0 MB of 1.00 GB (9 %), nothing sent for 5.5 s\n');
  });

  it('does not show the time left before anything is sent', () => {
    const { progress, stream } = start();
    progress.start('a', 10);
    jest.advanceTimersByTime(10_000);
    expect(stream.text).toBe('INFO: a: 0 B of 10 B (0 %), nothing sent for 9.5 s\n');
  });

  it.each([
    ['which had sent something', 500e6],
    ['which had sent nothing', 0],
  ])('after a first attempt %s, gives the rate of the current one', (_, sentBefore) => {
    const { progress, stream } = start();
    const transfer = progress.start('a', 1e9);
    transfer.sent(0);
    transfer.sent(sentBefore);
    jest.advanceTimersByTime(9_000);
    transfer.sent(0);
    transfer.sent(10e6);
    jest.advanceTimersByTime(1_000);
    expect(stream.text).toMatch(/^INFO: a: 10\.0 MB of 1\.00 GB \(1 %\), 20\.0 MB\/s/);
  });
});

/** Sends items one after another at this rate, in steps of 100 ms. */
function send(progress: Progress, sizes: readonly number[], bytesPerSecond: number): void {
  for (const [index, size] of sizes.entries()) {
    const transfer = progress.start(`${index}.txt`, size);
    for (let sent = 0; sent < size;) {
      jest.advanceTimersByTime(100);
      sent = Math.min(size, sent + bytesPerSecond / 10);
      transfer.sent(sent);
    }
    transfer.end();
  }
}

describe('the number of lines in a log', () => {
  it('is 9 for 1 GiB at 100 Mbit/s', () => {
    const { progress, stream } = start(recordingStream(), {
      totalBytes: 2 ** 30,
      items: { count: 1, plural: 'files' },
    });
    send(progress, [2 ** 30], 12.5e6);
    expect(lines(stream)).toHaveLength(9);
    expect(lines(stream).at(-1)).toBe('INFO: 0.txt: 1.07 GB of 1.07 GB (99 %), 12.5 MB/s, 500 ms left');
  });

  it('grows more slowly for a transfer that takes hours', () => {
    const { progress, stream } = start(recordingStream(), { totalBytes: 36e9 });
    send(progress, [36e9], 1e7);
    // 12 in the first two minutes, 16 until the tenth, and then one a minute.
    expect(lines(stream)).toHaveLength(12 + 16 + 50);
  });

  it('is one every 10 s for many small items, which are summed up', () => {
    const { progress, stream } = start(recordingStream(), {
      totalBytes: 6.2e6,
      items: { count: 201, plural: 'files' },
    });
    progress.skip(2e5);
    send(
      progress,
      Array.from({ length: 200 }, () => 3e4),
      1e5,
    );
    expect(lines(stream)).toHaveLength(6);
    expect(lines(stream)[2]).toBe('INFO: 95 of 201 files, 2.84 MB of 6.00 MB (47 %), 99.6 kB/s, 31.7 s left');
  });

  it('does not depend on how long each of the small items takes', () => {
    const { progress, stream } = start(recordingStream(), { totalBytes: 2e6, items: { count: 20, plural: 'files' } });
    send(
      progress,
      Array.from({ length: 20 }, () => 1e5),
      5e3,
    );
    expect(lines(stream).every((line) => /^INFO: \d+ of 20 files, /.test(line))).toBe(true);
    // Those of a run of 400 s.
    expect(lines(stream)).toHaveLength(12 + 9);
  });

  it('tells a large item among many by its name', () => {
    const { progress, stream } = start(recordingStream(), { totalBytes: 1e9, items: { count: 10, plural: 'files' } });
    const large = progress.start('large.zip', 9e8);
    progress.start('small.txt', 1e7).sent(1e6);
    jest.advanceTimersByTime(9_000);
    large.sent(3e8);
    jest.advanceTimersByTime(1_000);
    expect(lines(stream)).toEqual(['INFO: large.zip: 300 MB of 900 MB (33 %), 31.6 MB/s, 19.0 s left']);
  });

  it('ends when many items wait for the server, and when nothing is being sent', () => {
    const { progress, stream } = start(recordingStream(), { totalBytes: 40, items: { count: 4, plural: 'files' } });
    const transfers = ['a', 'b', 'c', 'd'].map((name) => progress.start(name, 10));
    for (const transfer of transfers) transfer.sent(10);
    jest.advanceTimersByTime(10_000);
    expect(stream.text).toBe("INFO: 0 of 4 files, 40 B sent, waiting for the server's answer\n");
    for (const transfer of transfers) transfer.end();
    jest.advanceTimersByTime(60_000);
    expect(lines(stream)).toHaveLength(1);
  });
});

describe('on a terminal', () => {
  const terminal = { isTTY: true, columns: 100 };

  it('shows no part of a secret in a name that is too long', () => {
    const { progress, stream } = start(recordingStream(terminal));
    const transfer = progress.start(`release-${secret}-linux-amd64.tar.gz`, 1e9);
    for (const sent of [1, 5e8, 1e9]) {
      transfer.sent(sent);
      jest.advanceTimersByTime(200);
    }
    expect(stream.text).toContain('***');
    for (let at = 0; at + 4 <= secret.length; at++) expect(stream.text).not.toContain(secret.slice(at, at + 4));
    progress.close();
  });

  it('shows one bar for all transfers, and no lines', () => {
    const { progress, stream } = start(recordingStream(terminal));
    const first = progress.start('a', 250e6);
    first.sent(250e6);
    first.end();
    progress.start('b', 750e6).sent(250e6);
    stream.text = '';
    jest.advanceTimersByTime(100);
    expect(stream.text).toBe(`${clear}b [============>           ] 500 MB of 1.00 GB (50 %), 5.00 GB/s, 100 ms left`);
    jest.advanceTimersByTime(60_000);
    expect(stream.text).not.toContain('\n');
  });

  it.each([
    [0, 'a [>                       ] 0 B of 1.00 GB (0 %), 0 B/s'],
    [0.999e9, 'a [=======================>] 999 MB of 1.00 GB (99 %), 9.99 GB/s, 0 ms left'],
    [1e9, 'a: 1.00 GB sent, waiting for the server'],
  ])('shows %d bytes of 1 GB', (sent, bar) => {
    const { progress, stream } = start(recordingStream(terminal));
    progress.start('a', 1e9).sent(sent);
    jest.advanceTimersByTime(100);
    expect(stream.text).toBe(clear + bar);
  });

  it('shows the rate of the last seconds', () => {
    const { progress, stream } = start(recordingStream(terminal));
    const transfer = progress.start('a', 1e9);
    transfer.sent(500e6);
    jest.advanceTimersByTime(10_000);
    expect(stream.text.endsWith('500 MB of 1.00 GB (50 %), nothing sent for 10.0 s')).toBe(true);
    for (let sent = 500e6; sent <= 600e6; sent += 1e6) {
      transfer.sent(sent);
      jest.advanceTimersByTime(100);
    }
    expect(stream.text).toMatch(/600 MB of 1\.00 GB \(60 %\), 10\.0 MB\/s, 40\.0 s left$/);
  });

  it('shows how many of several items are done, and of other transfers how many run', () => {
    const { progress, stream } = start(recordingStream(terminal), {
      totalBytes: 1e9,
      items: { count: 3, plural: 'files' },
    });
    progress.start('a', 1e6).end();
    progress.start('b', 1e6);
    jest.advanceTimersByTime(100);
    expect(stream.text).toContain('1 of 3 files [');
    const others = start(recordingStream(terminal));
    for (const name of ['layer 1 of 2', 'layer 2 of 2']) others.progress.start(name, 1e6);
    jest.advanceTimersByTime(100);
    expect(others.stream.text).toContain('2 transfers [');
  });

  it('shortens a long name', () => {
    const { progress, stream } = start(recordingStream(terminal));
    progress.start(`${'long'.repeat(20)}.tar.gz`, 1e9).sent(5e8);
    jest.advanceTimersByTime(100);
    expect(stream.text).toMatch(/^\r\u001B\[Klonglon…\w*\.tar\.gz \[=====>    \] 500 MB/);
  });

  it('goes back if a transfer is restarted', () => {
    const { progress, stream } = start(recordingStream(terminal));
    const transfer = progress.start('a', 1e9);
    transfer.sent(900e6);
    jest.advanceTimersByTime(100);
    transfer.sent(0);
    stream.text = '';
    jest.advanceTimersByTime(100);
    expect(stream.text).toContain('0 B of 1.00 GB (0 %)');
  });

  it('removes the bar between transfers and at the end, and counts each transfer once', () => {
    const { progress, stream } = start(recordingStream(terminal));
    const transfer = progress.start('a', 100e6);
    transfer.sent(100e6);
    jest.advanceTimersByTime(100);
    transfer.end();
    transfer.end();
    expect(stream.text.endsWith(clear)).toBe(true);
    progress.start('b', 900e6);
    jest.advanceTimersByTime(100);
    expect(stream.text).toContain('100 MB of 1.00 GB (10 %)');
    progress.close();
    expect(stream.text.endsWith(clear)).toBe(true);
  });

  it('shows the total: the plan, minus skipped bytes, plus bytes that are sent twice', () => {
    const { progress, stream } = start(recordingStream(terminal));
    const shown = (): string => {
      stream.text = '';
      jest.advanceTimersByTime(100);
      return /\] (.*\))/.exec(stream.text)?.[1] ?? '';
    };
    progress.skip(400e6);
    const first = progress.start('a', 600e6);
    first.sent(300e6);
    expect(shown()).toBe('300 MB of 600 MB (50 %)');
    first.sent(600e6);
    first.end();
    progress.start('a, again', 600e6).sent(300e6);
    expect(shown()).toBe('900 MB of 1.20 GB (75 %)');
  });

  it('never shows more than 100 % or a negative time left', () => {
    const { progress, stream } = start(recordingStream(terminal));
    progress.start('a', 1e9).sent(1.5e9);
    jest.advanceTimersByTime(100);
    expect(stream.text).toBe(`${clear}a: 1.00 GB sent, waiting for the server`);
  });

  it('shows only the bytes sent if the total is unknown', () => {
    const { progress, stream } = start(recordingStream(terminal), { totalBytes: undefined });
    progress.start('a', 1e6).sent(5e5);
    jest.advanceTimersByTime(100);
    expect(stream.text).toBe(`${clear}500 kB sent, 5.00 MB/s`);
  });

  const all = '999 MB of 1.00 GB (99 %), 9.99 GB/s, 0 ms left';
  it.each([
    [76, `a [=======================>] ${all}`],
    [75, `a [=========>] ${all}`],
    [61, `[=========>] ${all}`],
    [59, all],
    [47, all],
    [46, '999 MB of 1.00 GB (99 %), 9.99 GB/s'],
    [35, '999 MB of 1.00 GB (99 %)'],
    [24, '99 % of 1.00 GB'],
    [20, '99 % of 1.00 GB'],
    [15, '99 %'],
    [4, '999'],
  ])('shows the longest form that fits a terminal of %d columns', (columns, shown) => {
    const { progress, stream } = start(recordingStream({ isTTY: true, columns }));
    progress.start('a', 1e9).sent(999e6);
    jest.advanceTimersByTime(100);
    expect(stream.text).toBe(clear + shown);
  });

  it('shows an empty run as complete', () => {
    const { progress, stream } = start(recordingStream(terminal), { totalBytes: 0 });
    progress.start('empty', 0);
    jest.advanceTimersByTime(100);
    expect(stream.text).toBe(`${clear}empty: 0 B sent, waiting for the server`);
    progress.close();
  });
});

describe('the timer', () => {
  it.each([{ isTTY: true }, { isTTY: false }])('is gone after close: %j', (properties) => {
    const { progress, stream } = start(recordingStream(properties));
    progress.start('a', 10);
    expect(jest.getTimerCount()).toBe(1);
    progress.close();
    expect(jest.getTimerCount()).toBe(0);
    const { text } = stream;
    jest.advanceTimersByTime(60_000);
    expect(stream.text).toBe(text);
  });

  it('does not keep the process alive', () => {
    jest.useRealTimers();
    const before = countTimers();
    const { progress } = start();
    expect(countTimers()).toBe(before);
    progress.close();
  });
});

/** The timers that keep the process alive. */
function countTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}
