/** How many requests a push takes: on a slow line, each that waits for another costs a round trip. */

import { expect, it } from '@jest/globals';
import { tar } from '../../archive/tar/tar-writer.ts';
import { useSandbox } from '../../run-pipe.ts';
import { digestOf } from '../../sandbox/registry-store.ts';
import { gzipImage, imageEnvironment, noise, writeLayout } from './images.ts';

const fixture = useSandbox({ registry: { tagLists: true } });

const contents = Array.from({ length: 6 }, (_, index) => tar([{ name: `${index}`, content: noise(2000 + index) }]));

const config = digestOf(gzipImage(contents).config.bytes);

/** By method and what was asked for. */
async function countRequests(image: string, tags = ''): Promise<Readonly<Record<string, number>>> {
  const file = await writeLayout(fixture, contents);
  const { length } = fixture.sandbox.requests;
  const env = { ...imageEnvironment(fixture, file), IMAGE: image, TAGS: tags };
  expect(await fixture.runPipe(env)).toMatchObject({ exitCode: 0 });
  const counts: Record<string, number> = {};
  const asked = new Set<string>();
  for (const { method, path } of fixture.sandbox.requests.slice(length)) {
    // While a blob is sent, it is asked for again; the config only then.
    if (method === 'HEAD' && (asked.has(path) || path.endsWith(config))) continue;
    if (method === 'HEAD') asked.add(path);
    const [kind = ''] = /manifests|uploads|blobs|token/.exec(path.replace('blobs/uploads', 'uploads')) ?? [];
    counts[`${method} ${kind}`] = (counts[`${method} ${kind}`] ?? 0) + 1;
  }
  return counts;
}

it('27 for an image of six layers, if nothing is there', async () => {
  expect(await countRequests('acme/app:v1')).toEqual({
    'GET token': 1,
    // Without a token, with one, for `latest`; before and after the tag is moved.
    'GET manifests': 5,
    'HEAD blobs': 6,
    // For the config as well.
    'POST uploads': 7,
    'PUT uploads': 7,
    'PUT manifests': 1,
  });
});

it.each([
  ['acme/app:v2', '', 1],
  ['acme/app:v2', 'v3', 2],
])(
  '13 for %s and tags "%s" if `latest` is the same image, and four for each further tag',
  async (image, tags, count) => {
    await countRequests('acme/app:latest');
    expect(await countRequests(image, tags)).toEqual({
      'GET token': 1,
      // Without a token, of `latest`; of each tag to reuse its layers, and before and after it is moved.
      'GET manifests': 2 + 3 * count,
      // The config of `latest`.
      'GET blobs': 1,
      'HEAD blobs': 6,
      'PUT manifests': count,
    });
  },
);

it('one for all of three tags or more, and one for each to read it back', async () => {
  await countRequests('acme/app:latest');
  expect(await countRequests('acme/app:v2', 'v3 v4')).toMatchObject({ 'GET manifests': 2 + 2 * 3, 'PUT manifests': 1 });
});
