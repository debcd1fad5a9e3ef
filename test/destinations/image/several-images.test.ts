/** Several images in one run: from a file each, or from one archive, to one registry. */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { tar } from '../../archive/tar/tar-writer.ts';
import type { Environment } from '../../../pipe/toolkit/environment.ts';
import { config, layer, legacyEntries } from '../../oci/fixtures.ts';
import { imageEnvironment, smallLayers, writeArchive, writeLayout } from '../../oci/registry/images.ts';
import { arrayVariables, type Ended, type Fixture, useSandbox } from '../../run-pipe.ts';

const packages = ['acme/api', 'acme/web', 'acme/jobs'];
const names = packages.map((name) => `${name}:1`);
const imagesWith = (own: string): readonly Buffer[] => [...smallLayers.slice(0, 3), layer(own, 900)];

interface More {
  readonly images?: readonly string[];
  readonly env?: Environment;
}

async function publish(
  fixture: Fixture,
  files: string | readonly string[],
  { images = names, env = {} }: More = {},
  ...args: readonly string[]
): Promise<Ended> {
  const file = typeof files === 'string' ? files : undefined;
  return await fixture.runPipe({
    ...imageEnvironment(fixture, file, ...args),
    IMAGE: undefined,
    ...arrayVariables('IMAGE', images),
    ...(typeof files !== 'string' && arrayVariables('FILENAME', files)),
    ...env,
  });
}

const writeEach = async (fixture: Fixture): Promise<readonly string[]> =>
  await Promise.all(names.map(async (name, index) => await writeArchive(fixture, imagesWith(name), `${index}.tar`)));

async function expectPublished({ sandbox }: Fixture, { exitCode, output }: Ended): Promise<void> {
  expect({ exitCode, output: exitCode === 0 ? '' : output }).toEqual({ exitCode: 0, output: '' });
  for (const name of packages) expect(await sandbox.registry.pullProblems(name, '1')).toEqual([]);
}

const tagsOf = ({ sandbox }: Fixture): readonly string[] =>
  packages.flatMap((name) => [...(sandbox.registry.repositories.get(name)?.tags.keys() ?? [])]);

const writes = ({ sandbox }: Fixture, step: 'data' | 'mount' | 'manifest-put'): number =>
  sandbox.requests.filter(({ steps }) => steps.includes(step)).length;

