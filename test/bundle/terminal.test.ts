/** The bundle on a terminal: the progress bar during a real upload of each TYPE. */

import { spawnSync } from 'node:child_process';
import { expect, it } from '@jest/globals';
import { describeIf } from '../skip-unless.ts';
import { types, useOneOfEach } from './one-of-each.ts';

const fileBytes = 4_000_000;
const fixture = useOneOfEach({ fileBytes });
const hasTerminals = spawnSync('script', ['--version']).status === 0;
const units: Readonly<Record<string, number>> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9 };
const durations: Readonly<Record<string, number>> = { ms: 1, s: 1e3, min: 6e4, h: 3.6e6 };

/** The bars in the order in which they were shown. A log line replaces the bar, and ends with a line break. */
function bars(output: string): readonly string[] {
  return [...output.matchAll(/\r\u001B\[K([^\r\n]+)(?![^\r\n]|\r?\n)/g)].map(([, shown = '']) => shown);
}

function bytes(text: string): number {
  const [, value = '', unit = ''] = /^([\d.]+) (\w+)$/.exec(text) ?? [];
  return Number(value) * (units[unit] ?? Number.NaN);
}

describeIf(hasTerminals, 'script, of util-linux, is not installed')('on a terminal', () => {
  it.each([...types.map((type) => [type, 100] as const), ['file', 40]] as const)(
    'TYPE %s shows its progress on a terminal of %d columns',
    async (type, columns) => {
      for (const [server, method] of [
        ['api', 'POST'],
        ['registry', 'PATCH'],
        ['npm', 'PUT'],
        ['maven', 'PUT'],
      ] as const)
        fixture.sandbox.inject({ server, method, times: 1, action: { kind: 'trickle', bytesPerSecond: 4_000_000 } });
      const { exitCode, output } = await fixture.upload(type, fixture.origins[type], {}, { columns });
      expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringContaining('✔ ') });
      expect(await fixture.problems(type)).toEqual([]);
      const shown = bars(output);
      expect(shown.length).toBeGreaterThan(0);
      for (const bar of shown) {
        expect(bar.length).toBeLessThan(columns);
        const [, sent = '', total = '', percent = '', left] =
          /^(?:\[[=> ]{24}\] )?([\d.]+ \w+) of ([\d.]+ \w+) \((\d+) %\)(?:, [\d.]+ \w+\/s)?(?:, ([\d.]+ \w+)(?: \d+ \w+)? left)?/.exec(
            bar,
          ) ?? [];
        const [value = '', unit = ''] = left?.split(' ') ?? [];
        expect({ bar, isSound: bytes(sent) <= bytes(total) && Number(percent) <= 100 }).toEqual({ bar, isSound: true });
        expect(bytes(total)).toBeGreaterThanOrEqual(fileBytes * 0.99);
        if (left !== undefined) expect(Number(value) * (durations[unit] ?? Number.NaN)).toBeGreaterThanOrEqual(0);
      }
    },
  );

  it('the bar does not count files that are skipped', async () => {
    fixture.sandbox.put('app.bin', 'there already');
    fixture.sandbox.inject({ server: 'api', method: 'POST', action: { kind: 'trickle', bytesPerSecond: 4_000_000 } });
    const env = { FILENAME: "['app.bin', 'image.tar']", EXTRA_ARGS: '--skip-existing' };
    const { exitCode, output } = await fixture.upload('file', fixture.origins.file, env, { columns: 100 });
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringContaining('✔ ') });
    const totals = bars(output).map((bar) => bytes(/ of ([\d.]+ \w+) \(/.exec(bar)?.[1] ?? ''));
    expect(totals.length).toBeGreaterThan(0);
    for (const total of totals) expect(total / fileBytes).toBeCloseTo(1, 1);
  });
});
