/** Reads a published image from a registry, as any client does. */

import { createHash } from 'node:crypto';

export interface PublishedIndex {
  readonly digest: string;
  readonly platforms: readonly PublishedPlatform[];
}

export interface PublishedPlatform {
  /** `linux/arm64` */
  readonly name: string;
  readonly digest: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly diffIds: readonly string[];
  /** Of the compressed layers. */
  readonly digests: readonly string[];
}

interface Descriptor {
  readonly digest: string;
  readonly platform: { readonly os: string; readonly architecture: string };
}

const accept = ['index', 'manifest'].map((kind) => `application/vnd.oci.image.${kind}.v1+json`).join(', ');

/** The tags of a repository, in alphabetical order; empty if the repository does not exist. */
export async function tagsOf(registry: string, repository: string): Promise<readonly string[]> {
  const response = await fetch(`http://${registry}/v2/${repository}/tags/list`);
  if (response.status === 404) return [];
  return ((await response.json()) as { readonly tags: readonly string[] }).tags.toSorted();
}

/** Reads an index and its images, and checks every digest. */
export async function readIndex(registry: string, repository: string, tag: string): Promise<PublishedIndex> {
  const read = async (path: string): Promise<Buffer> => {
    const response = await fetch(`http://${registry}/v2/${repository}/${path}`, { headers: { accept } });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    const bytes = Buffer.from(await response.arrayBuffer());
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    if (path.includes('sha256:') && !path.endsWith(digest)) throw new Error(`${path}: has the digest ${digest}`);
    return bytes;
  };
  const bytes = await read(`manifests/${tag}`);
  const index = JSON.parse(bytes.toString()) as { readonly manifests: readonly Descriptor[] };
  const platforms = index.manifests.map(async ({ digest, platform }) => {
    const manifest = JSON.parse((await read(`manifests/${digest}`)).toString());
    const config = JSON.parse((await read(`blobs/${manifest.config.digest}`)).toString());
    const name = `${platform.os}/${platform.architecture}`;
    if (`${config.os}/${config.architecture}` !== name) throw new Error(`${digest}: is for ${config.architecture}`);
    return {
      name,
      digest,
      labels: config.config.Labels,
      diffIds: config.rootfs.diff_ids,
      digests: manifest.layers.map((layer: Descriptor) => layer.digest),
    };
  });
  return {
    digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
    platforms: await Promise.all(platforms),
  };
}
