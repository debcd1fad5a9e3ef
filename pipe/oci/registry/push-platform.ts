/** Publishes the layers and the config of one platform, and makes their manifest. */

import { bytesBody } from '../../io/body.ts';
import { descriptorOf, documentOf } from '../descriptors.ts';
import { oci, toOci } from '../media-types.ts';
import type { Descriptor, Document, Layer, PlatformImage } from '../image.ts';
import { mapConcurrently } from '../../io/map-concurrently.ts';
import { quietLog } from '../../toolkit/log.ts';
import { askForMapped } from './mapped-blobs.ts';
import { type PushedLayer, pushLayer, type PushTools, sendBlob, sendLayer } from './push-layer.ts';
import type { ReusableLayers } from './reuse.ts';

/** The image of one platform, with its layers and config in the registry. */
export interface PushedPlatform {
  readonly manifest: Document;
  readonly layers: readonly PushedLayer[];
  /** Their descriptors by diff ID. */
  readonly reusable: ReadonlyMap<string, Descriptor>;
  /**
   * Sends again the blobs with these digests, and any others that are missing; all blobs if the set is empty. A layer
   * that is compressed again may become another blob, and then `manifest` changes.
   */
  resend(named: ReadonlySet<string>): Promise<void>;
}

/** The platform's place among those of its image, for messages. */
export interface PlatformPlace {
  /** Of several platforms, the name of this one: `linux/arm64`. */
  readonly name: string | undefined;
  /** The layers of all of them. */
  readonly layerCount: number;
}

/** The summary counts the layers; those of an image with more of them have a line each in debug output only. */
const maxListedLayers = 12;

/**
 * Sends the blobs that the registry does not have, and makes the manifest, but does not send it.
 *
 * @param isForwardOnly whether the source must be read in its own order
 * @throws InputError if a layer does not match the image's config
 */
export async function pushPlatform(
  image: PlatformImage,
  isForwardOnly: boolean,
  published: readonly ReusableLayers[],
  tools: PushTools,
  { name, layerCount }: PlatformPlace,
): Promise<PushedPlatform> {
  const subjectOf = (what: string): string => (name === undefined ? what : `${name}, ${what}`);
  const unique = [...new Map(image.layers.map((layer) => [layer.name, layer])).values()];
  const order = orderOf(unique, isForwardOnly, published.length > 0);
  const concurrency = isForwardOnly ? 1 : tools.concurrency;
  const numbers = new Map(
    image.layers.map((layer, index) => [layer.name, subjectOf(`layer ${index + 1} of ${image.layers.length}`)]),
  );
  const { config } = image;
  const layerTools = layerCount > maxListedLayers ? { ...tools, log: quietLog(tools.log) } : tools;
  const mapped = await askForMapped(
    unique.map(({ diffId }) => diffId),
    published,
    tools.client,
  );
  const byName = new Map<string, PushedLayer>();
  const pushes = order.map((layer) => async (startNext: () => void): Promise<void> => {
    const subject = numbers.get(layer.name) ?? layer.name;
    const known = tools.sent.get(layer.name);
    // While the registry completes one layer, the next keeps the processors and the line busy.
    const onRead = isForwardOnly ? undefined : startNext;
    byName.set(layer.name, known ?? (await pushLayer(layer, subject, mapped, layerTools, onRead)));
  });
  // In parallel to the layers, the config costs no time.
  const pushConfig = async (): Promise<void> => {
    if (await isConfigThere(image, published, tools)) tools.progress.skip(config.bytes.length);
    else await sendConfig(config, subjectOf('config'), tools);
  };
  await mapConcurrently([...pushes.slice(0, 1), pushConfig, ...pushes.slice(1)], concurrency, (push, next) =>
    push(next),
  );
  let layers = image.layers.flatMap((layer) => byName.get(layer.name) ?? []);
  const makeManifest = (): Document =>
    manifestFor(
      image,
      layers.map(({ descriptor }) => descriptor),
    );
  let manifest = makeManifest();
  return {
    get manifest() {
      return manifest;
    },
    get layers() {
      return layers;
    },
    get reusable() {
      return new Map(
        layers.flatMap(({ descriptor }, index): [string, Descriptor][] => {
          const { diffId } = image.layers[index] ?? {};
          return diffId === undefined ? [] : [[diffId, descriptor]];
        }),
      );
    },
    async resend(named) {
      const isLost = async ({ digest, size }: Descriptor): Promise<boolean> =>
        named.size === 0 || named.has(digest) || (await tools.client.blobSize(digest)) !== size;
      if (await isLost(descriptorOf(config))) await sendConfig(config, subjectOf('config'), tools);
      const again = new Map<string, PushedLayer>();
      for (const [index, { descriptor }] of layers.entries()) {
        const layer = image.layers[index];
        if (layer === undefined || layer.isForeign || again.has(layer.name) || !(await isLost(descriptor))) continue;
        const subject = subjectOf(`layer ${index + 1} of ${layers.length}, again`);
        again.set(layer.name, await sendLayer(layer, subject, tools));
      }
      layers = layers.map((layer, index) => again.get(image.layers[index]?.name ?? '') ?? layer);
      manifest = makeManifest();
    },
  };
}

/**
 * The order in which layers are sent: a forward-only source would be read again for each step back. Other layers are drawn at
 * random, the large ones with a greater probability, so that none is left for the end: other steps that begin at the same time
 * with the same layers send them in another order, and then each layer is there when most steps come to it. If a published tag
 * has told what is there, hardly anything is shared.
 */
function orderOf(layers: readonly Layer[], isForwardOnly: boolean, isKnown: boolean): readonly Layer[] {
  if (isForwardOnly) return layers.toSorted((a, b) => a.position - b.position);
  // The time to an event that occurs at a rate in proportion to the length: the first is each layer with that probability.
  const keys = new Map(
    layers.map((layer) => [layer, isKnown ? 1 / layer.length : -Math.log(Math.random()) / layer.length]),
  );
  return layers.toSorted((a, b) => (keys.get(a) ?? 0) - (keys.get(b) ?? 0));
}

/** Asks only for that of an artifact, which many have in common: an image's says when it was built. */
async function isConfigThere(
  { config, isArtifact }: PlatformImage,
  published: readonly ReusableLayers[],
  { client }: PushTools,
): Promise<boolean> {
  // These have been read.
  if (published.some(({ repository, configDigest }) => repository === undefined && configDigest === config.digest))
    return true;
  return isArtifact === true && (await client.blobSize(config.digest)) === config.bytes.length;
}

async function sendConfig({ digest, bytes }: Document, subject: string, tools: PushTools): Promise<void> {
  const blob = { subject, body: bytesBody(bytes), digest: () => digest, isDigestKnown: true };
  await sendBlob(blob, bytes.length, tools);
}

/** The source's manifest if it names identical blobs; otherwise an OCI manifest (image-spec 1.1, "Image manifest"). */
function manifestFor(image: PlatformImage, layers: readonly Descriptor[]): Document {
  if (
    image.manifest !== undefined &&
    layers.every(({ digest }, index) => image.layers[index]?.descriptor?.digest === digest)
  )
    return image.manifest;
  const config = { ...descriptorOf(image.config), mediaType: oci.config };
  // All types in a manifest are of one family: Docker's become OCI's.
  const named = layers.map((layer) => ({ ...layer, mediaType: toOci(layer.mediaType) }));
  return documentOf({ schemaVersion: 2, mediaType: oci.manifest, config, layers: named });
}