describe('three images', () => {
  const fixture = useSandbox({ registry: { packages } });

  it('are published from a file each, and their common layers are sent once', async () => {
    const ended = await publish(fixture, await writeEach(fixture));
    await expectPublished(fixture, ended);
    expect(ended.output).toMatch(
      /^✔ Published \S+api:1(?:, \S+web:1)? and [12] more in \S+ \w+\n(?: {2}\S+:1 {2}.* uploaded\n){3} {2}6 layers sent, \d+ B\n {2}6 layers reused or already there: \S+ k?B and 12 requests not sent\n {2}To deploy exactly these images:\n(?: {2}\S+@sha256:\w{64}\n){3}$/m,
    );
    expect(ended.output).toMatch(/^INFO: acme\/web:1: layer \d of 4: mounted from acme\/api:1/m);
    for (const name of names) expect(ended.output).toMatch(new RegExp(`^INFO: ${name}: layer \\d of 4: sent, `, 'm'));
    expect(writes(fixture, 'mount')).toBe(6);
    expect(fixture.sandbox.requests.filter(({ steps }) => steps.includes('token'))).toHaveLength(1);
  });

  it('are named by the warnings that concern them', async () => {
    const files = await writeEach(fixture);
    const web = imagesWith(names[1] ?? '');
    const entries = [
      ...legacyEntries(web, config(web), ['acme/web:1']),
      { name: 'oci-layout', content: JSON.stringify({ imageLayoutVersion: '1.0.0' }) },
      { name: 'index.json', content: JSON.stringify({ schemaVersion: 2, manifests: [] }) },
    ];
    await writeFile(join(fixture.directory, 'unlisted.tar'), tar(entries));
    const ended = await publish(fixture, [files[0] ?? '', 'unlisted.tar', files[2] ?? '']);
    await expectPublished(fixture, ended);
    expect(ended.output).toMatch(/^WARNING: acme\/web:1: unlisted\.tar: index\.json lists only 0 of 1 images/m);
  });

  it('if there are many, are summed up as files are', async () => {
    const tags = Array.from({ length: 22 }, (_, index) => `acme/api:${index}`);
    const file = await writeArchive(fixture, smallLayers, 'app.tar');
    const files = tags.map(() => file);
    const { exitCode, output } = await publish(fixture, files, { images: tags });
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringContaining('✔ Published ') });
    const lines = output.split('\n').filter((line) => line.startsWith('INFO: '));
    expect(lines).toEqual([
      expect.stringMatching(/^INFO: Publishing 22 images to 127\.0\.0\.1:\d+$/),
      expect.stringMatching(/^INFO: {3}acme\/api:0, .* and \d+ more$/),
    ]);
  });

  it('are published from layouts as well', async () => {
    const files = await Promise.all(
      names.map(async (name, index) => await writeLayout(fixture, imagesWith(name), `layout${index}`)),
    );
    await expectPublished(fixture, await publish(fixture, files));
    expect(writes(fixture, 'mount')).toBe(6);
  });

  it('are published from one archive, each by its name', async () => {
    const entries = names.map((name) => legacyEntries(imagesWith(name), config(imagesWith(name)), [name]));
    const manifests = entries.flatMap((each) => each.filter(({ name }) => name === 'manifest.json'));
    const joined = manifests.flatMap(({ content }) => JSON.parse(String(content)) as unknown[]);
    const rest = entries.flatMap((each) =>
      each.filter(({ name }) => !['manifest.json', 'repositories'].includes(name)),
    );
    const all = [...rest, { name: 'manifest.json', content: JSON.stringify(joined) }];
    await writeFile(join(fixture.directory, 'all.tar'), tar(all));
    await expectPublished(fixture, await publish(fixture, 'all.tar'));
    const digests = packages.map((name) => fixture.sandbox.registry.repositories.get(name)?.tags.get('1'));
    expect(new Set(digests).size).toBe(3);
  });

  it('have results and variables for each', async () => {
    const variables = join(fixture.directory, 'variables');
    const env = { BITBUCKET_PIPELINES_VARIABLES_PATH: variables, TAGS: 'stable' };
    await expectPublished(
      fixture,
      await publish(fixture, await writeEach(fixture), { env }, '--output', 'result.json'),
    );
    const { host } = new URL(fixture.sandbox.registryUrl);
    const digestOf = (name: string): string => fixture.sandbox.registry.repositories.get(name)?.tags.get('1') ?? '';
    const { items } = JSON.parse(await readFile(join(fixture.directory, 'result.json'), 'utf8')) as {
      readonly items: readonly unknown[];
    };
    expect(items).toEqual(
      packages.flatMap((name) =>
        ['1', 'stable'].map((tag) =>
          expect.objectContaining({ name: `${host}/${name}:${tag}`, digest: digestOf(name), action: 'uploaded' }),
        ),
      ),
    );
    const [first] = packages;
    expect((await readFile(variables, 'utf8')).trim().split('\n')).toEqual([
      'UPLOAD_ACTION=uploaded',
      `IMAGE_REFERENCE=${host}/${first}:1`,
      `IMAGE_DIGEST=${digestOf(first ?? '')}`,
      `IMAGE_PULL_REFERENCE=${host}/${first}@${digestOf(first ?? '')}`,
      ...packages.flatMap((name, index) => [
        `IMAGE_REFERENCE_${index}=${host}/${name}:1`,
        `IMAGE_DIGEST_${index}=${digestOf(name)}`,
        `IMAGE_PULL_REFERENCE_${index}=${host}/${name}@${digestOf(name)}`,
      ]),
    ]);
  });

  it('are not sent again', async () => {
    const files = await writeEach(fixture);
    await publish(fixture, files);
    const [data, mounts] = [writes(fixture, 'data'), writes(fixture, 'mount')];
    await expectPublished(fixture, await publish(fixture, files));
    expect([writes(fixture, 'data'), writes(fixture, 'mount')]).toEqual([data, mounts]);
  });

  it('are planned, but not sent, with --dry-run', async () => {
    const { exitCode, output } = await publish(fixture, await writeEach(fixture), {}, '--dry-run');
    expect(exitCode).toBe(0);
    for (const [index, name] of packages.entries())
      expect(output).toMatch(new RegExp(`Publishing \\S+${name}:1\nINFO: {3}from docker archive ${index}.tar`));
    expect(writes(fixture, 'data')).toBe(0);
  });

  it('are left as they are if they exist, with --skip-existing', async () => {
    await fixture.sandbox.registry.seed('acme/web', { tags: ['1'] });
    const held = fixture.sandbox.registry.repositories.get('acme/web')?.tags.get('1');
    const ended = await publish(fixture, await writeEach(fixture), {}, '--skip-existing');
    await expectPublished(fixture, ended);
    expect(fixture.sandbox.registry.repositories.get('acme/web')?.tags.get('1')).toBe(held);
    expect(ended.output).toMatch(/^✔ Published \S+api:1, \S+jobs:1 in .*\n(?:.*\n)*? {2}\S+web:1 .* skipped$/m);
  });

  it('share nothing with --reuse none', async () => {
    await expectPublished(fixture, await publish(fixture, await writeEach(fixture), {}, '--reuse', 'none'));
    expect(writes(fixture, 'mount')).toBe(0);
  });
});

