/** Container images from the variables to what a registry holds. */

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
import { arrayVariables, type Bench, type Ended, useBench } from '../../run-pipe.ts';
import type { RegistryOptions } from '../../sandbox/registry-options.ts';
import { tokens } from '../../sandbox/tokens.ts';

type More = Readonly<Record<string, string | undefined>>;

async function publish(bench: Bench, file: string | undefined, more: More = {}, ...args: string[]): Promise<Ended> {
  return await bench.runPipe({ ...imageEnvironment(bench, file, ...args), ...more });
}

async function expectPublished(bench: Bench, { exitCode, output }: Ended, tag = 'v1'): Promise<void> {
  expect({ exitCode, output: exitCode === 0 ? '' : output }).toEqual({ exitCode: 0, output: '' });
  expect(await bench.sandbox.registry.pullProblems('acme/app', tag)).toEqual([]);
}

function uploads(bench: Bench): number {
  return bench.sandbox.requests.filter(({ steps }) => steps.includes('start')).length;
}

const behaviours: Readonly<Record<string, RegistryOptions>> = {
  'a Bearer token': {},
  'a token under access_token, without expires_in': { tokenField: 'access_token', tokenExpiry: false },
  'an oddly written challenge': { challenges: 'odd' },
  'several challenges in one header': { challenges: 'joined' },
  'several headers': { challenges: 'separate' },
  Basic: { authentication: 'basic' },
  'a token server whose clock is late': { tokenAgeSeconds: 1000 },
  'manifests of Docker alone': { acceptsOci: false },
  'manifests of Docker alone, said with 400': { acceptsOci: false, ociRefusalStatus: 400 },
};

describe.each(Object.entries(behaviours))('with %s', (_, registry) => {
  const bench = useBench({ registry });

  it('publishes', async () => {
    await expectPublished(bench, await publish(bench, await writeArchive(bench, smallLayers)));
  });
});

describe('with tokens that expire at every step', () => {
  const bench = useBench();

  it('publishes', async () => {
    const steps = ['start', 'data', 'commit', 'manifest-put'] as const;
    for (const step of steps) bench.sandbox.inject({ step, action: { kind: 'expire-token' } });
    await expectPublished(bench, await publish(bench, await writeArchive(bench, smallLayers)));
    expect(bench.sandbox.requests.filter(({ fault }) => fault === 'expire-token')).toHaveLength(steps.length);
  });
});

