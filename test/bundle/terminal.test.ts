/** The bundle on a terminal: the progress bar during a real upload of each TYPE. */

import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { widthOf } from '../../pipe/toolkit/columns.ts';
import { describeIf } from '../skip-unless.ts';
import { types, useOneOfEach } from './one-of-each.ts';

const fileBytes = 4_000_000;
const fixture = useOneOfEach({ fileBytes });
const hasTerminals = spawnSync('script', ['--version']).status === 0;
const clear = '\r\u001B[K';
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
  it.each([...types.map((type) => [type, 100] as const), ...[80, 40, 20].map((columns) => ['file', columns] as const)])(
    'TYPE %s shows its progress on a terminal of %d columns',
    async (type, columns) => {
      for (const [server, method] of [
        ['api', 'POST'],
        ['registry', 'PATCH'],
        ['npm', 'PUT'],
        ['maven', 'PUT'],
        ['pypi', 'POST'],
        ['octopus', 'POST'],
      ] as const)
        fixture.sandbox.inject({ server, method, times: 1, action: { kind: 'trickle', bytesPerSecond: 4_000_000 } });
      const { exitCode, output } = await fixture.upload(type, fixture.origins[type], {}, { columns });
      expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringContaining('✔ ') });
      expect(await fixture.problems(type)).toEqual([]);
      const shown = bars(output);
      expect(shown.length).toBeGreaterThan(0);
      // Nothing of the last bar is left: what follows begins with an empty line.
      expect(output.lastIndexOf(clear + shown.at(-1))).toBeLessThan(output.lastIndexOf(clear));
      for (const bar of shown) {
        expect(bar.length).toBeLessThan(columns);
        if (/waiting|^[\d.]+ \w+$/.test(bar)) continue;
        if (columns === 20) {
          expect(bar).toMatch(/^\d+ %(?: of [\d.]+ MB)?$/);
          continue;
        }
        const [, sent = '', total = '', percent = '', left] =
          /^(?:(?:\S.* )?\[[=> ]{10,24}\] )?([\d.]+ \w+) of ([\d.]+ \w+) \((\d+) %\)(?:, [\d.]+ \w+\/s)?(?:, ([\d.]+ \w+)(?: \d+ \w+)? left)?/.exec(
            bar,
          ) ?? [];
        const [value = '', unit = ''] = left?.split(' ') ?? [];
        expect({ bar, isSound: bytes(sent) <= bytes(total) && Number(percent) <= 100 }).toEqual({ bar, isSound: true });
        expect(bytes(total)).toBeGreaterThanOrEqual(fileBytes * 0.99);
        if (left !== undefined) expect(Number(value) * (durations[unit] ?? Number.NaN)).toBeGreaterThanOrEqual(0);
      }
    },
  );

  it.each([80, 40, 20])('names of wide characters fit on a terminal of %d columns', async (columns) => {
    const name = `${'日本語'.repeat(9)}-${'👩\u200D👧🇩🇪e\u0301'.repeat(5)}-a.bin`;
    await writeFile(join(fixture.directory, name), Buffer.alloc(fileBytes));
    fixture.sandbox.inject({ server: 'api', method: 'POST', action: { kind: 'trickle', bytesPerSecond: 4_000_000 } });
    const { exitCode, output } = await fixture.upload('file', fixture.origins.file, { FILENAME: name }, { columns });
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringContaining('✔ ') });
    const shown = bars(output);
    expect(shown.length).toBeGreaterThan(0);
    for (const bar of shown) expect({ bar, width: widthOf(bar) < columns }).toEqual({ bar, width: true });
    if (columns === 80) expect(shown.join('\n')).toMatch(/^"日本語.*….*-a\.bin"/m);
    // What was cut in half could not be decoded.
    expect(output).not.toContain('\uFFFD');
  });

  it('a terminal that cannot move its cursor gets no bar and no colours, unless they are forced', async () => {
    for (const [env, isColoured] of [
      [{ NO_COLOR: '' }, false],
      [{ FORCE_COLOR: '1' }, true],
    ] as const) {
      const options = { columns: 80 };
      const dumb = { ...env, TERM: 'dumb', DEBUG: 'false' };
      const { exitCode, output } = await fixture.upload('file', fixture.origins.file, dumb, options);
      expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringContaining('✔ ') });
      expect(output).not.toContain(clear);
      expect(output.includes('\u001B[32m')).toBe(isColoured);
    }
  });

  it('the bar does not count files that are skipped', async () => {
    fixture.sandbox.put('app.bin', 'there already');
    fixture.sandbox.inject({ server: 'api', method: 'POST', action: { kind: 'trickle', bytesPerSecond: 4_000_000 } });
    const env = { FILENAME: "['app.bin', 'image.tar']", EXTRA_ARGS: '--skip-existing' };
    const { exitCode, output } = await fixture.upload('file', fixture.origins.file, env, { columns: 100 });
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringContaining('✔ ') });
    const totals = bars(output).map((bar) => bytes(/(?: of|:) ([\d.]+ \w+) (?:\(|sent, waiting)/.exec(bar)?.[1] ?? ''));
    expect(totals.length).toBeGreaterThan(0);
    for (const total of totals) expect(total / fileBytes).toBeCloseTo(1, 1);
  });
});
