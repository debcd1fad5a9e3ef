/** Several tags for one image, where the registry can store them with one request, refuses that, or says nothing of it. */

import { expect, it } from '@jest/globals';
import type { Fault } from '../../sandbox/faults.ts';
import { digestOf } from '../../sandbox/registry-store.ts';
import { useSandbox } from '../../run-pipe.ts';
import { gzipImage, imageEnvironment, smallLayers, writeLayout } from './images.ts';

const able = useSandbox({ registry: { tagLists: true, immutableTags: 'fixed.*' } });
const unable = useSandbox({});

const digest = digestOf(gzipImage(smallLayers).manifest.bytes);

async function push(fixture: typeof able, tags: readonly string[]) {
  const file = await writeLayout(fixture, smallLayers);
  const ended = await fixture.runPipe({ ...imageEnvironment(fixture, file), TAGS: tags.join(' ') });
  const repository = fixture.sandbox.registry.repositories.get('acme/app');
  const puts = fixture.sandbox.requests.flatMap(({ method, path }) =>
    method === 'PUT' && path.includes('/manifests/') ? (path.split('/manifests/')[1] ?? '') : [],
  );
  return { ...ended, tags: Object.fromEntries(repository?.tags ?? []), puts };
}

const many = Array.from({ length: 22 }, (_, index) => `tag${index}`);

it('takes one request for up to ten tags', async () => {
  const { exitCode, tags, puts } = await push(able, many);
  expect(exitCode).toBe(0);
  expect(tags).toEqual(Object.fromEntries(['v1', ...many].map((tag) => [tag, digest])));
  expect(puts).toEqual([
    `${digest}?tag=v1&${many
      .slice(0, 9)
      .map((tag) => `tag=${tag}`)
      .join('&')}`,
    `${digest}?${many
      .slice(9, 19)
      .map((tag) => `tag=${tag}`)
      .join('&')}`,
    `${digest}?tag=tag19&tag=tag20&tag=tag21`,
  ]);
});

it('tries it once where the registry cannot do it', async () => {
  const { exitCode, tags, puts } = await push(unable, many);
  expect(exitCode).toBe(0);
  expect(tags).toEqual(Object.fromEntries(['v1', ...many].map((tag) => [tag, digest])));
  expect(puts).toEqual([expect.stringContaining(`${digest}?tag=v1&`), 'v1', ...many]);
});

it('is not tried for two tags', async () => {
  expect((await push(able, ['v2'])).puts).toEqual(['v1', 'v2']);
});

it.each<[string, Fault['action']]>([
  ['is refused', { kind: 'status', status: 400 }],
  ['is too long', { kind: 'status', status: 414 }],
  ['makes the server fail', { kind: 'status', status: 503 }],
  ['gets no answer', { kind: 'reset', afterBytes: 0 }],
  ['is carried out, but gets no answer', { kind: 'reset-after-store' }],
  ['gets a web page', { kind: 'other-status', status: 200, page: '<html>Hello</html>' }],
])('is tried once if it %s, and then each tag is moved on its own', async (_, action) => {
  able.sandbox.inject({ method: 'PUT', path: 'tag=', times: Infinity, action });
  const { exitCode, puts, tags } = await push(able, ['v2', 'v3']);
  expect(exitCode).toBe(0);
  expect(tags).toEqual({ v1: digest, v2: digest, v3: digest });
  expect(puts.filter((path) => path.includes('tag='))).toHaveLength(1);
});

it('does not wait for an immutable tag that is refused with the others', async () => {
  await push(able, []);
  const file = await writeLayout(able, smallLayers.slice(1), 'other');
  expect((await able.runPipe({ ...imageEnvironment(able, file), IMAGE: 'acme/app:fixed1' })).exitCode).toBe(0);
  const { requests } = able.sandbox;
  const { length } = requests;
  expect((await push(able, ['v2', 'fixed1'])).exitCode).toBe(1);
  const asked = requests.slice(length).filter(({ method, path }) => method === 'GET' && path.endsWith(digest));
  expect(asked).toEqual([]);
});

it('says which tag is refused, and moves those before it', async () => {
  await push(able, []);
  const file = await writeLayout(able, smallLayers.slice(1), 'other');
  const env = imageEnvironment(able, file);
  expect((await able.runPipe({ ...env, IMAGE: 'acme/app:fixed1' })).exitCode).toBe(0);
  const { exitCode, output, tags } = await push(able, ['fixed1', 'v9']);
  expect(exitCode).toBe(1);
  expect(output).toMatch(/✖ .*fixed1/);
  expect(tags).toMatchObject({ v1: digest });
  expect(tags['fixed1']).not.toBe(digest);
  expect(tags['v9']).toBeUndefined();
});
