/** Finds the problems of pulling an image, by the checks that clients make. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isNativeError } from 'node:util/types';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { isRecord } from './check-fields.ts';
import { isIndex, parseManifest, type Descriptor } from './registry-manifest-check.ts';
import type { KeptRepository, RegistryStore } from './registry-store.ts';

const imageConfig = /^application\/vnd\.(?:oci\.image\.config|docker\.container\.image)\.v1\+json$/;

/** Empty if the image, or each image of an index, can be pulled and run: everything exists, with correct digests and diff IDs. */
export async function pullProblems(store: RegistryStore, name: string, reference: string): Promise<string[]> {
  const repository = store.repository(name);
  const problems: string[] = [];
  await pull(store, repository, reference, problems);
  return problems;
}

async function pull(
  store: RegistryStore,
  repository: KeptRepository,
  reference: string,
  problems: string[],
): Promise<void> {
  const [digest, manifest] = store.findManifest(repository, reference) ?? [];
  if (manifest === undefined) return void problems.push(`no manifest ${reference}`);
  try {
    const { blobs, manifests } = parseManifest(manifest.bytes, manifest.mediaType);
    for (const child of manifests) await pull(store, repository, child.digest, problems);
    const [config, ...layers] = blobs;
    if (isIndex(manifest.mediaType) || config === undefined) return;
    if (!imageConfig.test(config.mediaType)) return void problems.push(...artifactProblems(repository, blobs));
    const diffIds = await readDiffIds(repository, config);
    if (diffIds.length !== layers.length) {
      problems.push(`${digest}: ${layers.length} layers, ${diffIds.length} diff IDs`);
    }
    for (const [index, layer] of layers.entries()) {
      const problem = await layerProblem(repository, layer, diffIds[index]);
      if (problem !== undefined) problems.push(`${digest}: layers[${index}]: ${problem}`);
    }
  } catch (error) {
    problems.push(`${digest}: ${isNativeError(error) ? error.message : String(error)}`);
  }
}

/** For a manifest that is not an image, such as an attestation: checks that its blobs exist. */
function artifactProblems(repository: KeptRepository, blobs: readonly Descriptor[]): readonly string[] {
  const missing = blobs.filter(({ digest, size }) => repository.blobs.get(digest)?.size !== size);
  return missing.map(({ digest }) => `${digest} is missing, or of another size`);
}

async function readDiffIds(repository: KeptRepository, { digest, size }: Descriptor): Promise<readonly unknown[]> {
  const blob = repository.blobs.get(digest);
  if (blob === undefined) throw new TypeError(`config ${digest} is missing`);
  if (blob.size !== size) throw new TypeError(`config ${digest} has ${blob.size} bytes, not ${size}`);
  const config: unknown = JSON.parse((await blob.content()).toString());
  const rootfs = isRecord(config) ? config['rootfs'] : undefined;
  const diffIds = isRecord(rootfs) ? rootfs['diff_ids'] : undefined;
  return Array.isArray(diffIds) ? diffIds : [];
}

async function layerProblem(
  repository: KeptRepository,
  { digest, size, mediaType, urls }: Descriptor,
  diffId: unknown,
): Promise<string | undefined> {
  const blob = repository.blobs.get(digest);
  if (blob === undefined) return urls === undefined ? `${digest} is missing` : undefined;
  if (blob.size !== size) return `${digest} has ${blob.size} bytes, not ${size}`;
  const hash = createHash('sha256');
  const source = Readable.from(blob.stored.stream());
  try {
    if (mediaType.endsWith('gzip')) await pipeline(source, createGunzip(), hash);
    else if (mediaType.endsWith('zstd')) await pipeline(source, createZstdDecompress(), hash);
    else await pipeline(source, hash);
  } catch (error) {
    return `${mediaType}: ${isNativeError(error) ? error.message : String(error)}`;
  }
  const actual = `sha256:${hash.digest('hex')}`;
  return actual === diffId ? undefined : `its diff ID is ${actual}, the config says ${String(diffId)}`;
}
