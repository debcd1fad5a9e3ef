/** Reads the manifests of a layout, with their configs and layers. */

import { InputError } from '../../errors.ts';
import type { Descriptor, Document, Layer, Platform, PlatformImage } from '../image.ts';
import { createForeignLayer, createLayer, isForeign } from '../layers/layer.ts';
import type { Source } from '../sources/source.ts';
import { type ImageConfig, parseConfig } from './config.ts';
import { blobPath, digestOfPath } from '../descriptors.ts';
import { type DockerImage, manifestPath, readDockerImage } from './docker-archive.ts';
import { readBlob } from './documents.ts';
import { isAttestation, type Manifest, parseManifest, platformOf } from './manifests.ts';
import { isImageConfigType, packingOf } from '../media-types.ts';

/** A manifest that is there, with its config. */
export interface Available {
  readonly descriptor: Descriptor;
  readonly document: Document;
  readonly manifest: Manifest;
  readonly config: Document;
}

export interface ManifestReader {
  /** Undefined where the manifest or its config is not in the source. @throws InputError where they are damaged */
  find(descriptor: Descriptor): Promise<Available | undefined>;
  /** @throws InputError where it is not there */
  require(descriptor: Descriptor): Promise<Available>;
  /** @throws InputError where a layer is missing, or does not fit the config */
  build(available: Available): Promise<PlatformImage>;
  /** From its config; undefined where that is not there, and of what is no image. @throws InputError */
  platform(descriptor: Descriptor): Promise<Platform | undefined>;
  readonly notes: readonly string[];
}

/** @param docker what manifest.json lists, where there is one too */
export function createManifestReader(source: Source, docker: readonly DockerImage[] | undefined): ManifestReader {
  const notes: string[] = [];
  const layers = new Map<string, Layer>();
  return { find, require, build, platform, notes };

  async function find(descriptor: Descriptor): Promise<Available | undefined> {
    const document = await readBlob(source, descriptor, 'the manifest');
    if (document === undefined) return undefined;
    const where = `${source.name}: the manifest ${descriptor.digest}`;
    const manifest = parseManifest(document.bytes, descriptor.mediaType, where);
    const config = await readBlob(source, manifest.config, 'the config');
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
    const common = { config, manifest: document, descriptor };
    // What is no file system passes through as it is: its layers are blobs like others.
    if (isAttestation(descriptor) || !isImageConfigType(config.mediaType)) {
      return { ...common, platform: undefined, layers: await buildLayers(manifest.layers, undefined) };
    }
    const { platform, diffIds } = configOf(config);
    const dockerImage = docker?.find((image) => digestOfPath(image.config) === config.digest);
    const problem = layersProblem(manifest.layers, diffIds, dockerImage);
    if (problem === undefined) {
      const ofIndex = platformOf(descriptor, where);
      return { ...common, platform: ofIndex ?? platform, layers: await buildLayers(manifest.layers, diffIds) };
    }
    if (dockerImage === undefined) throw new InputError(`${where}: ${problem}`);
    // Docker 25.0.0 and its candidates wrote manifests without layers, or with layers in any order (moby/moby#47065, #47150).
    notes.push(`${where}: ${problem}. ${manifestPath}, which is there too, is used instead`);
    return await readDockerImage(source, dockerImage, undefined);
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

/** What shows without reading any layer. */
function layersProblem(
  layers: readonly Descriptor[],
  diffIds: readonly string[],
  docker: DockerImage | undefined,
): string | undefined {
  if (layers.length !== diffIds.length) return `it has ${layers.length} layers, and its config ${diffIds.length}`;
  if (docker !== undefined && docker.layers.length !== layers.length)
    return `it has ${layers.length} layers, and ${manifestPath} names ${docker.layers.length}`;
  // Of what is not compressed, digest and diff ID are one.
  const wrong = layers.findIndex(
    ({ mediaType, digest }, index) => packingOf(mediaType) === 'none' && digest !== diffIds[index],
  );
  return wrong === -1
    ? undefined
    : `its layer ${wrong + 1} is ${layers[wrong]?.digest}, and in its config ${diffIds[wrong]}: they are in another order, or of another image`;
}
