/** A registry that says it has stored what it has not: the run fails, or warns if it may just be slow. */

import { describe, expect, it } from '@jest/globals';
import { type Ended, useSandbox } from '../run-pipe.ts';
import type { Fault } from '../sandbox/faults.ts';
import { imageEnvironment, smallLayers, writeArchive, writeLayout, writePlatforms } from '../oci/registry/images.ts';
import { until } from '../until.ts';

const fixture = useSandbox();
const always = -1;

async function push(file: string, ...args: readonly string[]): Promise<Ended> {
  return await fixture.runPipe({ ...imageEnvironment(fixture, file, ...args), DEBUG: 'false' });
}

function requests(method: string, path: RegExp): number {
  return fixture.sandbox.requests.filter((request) => request.method === method && path.test(request.path)).length;
}

function expectFailure({ exitCode, output }: Ended, reason: RegExp): void {
  expect({ exitCode, output }).toEqual({ exitCode: 1, output: expect.stringMatching(reason) });
  expect(output).toMatch(/app:v1: (?:NOT published|sent, but not confirmed by the server)$/m);
  expect(output).not.toMatch(/^✔/m);
}

const absent: Fault['action'] = { kind: 'status', status: 404 };

describe('a manifest that was put', () => {
  it('has another Docker-Content-Digest: a failure', async () => {
    fixture.sandbox.inject({ step: 'manifest-put', action: { kind: 'wrong-digest' } });
    const ended = await push(await writeLayout(fixture, smallLayers));
    expectFailure(ended, /✖ .* stored the manifest v1 as sha256:[0-9a-f]{64}, not sha256:[0-9a-f]{64}$/m);
    expect(requests('PUT', /manifests/)).toBe(1);
  });

  it.each([200, 202])('stays absent under its tag after %d: a failure', async (status) => {
    const file = await writeLayout(fixture, smallLayers);
    fixture.sandbox.inject({
      method: 'PUT',
      path: 'manifests/v1$',
      times: always,
      action: { kind: 'status', status, body: '' },
    });
    expectFailure(await push(file), /✖ the registry accepted tag v1 without confirming it, but has no such tag$/m);
    // Once more, since the first answer may have come from something else.
    expect(requests('PUT', /manifests/)).toBe(2);
  });

  it('stays absent under its tag after 201: a warning', async () => {
    const file = await writeLayout(fixture, smallLayers);
    fixture.sandbox.inject({
      method: 'PUT',
      path: 'manifests/v1$',
      times: always,
      action: { kind: 'status', status: 201, body: '' },
    });
    const { exitCode, output } = await push(file);
    expect({ exitCode, output }).toEqual({
      exitCode: 0,
      output: expect.stringMatching(
        /WARNING: The registry accepted tag v1, but has no such tag: check a little later that it can be pulled$/m,
      ),
    });
    expect(requests('PUT', /manifests/)).toBe(2);
  });

  it('is another one under its tag: a warning, since somebody else has published the tag', async () => {
    const other = await fixture.sandbox.registry.seed('acme/app', { tags: ['other'] });
    fixture.sandbox.inject({ method: 'PUT', path: 'manifests/v1$', action: { kind: 'status', status: 201, body: '' } });
    const file = await writeLayout(fixture, smallLayers);
    const running = push(file);
    await until(() => requests('PUT', /manifests/) > 0, running);
    const repository = fixture.sandbox.registry.repositories.get('acme/app');
    const held = repository?.manifests.get(other.digest);
    fixture.sandbox.registry.putManifest('acme/app', {
      mediaType: held?.mediaType ?? '',
      content: held?.bytes ?? '',
      tags: ['v1'],
    });
    const { exitCode, output } = await running;
    expect({ exitCode, output }).toEqual({
      exitCode: 0,
      output: expect.stringMatching(
        new RegExp(
          `^WARNING: tag v1 points to ${other.digest} now: something else has published it .* by its digest, sha256:`,
          'm',
        ),
      ),
    });
  });
});

it.each<[string, Fault['action']]>([
  ['a web page', { kind: 'status', status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' }],
  ['another digest than that of its content', { kind: 'wrong-digest' }],
])('puts a tag that shows %s before, and reads it back', async (_, action) => {
  const file = await writeLayout(fixture, smallLayers);
  await fixture.sandbox.registry.seed('acme/app', { tags: ['v1'] });
  // Once for the layers to reuse, and once before the tag is put.
  fixture.sandbox.inject({ method: 'GET', path: 'manifests/v1$', times: 2, action });
  const { exitCode, output } = await push(file);
  expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringMatching(/^✔ Published/m) });
  const gets = fixture.sandbox.requests.filter(({ method, path }) => method === 'GET' && path.endsWith('manifests/v1'));
  const [lies, truths] = [gets.filter(({ fault }) => fault), gets.filter(({ fault }) => fault === undefined)];
  expect(lies).toHaveLength(2);
  // Without a token, the registry says nothing of the tag.
  expect(truths.filter(({ headers }) => headers.authorization !== undefined)).toHaveLength(1);
  expect(await fixture.sandbox.registry.pullProblems('acme/app', 'v1')).toEqual([]);
});

