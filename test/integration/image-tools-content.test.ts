/**
 * BuildKit serves its content as a Docker Engine with the containerd image store does, by the same code: the bundle reads an
 * image from it, blob by blob. Only the engine before it is ours.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { openImage } from '../../pipe/oci/open-image.ts';
import { answer, startEngine } from '../oci/engine/fake-engine.ts';
import { startBundle } from '../run-bundle.ts';
import { startDebianRegistry } from './debian-registry.ts';
import * as tools from './image-tools.ts';

jest.setTimeout(240_000);

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'image-content-'));
});
afterEach(async () => await rm(root, { recursive: true, force: true }));

it('publishes an image that BuildKit keeps', async () => {
  await tools.writeContext(root);
  const registry = await startDebianRegistry(join(root, 'registry'));
  try {
    await tools.withBuildKit(root, async (build, servicePath) => {
      await build('--output=type=oci,name=app:1,dest=app.tar');
      const archive = await openImage({ path: 'app.tar', absolutePath: join(root, 'app.tar') }, {});
      const manifest = archive.images[0]?.manifest;
      await archive.close();
      if (manifest === undefined) throw new Error('BuildKit wrote no manifest');
      const { digest, mediaType, bytes } = manifest;
      const facts = { Id: digest, Descriptor: { mediaType, digest, size: bytes.length }, Os: '', Architecture: '' };
      const engine = await startEngine(
        { '/images/app:1/json': answer(facts) },
        { apiVersion: '1.51', content: { servicePath } },
      );
      try {
        const env = { TYPE: 'image', IMAGE: 'app:1', REGISTRY: registry.host, DOCKER_HOST: engine.host };
        const { exitCode, output } = await startBundle(env, { cwd: root }).ended;
        expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringContaining('2 layers sent') });
        expect(output).toContain(`app@${digest}`);
        expect(engine.requests.filter((path) => path.endsWith('/get'))).toEqual([]);
      } finally {
        await engine.close();
      }
    });
    const copy = ['copy', '--quiet', '--src-tls-verify=false', `docker://${registry.host}/app:1`, 'dir:pulled'];
    await tools.runIn(root)('skopeo', '--insecure-policy', ...copy);
  } finally {
    await registry.close();
  }
});
