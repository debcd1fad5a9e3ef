import { createHash } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { usePublishFixture } from './publish-fixture.ts';

const { fixture, write, requests } = usePublishFixture();

it('SHA256SUMS is written twenty times at most, and the run fails if others have overwritten it each time', async () => {
  await write('a.txt');
  for (let run = 0; run < 30; run++) {
    const content = `${createHash('sha256').update(`${run}`).digest('hex')}  other.txt\n`;
    fixture.sandbox.inject({ server: 'content', action: { kind: 'replace-content', content } });
  }
  const { exitCode, output } = await fixture.upload('a.txt', '--checksums');
  // The file itself, and the lists.
  expect([exitCode, requests('POST')]).toEqual([1, 1 + 20]);
  expect(output).toMatch(/^✖ SHA256SUMS lacks lines of this run: other runs keep overwriting it/m);
});