describe('a manifest of an index', () => {
  it.each([200, 202])('that is absent after %d: a failure before the tag moves', async (status) => {
    const file = await writePlatforms(fixture, ['amd64', 'arm64']);
    const action = { kind: 'status', status, body: '' } as const;
    fixture.sandbox.inject({ method: 'PUT', path: 'manifests/sha256:', times: always, action });
    const ended = await push(file);
    expectFailure(
      ended,
      new RegExp(`✖ sha256:\\w+: \\S+ answered ${status} to the manifest, but does not have it$`, 'm'),
    );
    expect(requests('PUT', /manifests\/sha256/)).toBe(2);
    expect(requests('PUT', /manifests\/v1/)).toBe(0);
  });

  it('that is absent after 201: sent once more, and a warning', async () => {
    const file = await writePlatforms(fixture, ['amd64', 'arm64']);
    const path = 'manifests/sha256:';
    fixture.sandbox.inject({ method: 'GET', path, times: always, action: absent });
    fixture.sandbox.inject({ method: 'HEAD', path, times: always, action: absent });
    const { exitCode, output } = await push(file, '--concurrency', '1');
    expect({ exitCode, output }).toEqual({
      exitCode: 0,
      output: expect.stringMatching(
        /WARNING: The registry does not return all manifests .* Not found: sha256:\w+, sha256:\w+$/m,
      ),
    });
    expect(output).toMatch(/WARNING: The registry does not find the manifest sha256:\w+\. Trying again$/m);
    expect(await fixture.sandbox.registry.pullProblems('acme/app', 'v1')).toEqual([]);
    // Once one has been waited for in vain, another is asked for only once.
    const asked = fixture.sandbox.requests.filter(({ method }) => method === 'HEAD').map((request) => request.path);
    const counts = [
      ...Map.groupBy(
        asked.filter((each) => each.includes('/manifests/')),
        (each) => each,
      ).values(),
    ];
    expect(counts.map(({ length }) => length).sort((a, b) => a - b)).toEqual([1, expect.any(Number)]);
    expect(counts.some(({ length }) => length > 2)).toBe(true);
  });

  it.each([
    ['with the digest that was asked for', { kind: 'replace-content', content: '{}' }],
    ['without a digest', { kind: 'status', status: 200, body: '{}' }],
  ] as const)('that comes back as other content, %s: a failure before the tag moves', async (_, action) => {
    const file = await writePlatforms(fixture, ['amd64', 'arm64']);
    fixture.sandbox.inject({ method: 'GET', path: 'manifests/sha256:', times: always, action });
    expectFailure(await push(file), /✖ \S+ returned a different manifest for sha256:\w+: sha256:\w+$/m);
    expect(requests('PUT', /manifests\/v1/)).toBe(0);
  });
});

describe('a blob', () => {
  it.each([
    ['an archive', writeArchive],
    ['a layout', writeLayout],
  ] as const)('that is lost again and again: a failure, after it was sent again, of %s', async (_, write) => {
    const file = await write(fixture, smallLayers);
    fixture.sandbox.inject({
      step: 'manifest-put',
      times: always,
      action: { kind: 'blob-unknown', drop: true, positions: [1] },
    });
    const ended = await push(file);
    expectFailure(ended, /✖ \S+:v1 could not be uploaded: .*\n {2}PUT .*manifests\/v1: .*BLOB_UNKNOWN/i);
    expect(requests('PUT', /manifests/)).toBeLessThan(6);
    expect(requests('POST', /uploads/)).toBeGreaterThan(smallLayers.length);
  });

  it('that is refused, and is not there: a failure', async () => {
    const file = await writeLayout(fixture, smallLayers);
    fixture.sandbox.inject({ step: 'commit', times: always, action: { kind: 'status', status: 409, body: '{}' } });
    expectFailure(
      await push(file, '--retries', '1'),
      /✖ (?:config|layer \d of 5) could not be uploaded: .*\n {2}PUT .* 409 /,
    );
    expect(requests('PUT', /manifests/)).toBe(0);
  });
});

it('may have stored a tag whose answer never comes: the tag is sent, but not confirmed', async () => {
  fixture.sandbox.inject({ method: 'PUT', path: 'manifests/v1$', times: always, action: { kind: 'reset' } });
  const { exitCode, output } = await push(await writeLayout(fixture, smallLayers), '--retries', '0');
  expect({ exitCode, output }).toEqual({
    exitCode: 1,
    output: expect.stringMatching(/app:v1: sent, but not confirmed by the server$/m),
  });
});
