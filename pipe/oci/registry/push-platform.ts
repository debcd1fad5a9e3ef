/** Publishes the image of one platform, all but its tag: layers, config, and the manifest that stands for them. */

import { bytesBody } from '../../io/body.ts';
import { digestOf } from '../descriptors.ts';
import { oci, toOci } from '../media-types.ts';
import type { Descriptor, Document, PlatformImage } from '../image.ts';
import { mapConcurrently } from '../../io/map-concurrently.ts';
import { type PushedLayer, pushLayer, type PushTools, sendBlob, sendLayer } from './push-layer.ts';
import type { PublishedImage } from './reuse.ts';

export interface PushedPlatform {
  readonly manifest: Document;
  readonly layers: readonly PushedLayer[];
  /**
   * Sends the blobs that the registry says it lacks, by digest, and those that it turns out to lack; where it names none,
   * all. A layer that is compressed again may be another blob: `manifest` is then another one.
   */
  resend(named: ReadonlySet<string>): Promise<void>;
}

/**
 * Sends what the registry lacks, and makes the manifest; the manifest itself is not sent.
 *
 * @throws InputError where a layer is not what the image's config says
 */
export async function pushPlatform(
  image: PlatformImage,
  isForwardOnly: boolean,
  published: readonly PublishedImage[],
  tools: PushTools,
): Promise<PushedPlatform> {
  const unique = [...new Map(image.layers.map((layer) => [layer.name, layer])).values()];
  // The largest first: the last one to start is then short, and the end comes sooner. A source that only goes forward
  // would be read once more for each step back.
  const order = isForwardOnly
    ? unique.toSorted((a, b) => a.position - b.position)
    : unique.toSorted((a, b) => b.length - a.length);
  const concurrency = isForwardOnly ? 1 : tools.concurrency;
  const numbers = new Map(
    image.layers.map((layer, index) => [layer.name, `layer ${index + 1} of ${image.layers.length}`]),
  );
  const { config } = image;
  const byName = new Map<string, PushedLayer>();
  const pushes = order.map((layer) => async (startNext: () => void): Promise<void> => {
    const subject = numbers.get(layer.name) ?? layer.name;
    const known = tools.sent.get(layer.name);
    // While one layer waits for the registry to close it, the next keeps the processors and the line busy.
    const onRead = isForwardOnly ? undefined : startNext;
    byName.set(layer.name, known ?? (await pushLayer(layer, subject, published, tools, onRead)));
  });
  // Beside the layers the config takes no time; after them, nothing else would be on the line.
  const pushConfig = async (): Promise<void> => {
    if ((await tools.client.blobSize(config.digest)) !== config.bytes.length) await sendConfig(config, tools);
    else tools.progress.skip(config.bytes.length);
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
    async resend(named) {
      const isLost = async ({ digest, size }: { digest: string; size: number }): Promise<boolean> =>
        named.size === 0 || named.has(digest) || (await tools.client.blobSize(digest)) !== size;
      if (await isLost({ digest: config.digest, size: config.bytes.length })) await sendConfig(config, tools);
      const again = new Map<string, PushedLayer>();
      for (const [index, { descriptor }] of layers.entries()) {
        const layer = image.layers[index];
        if (layer === undefined || layer.isForeign || again.has(layer.name) || !(await isLost(descriptor))) continue;
        const subject = `layer ${index + 1} of ${layers.length}, again`;
        again.set(layer.name, { descriptor: await sendLayer(layer, subject, tools), action: 'sent' });
      }
      layers = layers.map((layer, index) => again.get(image.layers[index]?.name ?? '') ?? layer);
      manifest = makeManifest();
    },
  };
}

async function sendConfig({ digest, bytes }: Document, tools: PushTools): Promise<void> {
  const blob = { subject: 'config', body: bytesBody(bytes), digest: () => digest, isDigestKnown: true };
  await sendBlob(blob, bytes.length, tools);
}

/** The source's manifest where it names the very same blobs; otherwise an OCI manifest (image-spec 1.1, "Image manifest"). */
function manifestFor(image: PlatformImage, layers: readonly Descriptor[]): Document {
  if (
    image.manifest !== undefined &&
    layers.every(({ digest }, index) => image.layers[index]?.descriptor?.digest === digest)
  )
    return image.manifest;
  const config = { mediaType: oci.config, digest: image.config.digest, size: image.config.bytes.length };
  // A manifest is of one family: what the source names in Docker's terms is named in OCI's.
  const named = layers.map((layer) => ({ ...layer, mediaType: toOci(layer.mediaType) }));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: oci.manifest, config, layers: named }));
  return { mediaType: oci.manifest, digest: digestOf(bytes), bytes };
}
