/** Publishing container images, from the variables to the content of the registry. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  imageEnvironment,
  layers,
  smallLayers,
  writeArchive,
  writeLayout,
  writePlatforms,
} from '../../oci/registry/images.ts';
import { layer } from '../../oci/fixtures.ts';
import { arrayVariables, type Fixture, type Ended, useSandbox } from '../../run-pipe.ts';
import type { RegistryOptions } from '../../sandbox/registry-options.ts';
import { resultProblems } from '../../result-schema.ts';
import { tokens } from '../../sandbox/tokens.ts';

type More = Readonly<Record<string, string | undefined>>;

async function publish(fixture: Fixture, file: string | undefined, more: More = {}, ...args: string[]): Promise<Ended> {
  return await fixture.runPipe({ ...imageEnvironment(fixture, file, ...args), ...more });
}

async function expectPublished(fixture: Fixture, { exitCode, output }: Ended, tag = 'v1'): Promise<void> {
  expect({ exitCode, output: exitCode === 0 ? '' : output }).toEqual({ exitCode: 0, output: '' });
  expect(await fixture.sandbox.registry.pullProblems('acme/app', tag)).toEqual([]);
}

function uploads(fixture: Fixture): number {
  return fixture.sandbox.requests.filter(({ steps }) => steps.includes('start')).length;
}

const behaviours: Readonly<Record<string, RegistryOptions>> = {
  'a Bearer token': {},
  'a token under access_token, without expires_in': { tokenField: 'access_token', tokenExpiry: false },
  'an oddly written challenge': { challenges: 'odd' },
  'several challenges in one header': { challenges: 'joined' },
  'several challenges in several headers': { challenges: 'separate' },
  Basic: { authentication: 'basic' },
  'a token server whose clock is slow': { tokenAgeSeconds: 1000 },
  'Docker manifests only': { acceptsOci: false },
  'Docker manifests only, and others refused with 400': { acceptsOci: false, ociRefusalStatus: 400 },
};

describe.each(Object.entries(behaviours))('with %s', (_, registry) => {
  const fixture = useSandbox({ registry });

  it('publishes', async () => {
    await expectPublished(fixture, await publish(fixture, await writeArchive(fixture, smallLayers)));
  });
});

describe('with tokens that expire at every step', () => {
  const fixture = useSandbox();

  it('publishes', async () => {
    const steps = ['start', 'data', 'commit', 'manifest-put'] as const;
    for (const step of steps) fixture.sandbox.inject({ step, action: { kind: 'expire-token' } });
    await expectPublished(fixture, await publish(fixture, await writeArchive(fixture, smallLayers)));
    expect(fixture.sandbox.requests.filter(({ fault }) => fault === 'expire-token')).toHaveLength(steps.length);
  });
});

describe('without authentication', () => {
  const fixture = useSandbox({ registry: { authentication: 'none' } });

  it('publishes anonymously, with few requests', async () => {
    const ended = await publish(fixture, await writeLayout(fixture, layers), { USERNAME: undefined, TOKEN: undefined });
    await expectPublished(fixture, ended);
    // How often it asks for layers that wait for their turn depends on how long the others take.
    const others = fixture.sandbox.requests.filter(({ steps }) => !steps.includes('blob-head'));
    expect(others.length).toBe(17);
  });

  it("does not send the pipeline's own credentials to another registry", async () => {
    const own = {
      USERNAME: undefined,
      TOKEN: undefined,
      BITBUCKET_PACKAGES_USERNAME: tokens.packagesUser,
      BITBUCKET_PACKAGES_TOKEN: tokens.packagesToken,
    };
    await expectPublished(fixture, await publish(fixture, await writeArchive(fixture, smallLayers), own));
    expect(fixture.sandbox.requests.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
  });
});

describe('refusals', () => {
  const fixture = useSandbox({ registry: { immutableTags: 'fixed' } });

  it('wrong credentials', async () => {
    const { exitCode, output } = await publish(fixture, await writeArchive(fixture, smallLayers), {
      TOKEN: 'wrong-token-of-some-length',
    });
    expect(exitCode).toBe(1);
    expect(output).toContain('401');
    expect(output).toContain('does not accept this USERNAME and TOKEN: check that they belong together');
  });

  it("an access token for Bitbucket's registry, before any request", async () => {
    const more = { REGISTRY: undefined, TOKEN: tokens.accessToken, USERNAME: undefined };
    const { exitCode, output } = await publish(fixture, await writeArchive(fixture, smallLayers), more);
    expect(exitCode).toBe(1);
    expect(output).toContain('is an access token, which Packages do not accept');
    expect(fixture.sandbox.requests).toEqual([]);
  });

  it('a package that was not created', async () => {
    const { exitCode, output } = await publish(fixture, await writeArchive(fixture, smallLayers), {
      IMAGE: 'acme/new',
    });
    expect(exitCode).toBe(1);
    expect(output).toContain('has no acme/new, or does not show it to this account');
  });

  it('an immutable tag among several, with the result of each', async () => {
    await fixture.sandbox.registry.seed('acme/app', { tags: ['fixed'] });
    const more = { TAGS: 'fixed, v3' };
    const file = await writeArchive(fixture, smallLayers);
    const { exitCode, output } = await publish(fixture, file, more, '--output', 'result.json');
    expect(exitCode).toBe(1);
    const tagged = fixture.sandbox.registry.repositories.get('acme/app')?.tags;
    const digest = tagged?.get('v1');
    expect(JSON.parse(await readFile(join(fixture.directory, 'result.json'), 'utf8'))).toMatchObject({
      items: [
        { action: 'uploaded', digest },
        { action: 'skipped', digest: tagged?.get('fixed') },
        { action: 'not sent', digest },
      ],
    });
    expect(digest).not.toBe(tagged?.get('fixed'));
    expect(output).toMatch(
      /app:v1: published\n.*app:fixed: NOT published: fixed is there already with other content; left as it is\n.*app:v3: not attempted\n/,
    );
    expect(await fixture.sandbox.registry.pullProblems('acme/app', 'v1')).toEqual([]);
  });
});

describe('a tag that the registry keeps, whatever it says', () => {
  const fixture = useSandbox();

  it.each([
    [409, 'application/json', '{"errors":[{"code":"UNKNOWN","message":"conflict"}]}', 'skipped'],
    [400, 'text/plain', 'The tag already exists', 'skipped'],
    [400, 'text/plain', 'no', 'failed'],
  ])('by %d %s %s is %4$s, with the digest that is there', async (status, type, body, action) => {
    await fixture.sandbox.registry.seed('acme/app', { tags: ['v1'] });
    const kept = fixture.sandbox.registry.repositories.get('acme/app')?.tags.get('v1');
    const refusal = { kind: 'status', status, body, headers: { 'content-type': type } } as const;
    fixture.sandbox.inject({ method: 'PUT', path: 'manifests/v1', times: 3, action: refusal });
    const file = await writeArchive(fixture, smallLayers);
    const { exitCode, output } = await publish(fixture, file, {}, '--output', 'result.json');
    const { items } = JSON.parse(await readFile(join(fixture.directory, 'result.json'), 'utf8')) as { items: unknown };
    expect({ exitCode, items, output }).toMatchObject({ exitCode: 1, items: [{ action, digest: kept }] });
    if (action === 'skipped') expect(output).toContain('NOT published: v1 is there already with other content');
  });
});

describe('a published image', () => {
  const fixture = useSandbox();

  it('is not sent again under another tag, and only a changed layer is sent', async () => {
    await expectPublished(fixture, await publish(fixture, await writeArchive(fixture, smallLayers)));
    const first = uploads(fixture);
    const more = { IMAGE: 'acme/app:v2', ...arrayVariables('TAGS', ['other']) };
    await expectPublished(fixture, await publish(fixture, 'app.tar', more, '--reuse', 'v1'), 'v2');
    expect(uploads(fixture)).toBe(first);
    expect(await fixture.sandbox.registry.pullProblems('acme/app', 'other')).toEqual([]);
    const changed = [...smallLayers.slice(0, -1), layer('changed', 700)];
    await expectPublished(fixture, await publish(fixture, await writeArchive(fixture, changed)));
    // The layer, and the config.
    expect(uploads(fixture)).toBe(first + 2);
    await expectPublished(fixture, await publish(fixture, 'app.tar', {}, '--reuse', 'none'));
    expect(fixture.sandbox.requests.length).toBeGreaterThan(0);
  });

  it.each([
    [
      'is reused even with another compression',
      { compression: 'zstd' as const },
      1,
      /0 layers sent, 0 B\n {2}1 layer reused/,
    ],
    ['is not reused if a blob is missing', { missing: true }, 2, / 1 layer sent, \d+ B$/m],
  ])('%s', async (_, seeded, sent, summary) => {
    const content = layer('seeded', 3000);
    await fixture.sandbox.registry.seed('acme/app', { layers: [{ content, ...seeded }] });
    const ended = await publish(fixture, await writeArchive(fixture, [content], 'app.tar', { author: 'another' }));
    await expectPublished(fixture, ended);
    expect(ended.output).toMatch(summary);
    expect(uploads(fixture)).toBe(sent);
  });

  it('is not reused if its config has more layers than its manifest', async () => {
    const content = layer('seeded', 3000);
    const diff = { type: 'layers', diff_ids: ['sha256:1', 'sha256:2'] };
    await fixture.sandbox.registry.seed('acme/app', { layers: [{ content }], config: { rootfs: diff } });
    await expectPublished(fixture, await publish(fixture, await writeArchive(fixture, [content])));
    expect(uploads(fixture)).toBe(2);
  });

  it.each(['manifest-get', 'blob-get'] as const)('is not reused if %s returns other content', async (step) => {
    const content = layer('seeded', 3000);
    await fixture.sandbox.registry.seed('acme/app', { layers: [{ content }] });
    fixture.sandbox.inject({ step, path: 'latest|blobs', times: 1, action: { kind: 'corrupt-content' } });
    await expectPublished(
      fixture,
      await publish(fixture, await writeArchive(fixture, [content], 'app.tar', { author: 'b' })),
    );
  });
});

describe.each([{}, { acceptsOci: false }])('several platforms, %j', (registry) => {
  const fixture = useSandbox({ registry });

  it('publishes an index, one platform of it, and an index of published tags', async () => {
    const file = await writePlatforms(fixture, ['amd64', 'arm64']);
    await expectPublished(fixture, await publish(fixture, file));
    for (const architecture of ['amd64', 'arm64']) {
      const more = { IMAGE: `acme/app:${architecture}` };
      const ended = await publish(fixture, file, more, '--platform', `linux/${architecture}`);
      await expectPublished(fixture, ended, architecture);
    }
    const join = (...tags: string[]): Promise<Ended> =>
      publish(fixture, undefined, { IMAGE: 'acme/app:joined' }, ...tags.flatMap((tag) => ['--join', tag]));
    await expectPublished(fixture, await join('amd64', 'arm64'), 'joined');
  });
});

describe('a layout, whose digests are known', () => {
  const fixture = useSandbox();

  it('takes two requests for each blob', async () => {
    await expectPublished(fixture, await publish(fixture, await writeLayout(fixture, smallLayers)));
    const blobs = fixture.sandbox.requests.filter(({ path }) => path.includes('/uploads/'));
    expect(new Set(blobs.map(({ method }) => method))).toEqual(new Set(['POST', 'PUT']));
    expect(blobs).toHaveLength(2 * uploads(fixture));
  });
});

describe('the results', () => {
  const fixture = useSandbox();
  const pipeline = {
    BITBUCKET_PIPELINE_UUID: '{0}',
    BITBUCKET_WORKSPACE: 'acme',
    BITBUCKET_REPO_SLUG: 'app',
    BITBUCKET_COMMIT: '0123456789abcdef0123456789abcdef01234567',
  };

  it('say what was published, what was sent for it, and what was left as it is', async () => {
    const file = await writeArchive(fixture, smallLayers);
    const variables = join(fixture.directory, 'variables');
    const more = { ...pipeline, TAGS: 'v2', BITBUCKET_PIPELINES_VARIABLES_PATH: variables };
    const args = ['--skip-existing', '--output', 'result.json'];
    const name = `${new URL(fixture.sandbox.registryUrl).host}/acme/app`;
    const resultOf = async (): Promise<{ readonly items: readonly { readonly size?: number }[] }> =>
      JSON.parse(await readFile(join(fixture.directory, 'result.json'), 'utf8'));
    const sizesOf = async (): Promise<readonly unknown[]> => (await resultOf()).items.map(({ size }) => size);
    // One for each target.
    const reportOf = (index: number): unknown => [...fixture.sandbox.reports.values()][index];
    const digest = (): string | undefined => fixture.sandbox.registry.repositories.get('acme/app')?.tags.get('v1');
    const item = (tag: string, action: string): object => ({
      name: `${name}:${tag}`,
      url: `${fixture.sandbox.registryUrl}/v2/acme/app/manifests/${tag}`,
      digest: digest(),
      action,
    });

    const first = await publish(fixture, file, more, ...args);
    await expectPublished(fixture, first);
    expect(first.output).toMatch(
      new RegExp(
        String.raw`^✔ Published \S+:v1, \S+:v2 in .*\n` +
          String.raw`  \S+:v1  \d+ B  sha256:\w{12}  uploaded\n  \S+:v2  \d+ B  sha256:\w{12}  uploaded\n` +
          String.raw`  4 layers sent, \d+ B\n  To deploy exactly this image:\n  ${name}@${digest()}\n$`,
        'm',
      ),
    );
    expect(await readFile(variables, 'utf8')).toBe(
      `UPLOAD_ACTION=uploaded\nIMAGE_REFERENCE=${name}:v1\nIMAGE_DIGEST=${digest()}\nIMAGE_PULL_REFERENCE=${name}@${digest()}\n`,
    );
    expect(await resultOf()).toMatchObject({ type: 'image', items: [item('v1', 'uploaded'), item('v2', 'uploaded')] });
    const [bytes] = await sizesOf();
    expect(bytes).toBeGreaterThan(0);
    expect(await sizesOf()).toEqual([bytes, bytes]);
    expect(reportOf(0)).toMatchObject({
      title: 'Published a container image',
      details: `${name}:v1, ${name}:v2`,
      data: [
        { title: 'Digest', type: 'TEXT', value: digest() },
        { title: 'Size', type: 'TEXT', value: expect.stringMatching(/^\d+ B$/) },
        { title: 'Sent', type: 'TEXT', value: expect.stringMatching(/^4 layers, \d+ B$/) },
        { title: 'Reused', type: 'NUMBER', value: 0 },
        { title: 'Duration', type: 'DURATION' },
        ...['v1', 'v2'].map((tag) => ({
          title: `${name}:${tag}`,
          type: 'LINK',
          value: { href: `${fixture.sandbox.registryUrl}/v2/acme/app/manifests/${tag}` },
        })),
      ],
    });

    const third = await publish(fixture, file, { ...more, TAGS: 'v3' }, ...args);
    await expectPublished(fixture, third, 'v3');
    expect(third.output).toMatch(
      /^✔ Published \S+:v3 in .*\n.*:v1 .* skipped\n.*:v3 .* reused\n {2}0 layers sent, 0 B\n {2}4 layers reused or already there: \d+ B and 8 requests not sent$/m,
    );
    expect(await resultOf()).toMatchObject({ items: [item('v1', 'skipped'), item('v3', 'reused')] });
    expect(await sizesOf()).toEqual([undefined, bytes]);
    expect(reportOf(1)).toMatchObject({ title: 'Published a container image', details: `${name}:v3` });

    const again = await publish(fixture, file, more, ...args);
    expect(again.output).toMatch(/^✔ Nothing to publish, already there, left as it is: \S+:v1 and 1 more$/m);
    expect(await resultOf()).toMatchObject({ items: [item('v1', 'skipped'), item('v2', 'skipped')] });
    expect(await sizesOf()).toEqual([undefined, undefined]);
    expect(reportOf(0)).toMatchObject({
      title: 'The container image was already there',
      details: `${name}:v1, ${name}:v2`,
      data: expect.arrayContaining([{ title: 'Digest', type: 'TEXT', value: digest() }]),
    });
    expect(JSON.stringify(reportOf(0))).not.toContain('"Size"');
  });

  it('report the digest of what was published, not that of a tag that was left as it is', async () => {
    const { digest } = await fixture.sandbox.registry.seed('acme/app', { tags: ['v1'] });
    const file = await writeArchive(fixture, smallLayers);
    await expectPublished(fixture, await publish(fixture, file, { ...pipeline, TAGS: 'v2' }, '--skip-existing'), 'v2');
    const published = fixture.sandbox.registry.repositories.get('acme/app')?.tags.get('v2');
    expect(published).not.toBe(digest);
    expect([...fixture.sandbox.reports.values()]).toMatchObject([
      { data: expect.arrayContaining([{ title: 'Digest', type: 'TEXT', value: published }]) },
    ]);
  });

  it('leave the size out if it is not known: of joined tags, and of an image that was not reached', async () => {
    const result = join(fixture.directory, 'result.json');
    const itemsOf = async (): Promise<readonly object[]> => JSON.parse(await readFile(result, 'utf8')).items;
    await expectPublished(fixture, await publish(fixture, await writeArchive(fixture, smallLayers)));
    const joined = { IMAGE: 'acme/app:joined' };
    const ended = await publish(fixture, undefined, joined, '--join', 'v1', '--output', 'result.json');
    await expectPublished(fixture, ended, 'joined');
    expect(await itemsOf()).toEqual([expect.not.objectContaining({ size: expect.anything() })]);
    expect(resultProblems(await readFile(result, 'utf8'))).toEqual([]);

    fixture.sandbox.inject({ server: 'registry', times: Infinity, action: { kind: 'status', status: 403 } });
    const file = await writeArchive(fixture, [layer('another')]);
    await publish(fixture, file, {}, '--output', 'result.json');
    expect(await itemsOf()).toEqual([expect.not.objectContaining({ size: expect.anything() })]);
    expect(resultProblems(await readFile(result, 'utf8'))).toEqual([]);
  });
});

describe('the log', () => {
  const fixture = useSandbox({ registry: {} });

  it('counts a layer of two platforms once, as sent', async () => {
    const { exitCode, output } = await publish(fixture, await writePlatforms(fixture, ['amd64', 'arm64']));
    expect(exitCode).toBe(0);
    expect(output).toMatch(/^ {2}3 layers sent, [\d.]+ k?B$/m);
  });

  it('says that a tag of --reuse is not there, but not that a default one is not', async () => {
    const file = await writeArchive(fixture, smallLayers);
    const missing = /^INFO: tag \S+ is not reused: there is no such tag, or /m;
    expect((await publish(fixture, file, { DEBUG: 'false' })).output).not.toMatch(missing);
    expect((await publish(fixture, file, { DEBUG: 'false' }, '--reuse', 'maim')).output).toMatch(missing);
  });

  it.each([
    [12, 12],
    [13, 0],
  ])('of an image of %i layers has a line for %i of them', async (count, lines) => {
    const contents = Array.from({ length: count }, (_, index) => layer(`layer ${index}`));
    const { exitCode, output } = await publish(fixture, await writeLayout(fixture, contents));
    expect(exitCode).toBe(0);
    expect(output.match(/^INFO: layer \d+ of \d+: sent, /gm) ?? []).toHaveLength(lines);
    expect(output).toContain(`\n  ${count} layers sent, `);
  });
});
