/** Reads a layout's manifests, with their configs and layers. */

import { InputError } from '../../errors.ts';
import type { Descriptor, Document, Layer, Platform, PlatformImage } from '../image.ts';
import { createForeignLayer, createLayer, isForeign } from '../layers/layer.ts';
import type { Source } from '../sources/source.ts';
import { type ImageConfig, parseConfig } from './config.ts';
import { blobPath, digestOfPath } from '../descriptors.ts';
import { type DockerImage, manifestPath, readDockerImage } from './docker-archive.ts';
import { readBlob } from './documents.ts';
import { isAttestation, type Manifest, parseManifest, platformOf, subjectsOf } from './manifests.ts';
import { isImageConfigType, encodingOf } from '../media-types.ts';
import { formatBytes } from '../../toolkit/units.ts';

/** A manifest that is in the source, with its config. */
export interface Available {
  readonly descriptor: Descriptor;
  readonly document: Document;
  readonly manifest: Manifest;
  readonly config: Document;
}

/** What all manifests and configs of a source may have together; those of 30 platforms have about 500 kB. */
const maxHeldBytes = 4 * 1024 * 1024;

/** Reads manifests of one source. */
export interface ManifestReader {
  /** Undefined if the manifest or its config is not in the source. @throws InputError if they are damaged or too large */
  find(descriptor: Descriptor): Promise<Available | undefined>;
  /** As `find`. @throws InputError if the manifest or its config is damaged or not in the source */
  require(descriptor: Descriptor): Promise<Available>;
  /** Reads the layers. @throws InputError if a layer is missing, or does not match the config */
  build(available: Available): Promise<PlatformImage>;
  /** The platform in its config; undefined if the config is missing, or if it is not an image. @throws InputError */
  platform(descriptor: Descriptor): Promise<Platform | undefined>;
  /** See `Image.notes`. */
  readonly notes: readonly string[];
}

/** Creates a reader. @param docker the images that manifest.json lists, if there is one */
export function createManifestReader(source: Source, docker: readonly DockerImage[] | undefined): ManifestReader {
  const notes: string[] = [];
  const layers = new Map<string, Layer>();
  const held = new Set<string>();
  let heldBytes = 0;
  return { find, require, build, platform, notes };

  async function find(descriptor: Descriptor): Promise<Available | undefined> {
    const document = await readBlob(source, descriptor, 'the manifest');
    if (document === undefined) return undefined;
    const where = `${source.name}: the manifest ${descriptor.digest}`;
    const manifest = parseManifest(document.bytes, descriptor.mediaType, where);
    const config = await readBlob(source, manifest.config, 'the config');
    for (const { digest, bytes } of [document, ...(config === undefined ? [] : [config])]) {
      if (held.has(digest)) continue;
      held.add(digest);
      heldBytes += bytes.length;
    }
    if (heldBytes > maxHeldBytes)
      throw new InputError(
        `${source.name}: its manifests and configs have more than ${formatBytes(maxHeldBytes)}, which is the limit`,
      );
    return config === undefined ? undefined : { descriptor, document, manifest, config };
  }

  async function require(descriptor: Descriptor): Promise<Available> {
    const available = await find(descriptor);
    if (available !== undefined) return available;
    const isThere = (await source.find(blobPath(descriptor.digest))) !== undefined;
    const what = isThere ? 'the config of the manifest' : 'the manifest';
    throw new InputError(`${source.name}: ${what} ${descriptor.digest} is not in the ${source.kind}${source.hint}`);
  }

  async function platform(descriptor: Descriptor): Promise<Platform | undefined> {
    const config = (await find(descriptor))?.config;
    if (config === undefined || isAttestation(descriptor) || !isImageConfigType(config.mediaType)) return undefined;
    return configOf(config).platform;
  }

  async function build({ descriptor, document, manifest, config }: Available): Promise<PlatformImage> {
    const where = `${source.name}: the manifest ${descriptor.digest}`;
    const common = { config, manifest: document, descriptor, subjects: subjectsOf(descriptor, manifest.fields) };
    // Not a file system: its layers are passed through like any blobs.
    if (isAttestation(descriptor) || !isImageConfigType(config.mediaType)) {
      const layers = await buildLayers(manifest.layers, undefined);
      return { ...common, platform: undefined, layers, isArtifact: true };
    }
    const { platform, diffIds } = configOf(config);
    const dockerImage = docker?.find((image) => digestOfPath(image.config) === config.digest);
    const problem = layersProblem(manifest.layers, diffIds, dockerImage);
    if (problem === undefined) {
      const declared = platformOf(descriptor, where);
      return { ...common, platform: declared ?? platform, layers: await buildLayers(manifest.layers, diffIds) };
    }
    if (dockerImage === undefined) throw new InputError(`${where}: ${problem}`);
    // Docker 25.0.0 and its release candidates write manifests without layers, or with layers in any order (moby/moby#47065, #47150).
    notes.push(`${where}: ${problem}. Using ${manifestPath} instead`);
    return { ...(await readDockerImage(source, dockerImage, undefined)), descriptor };
  }

  function configOf({ bytes, digest }: Document): ImageConfig {
    return parseConfig(bytes, `${source.name}: the config ${digest}`);
  }

  async function buildLayers(
    descriptors: readonly Descriptor[],
    diffIds: readonly string[] | undefined,
  ): Promise<readonly Layer[]> {
    const built: Layer[] = [];
    for (const [index, descriptor] of descriptors.entries()) {
      const diffId = diffIds?.[index];
      const key = `${descriptor.digest} ${descriptor.mediaType} ${diffId}`;
      const layer = layers.get(key) ?? (await buildLayer(descriptor, diffId, index));
      layers.set(key, layer);
      built.push(layer);
    }
    return built;
  }

  async function buildLayer(descriptor: Descriptor, diffId: string | undefined, index: number): Promise<Layer> {
    const where = `${source.name}: layer ${index + 1}, ${descriptor.digest},`;
    const entry = await source.find(blobPath(descriptor.digest));
    if (entry !== undefined) return await createLayer(entry, diffId, descriptor, where);
    if (isForeign(descriptor)) return createForeignLayer(descriptor, where);
    throw new InputError(`${where} is not in the ${source.kind}${source.hint}`);
  }
}

/** Why layers and diff IDs do not match, as far as it shows without reading any layer. */
function layersProblem(
  layers: readonly Descriptor[],
  diffIds: readonly string[],
  docker: DockerImage | undefined,
): string | undefined {
  if (layers.length !== diffIds.length) return `it has ${layers.length} layers, but its config has ${diffIds.length}`;
  if (docker !== undefined && docker.layers.length !== layers.length)
    return `it has ${layers.length} layers, but ${manifestPath} lists ${docker.layers.length}`;
  // For an uncompressed layer, the digest is the diff ID.
  const wrong = layers.findIndex(
    ({ mediaType, digest }, index) => encodingOf(mediaType) === 'none' && digest !== diffIds[index],
  );
  return wrong === -1
    ? undefined
    : `its layer ${wrong + 1} is ${layers[wrong]?.digest}, but ${diffIds[wrong]} in its config: the layers are out of order, or from another image`;
}
