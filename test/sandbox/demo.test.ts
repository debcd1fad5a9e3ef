/** `npm run demo -- --keep-running`: a short output, and URLs that work until the demo is ended. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { until } from '../until.ts';

it('shows in fewer than 90 lines what was published and compared, and keeps running', async () => {
  const run = join(__dirname, '..', '..', 'ci-scripts', 'run.mjs');
  const child = spawn(process.execPath, [run, join(__dirname, 'demo.ts'), '--keep-running'], {
    // A group of its own gets the signal as from a terminal.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = once(child, 'close');
  const urls = (): readonly RegExpMatchArray[] => [...output.matchAll(/^ {2}curl --user (\S+) (\S+)\n/gm)];
  try {
    await until(() => urls().length === 5, ended);
    const [shown = ''] = output.split('\nThe sandbox keeps running');
    expect(shown).toContain('\nEverything was published as expected.');
    expect(shown.split('\n').length).toBeLessThan(90);
    expect(shown.match(/^ {2}as expected: /gm)?.length).toBeGreaterThan(3);
    for (const [, user = '', url = ''] of urls()) {
      const { status } = await fetch(url, { headers: { authorization: `Basic ${btoa(user)}` } });
      expect([url, status]).toEqual([url, 200]);
    }
  } finally {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGINT');
  }
  expect(await ended).toEqual([0, null]);
});
