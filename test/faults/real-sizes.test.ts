/** Images as large, in numbers, as those of real projects, and registries that state wrong lengths. */

import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { layer } from '../oci/fixtures.ts';
import { imageEnvironment, smallLayers, writeArchive, writeLayout, writePlatforms } from '../oci/registry/images.ts';
import { type Ended, useSandbox } from '../run-pipe.ts';

const fixture = useSandbox();

async function push(file: string, tag = 'v1', ...args: readonly string[]): Promise<Ended> {
  const env = { ...imageEnvironment(fixture, file, ...args), IMAGE: `acme/app:${tag}`, DEBUG: 'false' };
  return await fixture.runPipe(env);
}

async function expectPublished({ exitCode, output }: Ended, tag = 'v1'): Promise<void> {
  expect({ exitCode, output: exitCode === 0 ? '' : output }).toEqual({ exitCode: 0, output: '' });
  expect(await fixture.sandbox.registry.pullProblems('acme/app', tag)).toEqual([]);
}

const starts = (): number => fixture.sandbox.requests.filter(({ steps }) => steps.includes('start')).length;

describe('an image of 60 layers, with a config of 100 kB', () => {
  const contents = Array.from({ length: 60 }, (_, index) => layer(`layer ${index}`, 1000 + index));
  const history = Array.from({ length: 60 }, () => ({ created_by: `RUN ${randomBytes(900).toString('base64')}` }));
  const more = { history, author: 'of a real project' };

  it.each([
    ['an archive', (name: string) => writeArchive(fixture, contents, name, more)],
    ['a layout', (name: string) => writeLayout(fixture, contents, name)],
  ] as const)('is published from %s, and not sent again under another tag', async (_, write) => {
    const file = await write('app.tar');
    await expectPublished(await push(file));
    const sent = starts();
    expect(sent).toBe(61);
    const again = await push(file, 'v2', '--reuse', 'v1');
    await expectPublished(again, 'v2');
    expect(starts()).toBe(sent);
    expect(again.output).toContain('  60 layers reused or already there: ');
  });
});

describe('a tag of several platforms', () => {
  it('lends its layers to an image of one platform', async () => {
    await expectPublished(await push(await writePlatforms(fixture, ['amd64', 'arm64', 's390x'])));
    const sent = starts();
    // Uncompressed here, compressed there: only their content is the same.
    const contents = [layer('for arm64', 3000), layer('common', 2000), layer('new', 100)];
    const file = await writeArchive(fixture, contents, 'one.tar', { architecture: 'arm64' });
    const ended = await push(file, 'one', '--reuse', 'v1');
    await expectPublished(ended, 'one');
    expect(ended.output.match(/layer \d of 3: reused from tag v1/g)).toHaveLength(2);
    // The new layer, and the config.
    expect(starts()).toBe(sent + 2);
  });
});

describe('a registry that states wrong lengths in answer to HEAD', () => {
  it.each([
    ['an archive', () => writeArchive(fixture, smallLayers)],
    ['a layout', () => writeLayout(fixture, smallLayers)],
  ] as const)('gets everything from %s again', async (_, write) => {
    const file = await write();
    await expectPublished(await push(file));
    const sent = starts();
    fixture.sandbox.inject({ method: 'HEAD', step: 'blob-head', times: -1, action: { kind: 'wrong-size' } });
    await expectPublished(await push(file, 'v2', '--reuse', 'none'), 'v2');
    expect(starts()).toBeGreaterThanOrEqual(2 * sent);
  });

  it.each([
    ['no length', ['content-length']],
    ['no digest', ['docker-content-digest']],
  ])('is not trusted with %s', async (_, names) => {
    const file = await writeLayout(fixture, smallLayers);
    fixture.sandbox.inject({ method: 'HEAD', times: -1, action: { kind: 'omit-headers', names } });
    await expectPublished(await push(file));
    await expectPublished(await push(file, 'v2'), 'v2');
  });
});
