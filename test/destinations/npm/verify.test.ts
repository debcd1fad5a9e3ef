/** Reading back what was published. */

import { describe, expect, it } from '@jest/globals';
import { useSandbox } from '../../run-pipe.ts';
import { published } from './published.ts';
import { lib, publish, writePackage } from './tarballs.ts';

describe('reading back', () => {
  const fixture = useSandbox();

  it.each([
    ['is refused', { kind: 'status', status: 403 }, 'could not be read back'],
    ['keeps failing', { kind: 'status', status: 503 }, 'could not be read back'],
    ['does not find it', { kind: 'status', status: 404 }, 'does not show it yet'],
    ['gets too much', { kind: 'huge-body', status: 200, bytes: 20_000_000 }, 'could not be read back'],
  ] as const)('that %s is a warning', async (_, action, words) => {
    fixture.sandbox.inject({ server: 'npm', method: 'GET', skip: 1, times: -1, action });
    const { exitCode, output } = await publish(fixture, await writePackage(fixture), '--retries', '1');
    expect(exitCode).toBe(0);
    expect(output).toMatch(new RegExp(`WARNING: @acme/lib@1\\.0\\.0 was published, but .*${words}`));
  });
});

describe.each([
  ['a moment to show a new version', { staleReads: 2 }, false],
  ['a long time to show a new version', { staleReads: 1_000_000 }, true],
  ['a moment to move a dist-tag', { staleTagReads: 2 }, false],
  ['a long time to move a dist-tag', { staleTagReads: 1_000_000 }, true],
])('a registry that needs %s', (_, npm, hasWarning) => {
  const fixture = useSandbox({ npm });

  it.each([[[]], [['0.9.0']], [['0.8.0', '0.9.0']]])('is trusted, with these versions before: %j', async (versions) => {
    for (const version of versions) fixture.sandbox.npm.seed('@acme/lib', version, { content: version });
    const { exitCode, output } = await publish(fixture, await writePackage(fixture));
    expect({ exitCode, hasWarning: output.includes('the registry does not show it yet') }).toEqual({
      exitCode: 0,
      hasWarning,
    });
    expect(published(fixture)?.versions.has('1.0.0')).toBe(true);
  });

  it('is trusted with several versions of one package', async () => {
    for (const version of ['1.0.0', '1.1.0', '1.2.0']) await writePackage(fixture, { ...lib, version });
    const { exitCode } = await publish(fixture, '*.tgz');
    expect([exitCode, published(fixture)?.tags.get('latest')]).toEqual([0, '1.2.0']);
  });
});

describe('a dist-tag that something else moved in the meantime', () => {
  const fixture = useSandbox();
  const shown = (latest: string): string => {
    const versions = Object.fromEntries(['1.0.0', latest].map((version) => [version, { dist: {} }]));
    return JSON.stringify({ name: '@acme/lib', 'dist-tags': { latest }, versions });
  };

  const moves = (): number => fixture.sandbox.requests.filter(({ path }) => path.includes('/dist-tags/')).length;

  it('to a higher version is left there', async () => {
    fixture.sandbox.npm.seed('@acme/lib', '0.9.0');
    const action = { kind: 'status', status: 200, body: shown('2.0.0') } as const;
    fixture.sandbox.inject({ server: 'npm', method: 'GET', skip: 1, times: -1, action });
    const { exitCode, output } = await publish(fixture, await writePackage(fixture));
    expect([exitCode, output]).toEqual([0, expect.stringMatching(/^INFO: .* a higher version that was published in/m)]);
    expect(moves()).toBe(0);
  });

  it.each([
    ['lower', '0.7.0', '1.0.0'],
    ['lower than one that is there by now', '1.0.0', '2.0.0'],
  ])('to one that is %s moves to the highest', async (_, tagged, highest) => {
    fixture.sandbox.inject({ server: 'npm', method: 'GET', action: { kind: 'status', status: 404 } });
    fixture.sandbox.npm.seed('@acme/lib', '0.7.0');
    if (highest !== '1.0.0') fixture.sandbox.npm.seed('@acme/lib', highest);
    if (tagged !== '1.0.0')
      fixture.sandbox.inject({
        server: 'npm',
        method: 'GET',
        action: { kind: 'status', status: 200, body: shown(tagged) },
      });
    const { exitCode, output } = await publish(fixture, await writePackage(fixture));
    expect([exitCode, published(fixture)?.tags.get('latest')]).toEqual([0, highest]);
    expect(output).toContain(`INFO: @acme/lib@1.0.0: dist-tag latest moved to ${highest}`);
    expect(moves()).toBe(1);
  });

  it('is left where it is if --dist-tag asks for it', async () => {
    fixture.sandbox.inject({ server: 'npm', method: 'GET', action: { kind: 'status', status: 404 } });
    fixture.sandbox.npm.seed('@acme/lib', '2.0.0');
    const { exitCode } = await publish(fixture, await writePackage(fixture), '--dist-tag', 'latest');
    expect([exitCode, published(fixture)?.tags.get('latest'), moves()]).toEqual([0, '1.0.0', 0]);
  });

  it('and cannot be moved, is a warning that says so', async () => {
    fixture.sandbox.inject({ server: 'npm', method: 'GET', action: { kind: 'status', status: 404 } });
    fixture.sandbox.inject({ server: 'npm', path: '/dist-tags/', times: -1, action: { kind: 'status', status: 405 } });
    fixture.sandbox.npm.seed('@acme/lib', '2.0.0');
    const { exitCode, output } = await publish(fixture, await writePackage(fixture));
    expect([exitCode, output]).toEqual([
      0,
      expect.stringMatching(/^WARNING: .* latest points to 1\.0\.0, not to the highest version, .* be moved: .* 405 /m),
    ]);
  });
});