describe('if one fails', () => {
  const fixture = useSandbox({ registry: { packages } });

  it('before anything is sent, nothing is', async () => {
    const [one = '', , three = ''] = await writeEach(fixture);
    const { exitCode, output } = await publish(fixture, [one, 'missing.tar', three]);
    expect(exitCode).toBe(1);
    expect(output).toContain('missing.tar');
    expect(fixture.sandbox.requests).toEqual([]);
  });

  it('while its layers are sent, no tag moves', async () => {
    fixture.sandbox.inject({ step: 'start', path: 'acme/jobs', times: 99, action: { kind: 'status', status: 403 } });
    const { exitCode, output } = await publish(fixture, await writeEach(fixture));
    expect(exitCode).toBe(1);
    expect(tagsOf(fixture)).toEqual([]);
    expect(output).toMatch(/api:1: NOT published\n.*web:1: NOT published\n.*jobs:1: NOT published\n/);
    expect(output).toMatch(/^✖ acme\/jobs:1, (?:config|layer \d of 4) could not be uploaded: /m);
    expect(output).toMatch(/This account may not push to acme\/jobs on/);
  });

  it('at its tag, the output says which tags moved', async () => {
    fixture.sandbox.inject({
      step: 'manifest-put',
      path: 'acme/web',
      times: 99,
      action: { kind: 'status', status: 403 },
    });
    const { exitCode, output } = await publish(fixture, await writeEach(fixture));
    expect(exitCode).toBe(1);
    expect(output).toMatch(/api:1: published\n.*web:1: NOT published\n.*jobs:1: not attempted\n/);
    expect(tagsOf(fixture)).toEqual(['1']);
  });
});

describe('images of one repository', () => {
  const fixture = useSandbox();

  it('share their layers without mounting, and can be joined by the next run', async () => {
    const archive = async (architecture: string): Promise<string> =>
      await writeArchive(fixture, imagesWith(architecture), `${architecture}.tar`, { architecture });
    const files = [await archive('amd64'), await archive('arm64')];
    const ended = await publish(fixture, files, { images: ['acme/app:amd64', 'acme/app:arm64'] });
    expect(ended.output).toMatch(/ 5 layers sent, .*\n {2}3 layers reused or already there/);
    expect(writes(fixture, 'mount')).toBe(0);
    const join = ['--join', 'amd64', '--join', 'arm64'];
    const joined = await fixture.runPipe(imageEnvironment(fixture, undefined, ...join));
    expect(joined.exitCode).toBe(0);
    expect(await fixture.sandbox.registry.pullProblems('acme/app', 'v1')).toEqual([]);
    const several = arrayVariables('IMAGE', ['acme/app:v1', 'acme/app:v2']);
    const other = { ...imageEnvironment(fixture, undefined, '--join', 'other'), IMAGE: undefined, ...several };
    expect((await fixture.runPipe(other)).output).toContain('✖ acme/app:v1: --join other: there is no such tag yet');
  });
});
