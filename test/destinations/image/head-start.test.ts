/** Each step of a parallel group asks for what those before it may have sent. */

import { expect, it } from '@jest/globals';
import { tar } from '../../archive/tar/tar-writer.ts';
import { imageEnvironment, noise, writeLayout } from '../../oci/registry/images.ts';
import { useSandbox } from '../../run-pipe.ts';

const fixture = useSandbox({});

it.each([
  [undefined, 1],
  ['0', 1],
  ['1', 2],
  ['1.5', 1],
  ['first', 1],
])('with %s as the number of the step, %i times', async (number, times) => {
  const file = await writeLayout(fixture, [tar([{ name: 'large', content: noise(2_000_000) }])]);
  const env = { ...imageEnvironment(fixture, file), ...(number !== undefined && { BITBUCKET_PARALLEL_STEP: number }) };
  expect(await fixture.runPipe(env)).toMatchObject({ exitCode: 0 });
  const blobs = [...(fixture.sandbox.registry.repositories.get('acme/app')?.blobs.entries() ?? [])];
  const [large = ''] = blobs.find(([, { size }]) => size > 1_000_000) ?? [];
  const methods = fixture.sandbox.requests.filter(({ path }) => path.includes(large)).map(({ method }) => method);
  // While it is sent, it is asked for as well.
  expect(methods.indexOf('PUT')).toBe(times);
});
