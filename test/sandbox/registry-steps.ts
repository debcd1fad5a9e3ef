/** The steps of the protocol that a request to a registry belongs to, so that a fault can match them. */
import { splitPath } from './request-path.ts';

/**
 * `start`: the POST that opens an upload, `mount` included. `data`: any request with a blob's content. `commit`: the one
 * that ends an upload; with content, it is `data` as well. `status`: GET of an upload.
 */
export const registrySteps = [
  'ping',
  'token',
  'blob-head',
  'blob-get',
  'mount',
  'start',
  'data',
  'commit',
  'status',
  'manifest-head',
  'manifest-get',
  'manifest-put',
] as const;

export type RegistryStep = (typeof registrySteps)[number];

const uploadSteps: Readonly<Record<string, RegistryStep>> = { PATCH: 'data', PUT: 'commit', GET: 'status' };
const blobSteps: Readonly<Record<string, RegistryStep>> = { HEAD: 'blob-head', GET: 'blob-get' };
const manifestSteps: Readonly<Record<string, RegistryStep>> = {
  HEAD: 'manifest-head',
  GET: 'manifest-get',
  PUT: 'manifest-put',
};

export function stepsOf(method: string, path: string, hasBody: boolean): readonly RegistryStep[] {
  const { pathname, query } = splitPath(path);
  if (pathname === '/token') return ['token'];
  if (/^\/v2\/?$/.test(pathname)) return ['ping'];
  if (pathname.endsWith('/blobs/uploads/')) {
    if (method !== 'POST') return [];
    if (query.has('mount')) return ['mount', 'start'];
    return query.has('digest') && hasBody ? ['start', 'data', 'commit'] : ['start'];
  }
  if (/\/blobs\/uploads\/[^/]+$/.test(pathname)) {
    const step = uploadSteps[method];
    if (step === 'commit' && hasBody) return ['data', 'commit'];
    return step === undefined ? [] : [step];
  }
  const [, kind] = /\/(blobs|manifests)\/[^/]+$/.exec(pathname) ?? [];
  const step = kind === 'blobs' ? blobSteps[method] : kind === 'manifests' ? manifestSteps[method] : undefined;
  return step === undefined ? [] : [step];
}
