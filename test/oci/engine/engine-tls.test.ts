/** Publishing an image from a Docker Engine with TLS, set up with the variables of Docker's own client. */

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { selfSigned } from '../../http/certificates.ts';
import { imageEnvironment } from '../registry/images.ts';
import { type Ended, useSandbox } from '../../run-pipe.ts';
import { answer, type FakeEngine, send, startEngine } from './fake-engine.ts';
import { config, digestsOf, layer, legacyEntries, sha256 } from '../fixtures.ts';
import { tar } from '../../archive/tar/tar-writer.ts';

const fixture = useSandbox();
const server = selfSigned();
const client = selfSigned();
const contents = [layer('base', 3000), layer('app', 500)];
const facts = {
  Id: sha256(config(contents)),
  Os: 'linux',
  Architecture: 'amd64',
  RootFS: { Type: 'layers', Layers: digestsOf(contents) },
};
let engine: FakeEngine;

/** Like `dockerd --tlsverify`: it refuses clients without a known certificate. */
beforeEach(async () => {
  const routes = {
    '/images/acme/app:v1/json': answer(facts),
    '/images/acme/app:v1/get': send(tar(legacyEntries(contents))),
  };
  const tls = { ...server, requestCert: true, rejectUnauthorized: true, ca: client.cert };
  engine = await startEngine(routes, { tls });
  await writeCertificates({ ca: server.cert, ...client });
});
afterEach(async () => {
  await engine.close();
});

async function writeCertificates({ ca, cert, key }: { ca: string; cert: string; key: string }): Promise<void> {
  const directory = join(fixture.directory, 'certificates');
  await mkdir(directory, { recursive: true });
  for (const [name, content] of Object.entries({ ca, cert, key }))
    await writeFile(join(directory, `${name}.pem`), content);
}

async function push(more: Readonly<Record<string, string | undefined>> = {}): Promise<Ended> {
  const { directory } = fixture;
  const tls = { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: join(directory, 'certificates') };
  return await fixture.runPipe({ ...imageEnvironment(fixture, undefined), DOCKER_HOST: engine.host, ...tls, ...more });
}

it('publishes with the certificates in DOCKER_CERT_PATH', async () => {
  const { exitCode, output } = await push();
  expect({ exitCode, output: exitCode === 0 ? '' : output }).toEqual({ exitCode: 0, output: '' });
  expect(await fixture.sandbox.registry.pullProblems('acme/app', 'v1')).toEqual([]);
  expect(engine.requests.at(-1)).toBe('/v1.41/images/acme/app:v1/get');
});

describe('sends no request and publishes nothing', () => {
  const reach = /✖ The Docker Engine at tcp:\/\/127\.0\.0\.1:\d+ /;

  it.each([
    [
      'if the certificate of the engine is not trusted',
      { ca: client.cert, ...client },
      {},
      'cannot be trusted: its certificate is signed by itself',
    ],
    ['if the engine does not trust the client certificate', { ca: server.cert, ...selfSigned() }, {}, reach],
    [
      'without a certificate',
      { ca: server.cert, ...client },
      { DOCKER_CERT_PATH: undefined },
      'cannot be trusted: its certificate is signed by itself',
    ],
    ['without TLS', { ca: server.cert, ...client }, { DOCKER_TLS_VERIFY: undefined }, reach],
    ['if the directory does not exist', { ca: '', ...client }, { DOCKER_CERT_PATH: '/nowhere' }, 'certificates'],
  ])('%s', async (_, certificates, more, message) => {
    await writeCertificates(certificates);
    const { exitCode, output } = await push(more);
    expect(exitCode).toBe(1);
    expect(output).toMatch(message);
    expect(engine.requests).toEqual([]);
    expect(fixture.sandbox.registry.repositories.get('acme/app')?.tags.size).toBe(0);
    await rm(join(fixture.directory, 'certificates'), { recursive: true });
  });
});
