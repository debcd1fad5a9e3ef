/**
 * Reads the format of `docker save`: manifest.json, which names a config and layers.
 *
 * @see https://github.com/moby/docker-image-spec/blob/v1.3.1/v1.2.md, "Combined Image JSON + Filesystem Changeset Format"
 */

import { InputError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { Document, Layer, Platform, PlatformImage } from '../image.ts';
import { createLayer } from '../layers/layer.ts';
import type { Source } from '../sources/source.ts';
import { chooseByPlatform } from './choose.ts';
import { parseConfig } from './config.ts';
import { digestOf, digestOfPath } from '../descriptors.ts';
import { readDocument } from './documents.ts';
import { asList, asListOrEmpty, asObject, asString, isRecord, parseJson } from '../../io/json.ts';
import { docker } from '../media-types.ts';

/** An image that manifest.json lists. */
export interface DockerImage {
  /** Such as `app:latest`. */
  readonly names: readonly string[];
  /** A path. */
  readonly config: string;
  /** Paths, lowest layer first. */
  readonly layers: readonly string[];
}

export const manifestPath = 'manifest.json';

/** The images that manifest.json lists; undefined if there is no manifest.json. @throws InputError if it is not valid */
export async function listDockerImages(source: Source): Promise<readonly DockerImage[] | undefined> {
  const bytes = await readDocument(source, manifestPath);
  if (bytes === undefined) return undefined;
  const where = `${source.name}: ${manifestPath}`;
  const list = parseJson(bytes, where);
  // skopeo's and Podman's `dir:` holds a single manifest under this name, and blobs beside it.
  if (isRecord(list) && list['schemaVersion'] !== undefined)
    throw new InputError(
      `${source.name} is in the format of skopeo's dir: transport, which only skopeo and Podman read. Convert it: skopeo copy dir:${source.name} oci:LAYOUT`,
    );
  const images = asList(list, where).map((value, index): DockerImage => {
    const at = `${where}[${index}]`;
    const image = asObject(value, at);
    const strings = (field: string): readonly string[] =>
      asListOrEmpty(image[field], `${at}.${field}`).map((each, position) =>
        asString(each, `${at}.${field}[${position}]`),
      );
    return { names: strings('RepoTags'), config: asString(image['Config'], `${at}.Config`), layers: strings('Layers') };
  });
  return mergeNames(images);
}

/** Merges the entries of an image that is listed once for each of its names. */
function mergeNames(images: readonly DockerImage[]): readonly DockerImage[] {
  const byContent = new Map<string, DockerImage>();
  for (const image of images) {
    const key = JSON.stringify([image.config, image.layers]);
    const names = [...new Set([...(byContent.get(key)?.names ?? []), ...image.names])];
    byContent.set(key, { ...image, names });
  }
  return [...byContent.values()];
}

/**
 * Reads a listed image.
 *
 * @param wanted the platform it must have
 * @throws InputError if it is damaged, incomplete, or for another platform
 */
export async function readDockerImage(
  source: Source,
  image: DockerImage,
  wanted: Platform | undefined,
): Promise<PlatformImage> {
  const config = await readConfig(source, image.config);
  const { platform, diffIds } = parseConfig(config.bytes, `${source.name}: ${printable(image.config)}`);
  if (wanted !== undefined) chooseByPlatform([{ platform }], wanted, source.name);
  if (image.layers.length !== diffIds.length)
    throw new InputError(
      `${source.name}: ${manifestPath} lists ${image.layers.length} layers, the config ${diffIds.length}`,
    );
  const layers: Layer[] = [];
  for (const [index, path] of image.layers.entries()) {
    const where = `${source.name}: layer ${index + 1}, ${printable(path)},`;
    const entry = await source.find(path);
    if (entry === undefined) throw new InputError(`${where} is not in the ${source.kind}${source.hint}`);
    layers.push(await createLayer(entry, diffIds[index], undefined, where));
  }
  return { platform, config, layers };
}

async function readConfig(source: Source, path: string): Promise<Document> {
  const where = `${source.name}: the config ${printable(path)}`;
  const bytes = await readDocument(source, path);
  if (bytes === undefined) throw new InputError(`${where} is not in the ${source.kind}${source.hint}`);
  const digest = digestOf(bytes);
  const hex = /^(?:sha256:)?([0-9a-f]{64})(?:\.json)?$/.exec(path)?.[1];
  const expected = digestOfPath(path) ?? (hex === undefined ? digest : `sha256:${hex}`);
  if (digest !== expected) throw new InputError(`${where} is damaged: its digest is ${digest} instead of ${expected}`);
  return { mediaType: docker.config, digest, bytes };
}
