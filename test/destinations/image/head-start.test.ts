/** Each step of a parallel group asks for what those before it may have sent. */

import { expect, it } from '@jest/globals';
import { tar } from '../../archive/tar/tar-writer.ts';
import { gzipImage, imageEnvironment, noise, writeLayout } from '../../oci/registry/images.ts';
import { useSandbox } from '../../run-pipe.ts';
import { digestOf } from '../../sandbox/registry-store.ts';

const fixture = useSandbox({});

it.each([
  [undefined, 1],
  ['0', 1],
  ['1', 2],
  ['1.5', 1],
  ['first', 1],
])('with %s as the number of the step, %i times', async (number, times) => {
  const contents = [tar([{ name: 'large', content: noise(2_000_000) }])];
  const image = gzipImage(contents);
  const file = await writeLayout(fixture, contents);
  const env = { ...imageEnvironment(fixture, file), ...(number !== undefined && { BITBUCKET_PARALLEL_STEP: number }) };
  expect(await fixture.runPipe(env)).toMatchObject({ exitCode: 0 });
  const large = image.layers.map(({ bytes }) => digestOf(bytes)).join();
  const { requests } = fixture.sandbox;
  // While it is sent, it is asked for as well. The config, which nobody asks for, is sent at once.
  const before = requests.slice(
    0,
    requests.findLastIndex(({ method }) => method === 'POST'),
  );
  expect(before.filter(({ path }) => path.endsWith(large))).toHaveLength(times);
});
