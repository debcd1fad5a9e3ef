/** A registry that refuses a document: what it has decides. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { useSandbox } from '../../run-pipe.ts';
import { expectPublished, puts } from './published.ts';
import { publish, writePackage } from './tarballs.ts';

const absent = { server: 'npm', method: 'GET', action: { kind: 'status', status: 404 } } as const;

describe.each([403, 409] as const)('a refusal with %d', (status) => {
  const fixture = useSandbox({ npm: { conflictStatus: status } });

  it('is an error if another version is there', async () => {
    fixture.sandbox.inject(absent);
    fixture.sandbox.npm.seed('@acme/lib', '1.0.0');
    const { exitCode, output } = await publish(fixture, await writePackage(fixture));
    expect(exitCode).toBe(1);
    expect(output).toContain(`${status} You cannot publish over`);
    expect(output).toContain('What to do: A published version cannot be replaced');
    expect(output).toContain(
      '@acme/lib@1.0.0: NOT published: 1.0.0 is there already with other content; left as it is',
    );
    expect(puts(fixture)).toBe(1);
  });

  it.each([
    ['identical', []],
    ['identical', ['--skip-existing']],
    ['other', ['--skip-existing']],
  ])('is a success if something else published %s content in the meantime: %j', async (content, args) => {
    const file = await writePackage(fixture);
    const identical = content === 'identical' && { content: await readFile(join(fixture.directory, file)) };
    fixture.sandbox.npm.seed('@acme/lib', '1.0.0', { ...identical });
    fixture.sandbox.inject(absent);
    const { exitCode, output } = await publish(fixture, file, ...args);
    expect([exitCode, output]).toEqual([0, expect.stringContaining('skipped 1 already there')]);
    expect(output.includes('with different content')).toBe(content === 'other');
    expect(puts(fixture)).toBe(1);
  });

  it('is a success if the registry stored the package all the same', async () => {
    fixture.sandbox.inject({ server: 'npm', method: 'PUT', action: { kind: 'other-status', status } });
    await expectPublished(fixture, await publish(fixture, await writePackage(fixture)), ['@acme/lib@1.0.0']);
    expect(puts(fixture)).toBe(1);
  });

  it('is an error if what is there cannot be read', async () => {
    fixture.sandbox.npm.seed('@acme/lib', '1.0.0');
    fixture.sandbox.inject({ server: 'npm', method: 'GET', times: -1, action: { kind: 'status', status: 403 } });
    const { exitCode, output } = await publish(fixture, await writePackage(fixture));
    expect([exitCode, output]).toEqual([1, expect.stringContaining(`${status} You cannot publish over`)]);
    // It may be this very document: registries refuse what they have just stored.
    expect(output).toContain(
      '@acme/lib@1.0.0: sent, but the registry says that 1.0.0 is there already, and does not let this token compare it',
    );
    expect(puts(fixture)).toBe(1);
  });

  it('is an error if what is there is not described', async () => {
    fixture.sandbox.npm.seed('@acme/lib', '1.0.0');
    const action = { kind: 'status', status: 200, body: '<html><title>Sign in</title></html>' } as const;
    fixture.sandbox.inject({ server: 'npm', method: 'GET', times: -1, action });
    const { exitCode, output } = await publish(fixture, await writePackage(fixture));
    expect([exitCode, output]).toEqual([1, expect.stringContaining(`${status} You cannot publish over`)]);
    expect(output).toContain(
      '@acme/lib@1.0.0: sent, but the registry says that 1.0.0 is there already, and it could not be compared',
    );
  });

  it(`is ${status === 409 ? 'passing' : 'an error'} if there is no such version`, async () => {
    const reason = 'Failed to save packument. A common cause is publishing before the previous package was processed.';
    const action = { kind: 'status', status, body: JSON.stringify({ error: reason }) } as const;
    fixture.sandbox.inject({ server: 'npm', method: 'PUT', times: 2, action });
    const ended = await publish(fixture, await writePackage(fixture));
    if (status === 409) await expectPublished(fixture, ended, ['@acme/lib@1.0.0']);
    else expect([ended.exitCode, ended.output]).toEqual([1, expect.stringContaining(`403 ${reason}`)]);
    expect(puts(fixture)).toBe(status === 409 ? 3 : 1);
  });
});

describe('a refusal of the document itself', () => {
  const fixture = useSandbox();

  it.each([400, 405, 412, 422])('with %d is no success if the registry does not have the version', async (status) => {
    fixture.sandbox.inject({ server: 'npm', method: 'PUT', action: { kind: 'status', status } });
    const { exitCode, output } = await publish(fixture, await writePackage(fixture));
    expect([exitCode, output]).toEqual([1, expect.stringMatching(new RegExp(`^✖ .*\\n.*: ${status} `, 'm'))]);
    expect(output).toContain('@acme/lib@1.0.0: NOT published');
    expect(puts(fixture)).toBe(1);
  });

  it('is not told as such if its credentials were refused', async () => {
    fixture.sandbox.inject({ server: 'npm', times: -1, action: { kind: 'status', status: 401 } });
    const { exitCode, output } = await publish(fixture, await writePackage(fixture));
    expect([exitCode, output]).toEqual([1, expect.stringContaining('@acme/lib@1.0.0: NOT published')]);
  });
});

describe('a conflict that does not pass', () => {
  const fixture = useSandbox();

  it('is an error after the retries', async () => {
    fixture.sandbox.inject({ server: 'npm', method: 'PUT', times: -1, action: { kind: 'status', status: 409 } });
    const { exitCode, output } = await publish(fixture, await writePackage(fixture), '--retries', '2');
    expect([exitCode, output]).toEqual([1, expect.stringContaining('giving up after 3 attempts')]);
    expect(output).toContain('What to do: The registry is still busy with this package');
    expect(puts(fixture)).toBe(3);
  });
});

describe('a registry that goes down after it has the whole document', () => {
  const fixture = useSandbox();

  it('is asked once for each attempt, so that retries do not multiply', async () => {
    fixture.sandbox.inject({ server: 'npm', method: 'PUT', times: -1, action: { kind: 'status', status: 503 } });
    fixture.sandbox.inject({
      server: 'npm',
      method: 'GET',
      skip: 1,
      times: -1,
      action: { kind: 'status', status: 503 },
    });
    const { exitCode } = await publish(fixture, await writePackage(fixture), '--retries', '3');
    expect(exitCode).toBe(1);
    // One before; one for each retry; and, at the end, four to learn what became of the upload.
    expect(fixture.sandbox.requests.filter(({ method }) => method === 'GET')).toHaveLength(1 + 3 + 4);
  });
});
