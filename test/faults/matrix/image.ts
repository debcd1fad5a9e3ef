/** Pushes an image over an older one of the same tag, with which it shares a layer. */

import { tar } from '../../archive/tar/tar-writer.ts';
import { dockerArchive } from '../../sandbox/demo-image.ts';
import { arrayVariables } from '../../run-pipe.ts';
import { tokens } from '../../sandbox/tokens.ts';
import type { Protocol } from './protocol.ts';

const name = 'acme/app';
const common = { common: Buffer.from('the content of both') };
const upload = /\/blobs\/uploads\/.+/;
const manifest = /\/manifests\/v1$/;

export const image: Protocol = {
  name: 'image',
  // A registry behind a gateway does not see the host name that the client used.
  sandbox: { registry: { location: 'path' } },
  requests: [
    {
      name: 'GET manifest',
      isAuthorized: true,
      method: 'GET',
      path: manifest,
      before: { method: 'PUT', path: manifest },
      follows: true,
      reads: true,
    },
    { name: 'token', server: 'side', method: 'GET', path: /^\/token/, follows: true, reads: true },
    { name: 'GET blob', method: 'GET', path: /\/blobs\/sha256:/, follows: true, reads: true },
    { name: 'HEAD blob', method: 'HEAD', path: /\/blobs\/sha256:/, follows: true },
    { name: 'POST', method: 'POST', path: /\/blobs\/uploads\/$/, follows: true },
    { name: 'PATCH', method: 'PATCH', path: upload, hasBody: true, follows: true },
    { name: 'PUT blob', method: 'PUT', path: upload, follows: true },
    { name: 'PUT manifest', method: 'PUT', path: manifest, hasBody: true, follows: true },
    {
      name: 'GET back',
      method: 'GET',
      path: manifest,
      after: { method: 'PUT', path: manifest },
      follows: true,
      reads: true,
    },
  ],
  files: { 'image.tar': dockerArchive(`${name}:v1`, { ...common, data: Buffer.from('the content of a layer') }) },
  origins: ({ registryUrl, authOrigin }) => ({ main: registryUrl, side: authOrigin }),
  environment: (_, origin) => ({
    TYPE: 'image',
    USERNAME: tokens.packagesUser,
    TOKEN: tokens.packagesToken,
    REGISTRY: origin,
    IMAGE: `${name}:v1`,
    FILENAME: 'image.tar',
    ...arrayVariables('EXTRA_ARGS', ['--concurrency', '1', '--reuse', 'v1']),
  }),
  async seed({ registry }) {
    await registry.seed(name, {
      layers: [{ content: tar([{ name: 'common', content: common.common }]) }],
      tags: ['v1', 'former'],
    });
  },
  async find({ registry }) {
    const repository = registry.repositories.get(name);
    const former = repository?.tags.get('former') ?? 'none';
    const isMoved = repository?.tags.get('v1') !== former;
    return {
      stored: isMoved ? 'all' : (repository?.blobs.size ?? 0) > 2 ? 'part' : 'nothing',
      problems: [...(await registry.pullProblems(name, 'v1')), ...(await registry.pullProblems(name, 'former'))],
    };
  },
};
