/** Asks a registry, which requires no credentials, for an image and everything in it, as a pull does. */

import { sha256 } from '../oci/fixtures.ts';

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

interface Manifest {
  readonly mediaType: string;
  readonly manifests?: readonly Descriptor[];
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
}

export interface Pulled {
  /** Of the manifest; undefined if there is none. */
  readonly digest: string | undefined;
  /** Empty if all of it is there. */
  readonly problems: readonly string[];
}

const kinds = ['index', 'manifest'].map((kind) => `application/vnd.oci.image.${kind}.v1+json`);

/** @param repository with the registry's host: `127.0.0.1:5000/acme/app` @param reference a tag or a digest */
export async function pull(repository: string, reference: string): Promise<Pulled> {
  const [host = '', ...name] = repository.split('/');
  const base = `http://${host}/v2/${name.join('/')}`;
  const response = await fetch(`${base}/manifests/${reference}`, { headers: { accept: kinds.join(', ') } });
  if (!response.ok) return { digest: undefined, problems: [`${reference}: ${response.status}`] };
  const bytes = Buffer.from(await response.arrayBuffer());
  const { manifests = [], config, layers = [] } = JSON.parse(bytes.toString()) as Manifest;
  const children = await Promise.all(manifests.map(async ({ digest }) => await pull(repository, digest)));
  const blobs = config === undefined ? layers : [config, ...layers];
  const problems = await Promise.all(
    blobs.map(async ({ digest, size }) => {
      const content = await fetch(`${base}/blobs/${digest}`);
      const blob = Buffer.from(await content.arrayBuffer());
      return blob.length === size && sha256(blob) === digest ? [] : [`${digest}: ${content.status}`];
    }),
  );
  return { digest: sha256(bytes), problems: [...problems.flat(), ...children.flatMap((child) => child.problems)] };
}
