/** What stands between the pipe and an npm registry: redirects, caches, and others who publish. */

import { describe, expect, it } from '@jest/globals';
import { expectPublished, published, puts } from '../destinations/npm/published.ts';
import { lib, publish, writePackage } from '../destinations/npm/tarballs.ts';
import { useSandbox } from '../run-pipe.ts';

describe('a redirect of the package', () => {
  const fixture = useSandbox();

  it.each([301, 302, 303, 307, 308])('%d is not followed, and its target is reported', async (status) => {
    const location = 'https://moved.example/npm/@acme%2flib?token=1';
    const action = { kind: 'redirect', status, location } as const;
    fixture.sandbox.inject({ server: 'npm', method: 'PUT', action });
    const { exitCode, output } = await publish(fixture, await writePackage(fixture));
    expect(exitCode).toBe(1);
    expect(output).toMatch(
      new RegExp(`^✖ @acme/lib@1\\.0\\.0 could not be uploaded: .*\\n {2}PUT \\S+: ${status} `, 'm'),
    );
    expect(output).toMatch(/^What to do: .*https:\/\/moved\.example\/npm\/@acme%2flib\?token=\*\*\*/m);
    expect(output).toContain('  @acme/lib@1.0.0: NOT published\n');
    expect(puts(fixture)).toBe(1);
    expect(published(fixture)).toBeUndefined();
  });
});

describe('a redirect of the metadata', () => {
  const fixture = useSandbox();

  it('is followed', async () => {
    const location = `${fixture.sandbox.npmUrl}@acme%2flib`;
    fixture.sandbox.inject({ server: 'npm', method: 'GET', action: { kind: 'redirect', status: 302, location } });
    await expectPublished(fixture, await publish(fixture, await writePackage(fixture)), ['@acme/lib@1.0.0']);
    expect(fixture.sandbox.requests.filter(({ method }) => method === 'GET')).toHaveLength(3);
  });

  it('that never ends is not', async () => {
    const location = `${fixture.sandbox.npmUrl}@acme%2flib`;
    fixture.sandbox.inject({
      server: 'npm',
      method: 'GET',
      times: -1,
      action: { kind: 'redirect', status: 302, location },
    });
    const { exitCode } = await publish(fixture, await writePackage(fixture), '--skip-existing', '--retries', '1');
    expect(exitCode).toBe(1);
    expect(puts(fixture)).toBe(0);
  });
});

describe('a cache', () => {
  const fixture = useSandbox();

  it('is asked for the newest metadata, before and after', async () => {
    await expectPublished(fixture, await publish(fixture, await writePackage(fixture)), ['@acme/lib@1.0.0']);
    const reads = fixture.sandbox.requests.filter(({ method }) => method === 'GET');
    expect(reads.map(({ headers }) => headers['cache-control'])).toEqual(['no-cache', 'no-cache']);
  });

  it('that shows an older state of the package is waited for', async () => {
    fixture.sandbox.npm.seed('@acme/lib', '0.9.0');
    const old = JSON.stringify({
      name: '@acme/lib',
      'dist-tags': { latest: '0.9.0' },
      versions: { '0.9.0': { dist: {} } },
    });
    fixture.sandbox.inject({
      server: 'npm',
      method: 'GET',
      skip: 1,
      times: 2,
      action: { kind: 'status', status: 200, body: old },
    });
    const ended = await publish(fixture, await writePackage(fixture));
    await expectPublished(fixture, ended, ['@acme/lib@1.0.0']);
    expect(ended.output).not.toContain('WARNING');
    expect(fixture.sandbox.requests.filter(({ method }) => method === 'GET')).toHaveLength(4);
  });

  it('that shows no package, although the version is there, leads to one request that changes nothing', async () => {
    fixture.sandbox.npm.seed('@acme/lib', '1.0.0', { content: 'another' });
    fixture.sandbox.inject({ server: 'npm', method: 'GET', action: { kind: 'status', status: 404 } });
    const { exitCode, output } = await publish(fixture, await writePackage(fixture));
    expect(exitCode).toBe(1);
    expect(output).toMatch(/^✖ @acme\/lib@1\.0\.0 could not be uploaded: .*\n {2}PUT .* 403 You cannot publish over/m);
    expect(output).toContain(
      '  @acme/lib@1.0.0: NOT published: 1.0.0 is there already with other content; left as it is\n',
    );
    expect(puts(fixture)).toBe(1);
  });
});

describe('a dist-tag that points elsewhere after the package was published', () => {
  const fixture = useSandbox();
  const shown = (tags: Readonly<Record<string, string>>): string => {
    const versions = Object.fromEntries(['0.7.0', '1.0.0', '2.0.0'].map((version) => [version, { dist: {} }]));
    return JSON.stringify({ name: '@acme/lib', 'dist-tags': tags, versions });
  };

  it.each<[string, Readonly<Record<string, string>>, number, string]>([
    [
      'a lower version',
      { next: '0.7.0' },
      1,
      '✖ @acme/lib@1.0.0 was published, but its dist-tag next points to 0.7.0\n',
    ],
    [
      'a higher version',
      { next: '2.0.0' },
      0,
      'points to 2.0.0, a higher version that was published in the meantime\n',
    ],
    [
      'something that is not a version',
      { next: 'x\u001b[31m' },
      1,
      '✖ @acme/lib@1.0.0 was published, but its dist-tag next points to "x\\u001b[31m"\n',
    ],
    ['nothing', { latest: '1.0.0' }, 0, 'its dist-tag next points to nothing: the registry does not show it yet\n'],
  ])('%s', async (_, tags, expected, words) => {
    fixture.sandbox.npm.seed('@acme/lib', '0.9.0');
    const action = { kind: 'status', status: 200, body: shown(tags) } as const;
    fixture.sandbox.inject({ server: 'npm', method: 'GET', skip: 1, times: -1, action });
    const { exitCode, output } = await publish(fixture, await writePackage(fixture, lib), '--dist-tag', 'next');
    expect([exitCode, output]).toEqual([expected, expect.stringContaining(words)]);
    expect(output).toContain(
      expected === 0 ? '✔ Published 1 package' : '  @acme/lib@1.0.0: sent, but not confirmed by the server\n',
    );
  });
});
