/** Images as Docker and skopeo write them. Needs a Docker Engine and both their clients. */

import { execFileSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { withDiffIdCheck } from '../../pipe/oci/layers/diff-id-check.ts';
import { openEngineImage } from '../../pipe/oci/engine/engine-image.ts';
import type { Image } from '../../pipe/oci/image.ts';
import { openImage } from '../../pipe/oci/open-image.ts';
import { createSecrets } from '../../pipe/toolkit/scrub.ts';
import { inputError, readAll, sha256 } from '../oci/fixtures.ts';

const name = `image-sources-${randomUUID().slice(0, 8)}`;
const engine = {
  host: process.env['DOCKER_HOST'],
  tlsVerify: process.env['DOCKER_TLS_VERIFY'],
  certPath: process.env['DOCKER_CERT_PATH'],
};
const options = { timeoutMs: 60_000, scrub: createSecrets([]).scrub };
let root = '';
let id = '';
let diffIds: readonly string[] = [];

const run = (command: string, ...args: readonly string[]): string =>
  execFileSync(command, args, { encoding: 'utf8' }).trim();
const at = (path: string): string => join(root, path);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'image-sources-'));
  await mkdir(at('context'));
  for (const file of ['a', 'b']) await writeFile(at(`context/${file}`), file);
  await writeFile(at('context/big'), randomBytes(3_000_000));
  // A repeated layer, special characters in the config, and one layer that needs several reads.
  const lines = ['FROM scratch', 'COPY a /a', 'COPY b /b', 'COPY a /a', 'LABEL text="<é & \\u2028>"', 'COPY big /big'];
  await writeFile(at('context/Dockerfile'), lines.join('\n'));
  id = run('docker', 'build', '--quiet', '--tag', `${name}:1`, '--tag', `${name}:2`, at('context'));
  diffIds = JSON.parse(
    run('docker', 'image', 'inspect', '--format', '{{json .RootFS.Layers}}', `${name}:1`),
  ) as string[];
  run('docker', 'save', '--output', at('docker.tar'), `${name}:1`, `${name}:2`);
  await writeFile(at('docker.tar.gz'), gzipSync(await readFile(at('docker.tar'))));
  const from = `docker-archive:${at('docker.tar')}:${name}:1`;
  const skopeo = (to: string, ...args: readonly string[]): string =>
    run('skopeo', '--insecure-policy', 'copy', '--quiet', ...args, from, to);
  skopeo(`oci-archive:${at('oci.tar')}:${name}:1`);
  skopeo(`oci:${at('layout')}:${name}:1`);
  skopeo(`oci:${at('zstd')}:${name}:1`, '--dest-compress-format', 'zstd');
  skopeo(`docker-archive:${at('skopeo.tar')}:${name}:1`);
}, 120_000);

afterAll(async () => {
  run('docker', 'image', 'rm', `${name}:1`, `${name}:2`);
  await rm(root, { recursive: true });
});

async function openAt(path: string): Promise<Image> {
  return await openImage({ path, absolutePath: at(path) }, { reference: `${name}:1` });
}

it.each([
  ['docker.tar', 'docker archive docker.tar', 'none'],
  ['docker.tar.gz', 'docker archive docker.tar.gz', 'none'],
  ['skopeo.tar', 'docker archive skopeo.tar', 'none'],
  ['oci.tar', 'OCI archive oci.tar', 'gzip'],
  ['layout', 'OCI layout layout', 'gzip'],
  ['zstd', 'OCI layout zstd', 'zstd'],
])('%s', async (path, description, encoding) => {
  const image = await openAt(path);
  expect(image).toMatchObject({ description, notes: [] });
  const [only] = image.images;
  expect(only?.layers.map((layer) => layer.diffId)).toEqual(diffIds);
  expect(new Set(only?.layers.map((layer) => layer.encoding))).toEqual(new Set([encoding]));
  for (const layer of only?.layers ?? []) {
    const bytes = await readAll(withDiffIdCheck(layer).open());
    expect(bytes).toHaveLength(layer.length);
    expect(sha256(bytes)).toBe(layer.descriptor?.digest ?? layer.diffId);
  }
  await image.close();
});

it('reads the same config and manifest as skopeo, byte for byte', async () => {
  expect((await openAt('docker.tar')).images[0]?.config.digest).toBe(id);
  const inspected = run('skopeo', 'inspect', '--raw', `oci:${at('layout')}:${name}:1`);
  expect((await openAt('layout')).images[0]?.manifest?.bytes.toString()).toBe(inspected);
});

describe('the Docker Engine', () => {
  it('is read in one pass', async () => {
    const image = await openEngineImage(engine, `${name}:1`, {}, options);
    expect(image).toMatchObject({ id, diffIds, platform: { os: 'linux' } });
    const exported = image.export();
    const digests = new Map<string, string>();
    for await (const layer of exported.layers()) {
      // Every version of the format identifies the layer before its first byte.
      expect(diffIds).toContain(layer.diffId);
      digests.set(layer.name, sha256(await readAll(layer.open())));
      expect(digests.get(layer.name)).toBe(layer.diffId);
    }
    const whole = await exported.image();
    expect(whole.images[0]?.config.digest).toBe(id);
    expect(whole.images[0]?.layers.map((layer) => digests.get(layer.name))).toEqual(diffIds);
    expect(sha256(await readAll(whole.images[0]?.layers[1]?.open() ?? (async function* () {})()))).toBe(diffIds[1]);
    await image.close();
  }, 60_000);

  it('does not have the image', async () => {
    expect(await inputError(openEngineImage(engine, `${name}:3`, {}, options))).toMatch(
      new RegExp(`There is no image ${name}:3 in the Docker Engine at .*\\. It has ${name}:[12], ${name}:[12]$`),
    );
  });

  it('does not have the platform', async () => {
    expect(await inputError(openEngineImage(engine, `${name}:1`, { platform: 'windows/arm64' }, options))).toMatch(
      /windows|platform/,
    );
  });
});
