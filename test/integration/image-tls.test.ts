/** The bundle pushes to Debian's registry behind a gateway that terminates TLS: the registry names itself in plain http. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { startTlsFront, type TlsFront } from '../bundle/tls-front.ts';
import { createAuthority } from '../http/certificates.ts';
import { startBundle } from '../run-bundle.ts';
import { dockerArchive } from '../sandbox/demo-image.ts';
import { account, type DebianRegistry, startDebianRegistry } from './debian-registry.ts';

jest.setTimeout(60_000);

let root = '';
let registry: DebianRegistry | undefined;
let front: TlsFront | undefined;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'image-tls-'));
  const authority = createAuthority();
  await writeFile(join(root, 'authority.pem'), authority.cert);
  await writeFile(join(root, 'image.tar'), dockerArchive('acme/app:1', { data: Buffer.alloc(100_000, 'data') }));
  registry = await startDebianRegistry(join(root, 'registry'), { hasPasswords: true });
  front = await startTlsFront(`http://${registry.host}`, authority.issue(['127.0.0.1']));
}, 60_000);

afterAll(async () => {
  await front?.[Symbol.asyncDispose]();
  await registry?.close();
  await rm(root, { recursive: true, force: true });
});

it('keeps https although every Location is in plain http', async () => {
  const { origin = '' } = front ?? {};
  const { exitCode, output } = await startBundle(
    {
      TYPE: 'image',
      IMAGE: 'acme/app:1',
      FILENAME: 'image.tar',
      REGISTRY: origin,
      USERNAME: account.username,
      TOKEN: account.password,
      DEBUG: 'true',
      NODE_EXTRA_CA_CERTS: join(root, 'authority.pem'),
    },
    { cwd: root },
  ).ended;
  expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringMatching(/^✔ /m) });
  expect(output).toMatch(new RegExp(`> PATCH ${origin}/v2/acme/app/blobs/uploads/`));
  expect(output).not.toContain('http://');
});