describe('without authentication', () => {
  const bench = useBench({ registry: { authentication: 'none' } });

  it('publishes for nobody, in as few requests as there can be', async () => {
    const ended = await publish(bench, await writeLayout(bench, layers), { USERNAME: undefined, TOKEN: undefined });
    await expectPublished(bench, ended);
    expect(bench.sandbox.requests.length).toBeLessThanOrEqual(24);
  });

  it("the pipeline's own credentials are not for another registry", async () => {
    const own = {
      USERNAME: undefined,
      TOKEN: undefined,
      BITBUCKET_PACKAGES_USERNAME: tokens.packagesUser,
      BITBUCKET_PACKAGES_TOKEN: tokens.packagesToken,
    };
    await expectPublished(bench, await publish(bench, await writeArchive(bench, smallLayers), own));
    expect(bench.sandbox.requests.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
  });
});

describe('refusals', () => {
  const bench = useBench({ registry: { immutableTags: 'fixed' } });

  it('wrong credentials', async () => {
    const { exitCode, output } = await publish(bench, await writeArchive(bench, smallLayers), {
      TOKEN: 'wrong-token-of-some-length',
    });
    expect(exitCode).toBe(1);
    expect(output).toContain('401');
    expect(output).toContain('The registry does not accept this USERNAME and TOKEN');
  });

  it("an access token for Bitbucket's registry, before any request", async () => {
    const more = { REGISTRY: undefined, TOKEN: tokens.accessToken, USERNAME: undefined };
    const { exitCode, output } = await publish(bench, await writeArchive(bench, smallLayers), more);
    expect(exitCode).toBe(1);
    expect(output).toContain('is an access token, which Packages do not accept');
    expect(bench.sandbox.requests).toEqual([]);
  });

  it('a package that was not created', async () => {
    const { exitCode, output } = await publish(bench, await writeArchive(bench, smallLayers), { IMAGE: 'acme/new' });
    expect(exitCode).toBe(1);
    expect(output).toContain('The package acme/new does not exist');
  });

  it('an immutable tag among several: told for each of them', async () => {
    await bench.sandbox.registry.seed('acme/app', { tags: ['fixed'] });
    const more = { TAGS: 'fixed, v3' };
    const { exitCode, output } = await publish(bench, await writeArchive(bench, smallLayers), more);
    expect(exitCode).toBe(1);
    expect(output).toMatch(/app:v1: published\n.*app:fixed: NOT published\n.*app:v3: not attempted\n/);
    expect(await bench.sandbox.registry.pullProblems('acme/app', 'v1')).toEqual([]);
  });
});

describe('what is published already', () => {
  const bench = useBench();

  it('is not sent again under another tag, and a changed layer is sent alone', async () => {
    await expectPublished(bench, await publish(bench, await writeArchive(bench, smallLayers)));
    const first = uploads(bench);
    const more = { IMAGE: 'acme/app:v2', ...arrayVariables('TAGS', ['other']) };
    await expectPublished(bench, await publish(bench, 'app.tar', more, '--reuse', 'v1'), 'v2');
    expect(uploads(bench)).toBe(first);
    expect(await bench.sandbox.registry.pullProblems('acme/app', 'other')).toEqual([]);
    const changed = [...smallLayers.slice(0, -1), layer('changed', 700)];
    await expectPublished(bench, await publish(bench, await writeArchive(bench, changed)));
    // The layer, and the config.
    expect(uploads(bench)).toBe(first + 2);
    await expectPublished(bench, await publish(bench, 'app.tar', {}, '--reuse', 'none'));
    expect(bench.sandbox.requests.length).toBeGreaterThan(0);
  });

  it.each([
    ['is reused whatever it was packed with', { compression: 'zstd' as const }, 1],
    ['is not trusted where a blob has vanished', { missing: true }, 2],
  ])('%s', async (_, seeded, sent) => {
    const content = layer('seeded', 3000);
    await bench.sandbox.registry.seed('acme/app', { layers: [{ content, ...seeded }] });
    const ended = await publish(bench, await writeArchive(bench, [content], 'app.tar', { author: 'another' }));
    await expectPublished(bench, ended);
    expect(uploads(bench)).toBe(sent);
  });

  it('is not trusted where its config has more layers than its manifest', async () => {
    const content = layer('seeded', 3000);
    const diff = { type: 'layers', diff_ids: ['sha256:1', 'sha256:2'] };
    await bench.sandbox.registry.seed('acme/app', { layers: [{ content }], config: { rootfs: diff } });
    await expectPublished(bench, await publish(bench, await writeArchive(bench, [content])));
    expect(uploads(bench)).toBe(2);
  });

  it.each(['manifest-get', 'blob-get'] as const)('is not trusted where %s gives other content', async (step) => {
    const content = layer('seeded', 3000);
    await bench.sandbox.registry.seed('acme/app', { layers: [{ content }] });
    bench.sandbox.inject({ step, path: 'latest|blobs', times: 1, action: { kind: 'corrupt-content' } });
    await expectPublished(
      bench,
      await publish(bench, await writeArchive(bench, [content], 'app.tar', { author: 'b' })),
    );
  });
});

describe.each([{}, { acceptsOci: false }])('several platforms, %j', (registry) => {
  const bench = useBench({ registry });

  it('an index, one platform of it, and an index of published tags', async () => {
    const file = await writePlatforms(bench, ['amd64', 'arm64']);
    await expectPublished(bench, await publish(bench, file));
    for (const architecture of ['amd64', 'arm64']) {
      const more = { IMAGE: `acme/app:${architecture}` };
      const ended = await publish(bench, file, more, '--platform', `linux/${architecture}`);
      await expectPublished(bench, ended, architecture);
    }
    const join = (...tags: string[]): Promise<Ended> =>
      publish(bench, undefined, { IMAGE: 'acme/app:joined' }, ...tags.flatMap((tag) => ['--join', tag]));
    await expectPublished(bench, await join('amd64', 'arm64'), 'joined');
  });
});
