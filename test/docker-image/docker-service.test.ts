/** Publishes an image that the same step built, from the docker service at the TCP address that Pipelines gives to pipes. */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { connectToEngine } from '../platform/engine-address.ts';
import { tokens } from '../sandbox/tokens.ts';
import { docker, type Ended, pipeStorage, useStep, variablesFile } from './run-pipe.ts';

const step = useStep();
const build = randomBytes(6).toString('hex');
const [first, second] = [`acme/app:${build}-1`, `acme/app:${build}-2`] as const;
let context = '';
let service: Server;

/** The docker service of Pipelines listens on a port, which pipes reach by another name; other engines on a socket. */
beforeAll(async () => {
  service = createServer((socket) => {
    const engine = connectToEngine(process.env['DOCKER_HOST']);
    socket.on('error', () => engine.destroy()).pipe(engine);
    engine.on('error', () => socket.destroy()).pipe(socket);
  });
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  context = await mkdtemp(join(tmpdir(), 'pipe-image-'));
  await writeFile(join(context, 'data'), randomBytes(2_000_000));
  await writeFile(join(context, 'greeting'), `This is ${build}.\n`.repeat(10_000));
  await writeFile(join(context, 'Dockerfile'), 'FROM scratch\nCOPY data /\nCOPY greeting /\nCMD ["/greeting"]\n');
  await docker('build', '--quiet', '--force-rm', '--tag', first, context);
  await docker('tag', first, second);
});
afterAll(async () => {
  service.close();
  await docker('image', 'rm', first, second);
  await rm(context, { recursive: true });
});

async function push(image: string, tags = ''): Promise<Ended> {
  const { port } = service.address() as AddressInfo;
  const env = {
    IMAGE: image,
    TAGS: tags,
    REGISTRY: step.sandbox.registryHost,
    USERNAME: tokens.packagesUser,
    TOKEN: tokens.packagesToken,
    DOCKER_HOST: `tcp://host.docker.internal:${port}`,
    DEBUG: 'true',
    // No report: where the service is, Pipelines may have a proxy of its own.
    BITBUCKET_PIPELINE_UUID: '',
  };
  return await step.runPipe(env, { internalAddress: '127.0.0.1' });
}

interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly mediaType: string }[];
}

it('publishes an image, and then a second tag without sending any bytes', async () => {
  const { exitCode, output, errors } = await push(first, 'latest');
  expect({ exitCode, output, errors }).toEqual({ exitCode: 0, output: expect.stringContaining('✔ '), errors: '' });
  const { registry, violations } = await step.sandbox.state();
  const { manifests, tags } = registry.repositories['acme/app'] ?? {};
  const digest = tags?.[`${build}-1`] ?? '';
  expect(tags).toEqual({ [`${build}-1`]: digest, latest: digest });
  const manifest = JSON.parse(manifests?.[digest]?.content ?? '') as Manifest;
  // An image's ID is the digest of its config.
  expect(manifest.config.digest).toBe((await docker('image', 'inspect', '--format={{.Id}}', first)).trim());
  const gzip = 'application/vnd.oci.image.layer.v1.tar+gzip';
  expect(manifest.layers.map(({ mediaType }) => mediaType)).toEqual([gzip, gzip]);
  expect(await step.sandbox.registry.pullProblems('acme/app', `${build}-1`)).toEqual([]);
  expect(violations).toEqual([]);
  expect(JSON.parse(await readFile(join(step.clone, pipeStorage, 'result.json'), 'utf8'))).toMatchObject({
    type: 'image',
    items: [
      { digest, action: 'uploaded' },
      { digest, action: 'uploaded' },
    ],
  });
  const reference = `${step.sandbox.registryHost}/${first}`;
  expect(await readFile(join(step.clone, variablesFile), 'utf8')).toBe(
    [
      'UPLOAD_ACTION=uploaded',
      `IMAGE_REFERENCE=${reference}`,
      `IMAGE_DIGEST=${digest}`,
      `IMAGE_PULL_REFERENCE=${reference.replace(/:[^:/]*$/, '')}@${digest}`,
      '',
    ].join('\n'),
  );

  const sentBefore = registry.dataBytes;
  expect(sentBefore).toBeGreaterThan(2_000_000);
  const again = await push(second);
  expect(again).toMatchObject({ exitCode: 0, errors: '' });
  expect(again.output).toContain('This image is already published as tag latest; nothing to send');
  const after = await step.sandbox.state();
  expect(after.registry.repositories['acme/app']?.tags).toEqual({ ...tags, [`${build}-2`]: digest });
  expect(after.registry.dataBytes).toBe(sentBefore);
  expect(after.violations).toEqual([]);
});

it('fails if the image does not exist, and lists those that do', async () => {
  const { exitCode, output } = await push(`acme/app:${build}-3`);
  expect(exitCode).toBe(1);
  expect(output).toMatch(
    new RegExp(`✖ There is no image acme/app:${build}-3 in the Docker Engine at tcp://host\\.docker`),
  );
  expect(output).toContain(`acme/app:${build}-1`);
  expect((await step.sandbox.state()).registry.dataBytes).toBe(0);
});
