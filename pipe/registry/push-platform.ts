/** Publishes the image of one platform, all but its tag: layers, config, and the manifest that stands for them. */

import { createHash } from 'node:crypto';
import { type Compressed, type Compressor, createCompressor } from '../compression/compressor.ts';
import { InputError } from '../errors.ts';
import { bytesBody } from '../http/body.ts';
import type { Http } from '../http/send.ts';
import { withDiffIdCheck } from '../image/diff-id-check.ts';
import { digestOf } from '../image/formats/documents.ts';
import { layerPacking, oci, toOci } from '../image/formats/media-types.ts';
import type { Descriptor, Document, Layer, PlatformImage } from '../image/image.ts';
import { mapConcurrently } from '../map-concurrently.ts';
import type { Log } from '../toolkit/log.ts';
import type { Progress } from '../toolkit/progress.ts';
import { formatBytes } from '../toolkit/units.ts';
import { type BlobSource, type PackTwice, type UploadCapability, uploadBlob } from './blob-upload.ts';
import type { RegistryClient } from './client.ts';
import type { Published } from './reuse.ts';

/** Packs a layer's bytes; what it was given, and what came out, is known at the end. */
export interface LayerPacker {
  readonly mediaType: string;
  /** Makes ready what packs, once: it costs threads, which a push that sends nothing does not need. */
  start(): Promise<Pick<Compressor, 'compress'>>;
}

export interface PushTools {
  readonly http: Http;
  readonly registry: URL;
  readonly client: RegistryClient;
  readonly capability: UploadCapability;
  readonly log: Log;
  /** For layers that the source holds unpacked; undefined where they stay so. */
  readonly packer: LayerPacker | undefined;
  readonly concurrency: number;
  readonly progress: Progress;
  /** Layers that were dealt with before, by name: those of an export, which passes by only once. */
  readonly sent: Map<string, PushedLayer>;
}

/** Quick and good in both formats: what is packed twice has no time to lose. */
const repeatableLevel = 4;

/** What became of a layer. */
export type LayerAction = 'reused' | 'present' | 'sent';

export interface PushedLayer {
  readonly descriptor: Descriptor;
  readonly action: LayerAction;
}

export interface PushedPlatform {
  readonly manifest: Document;
  readonly layers: readonly PushedLayer[];
  /**
   * Sends the blobs that the registry says it lacks, by digest, and those that it turns out to lack; where it names none,
   * all. A layer that is packed again may be another blob: `manifest` is then another one.
   */
  resend(named: ReadonlySet<string>): Promise<void>;
}

/**
 * Sends what the registry lacks, and makes the manifest; the manifest itself is not sent.
 *
 * @throws VerificationError where a layer is not what the image's config says
 */
export async function pushPlatform(
  image: PlatformImage,
  isForwardOnly: boolean,
  published: readonly Published[],
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
  const done = await mapConcurrently(order, concurrency, async (layer) => {
    const subject = numbers.get(layer.name) ?? layer.name;
    const known = tools.sent.get(layer.name);
    return [layer.name, known ?? (await pushLayer(layer, subject, published, tools))] as const;
  });
  const byName = new Map(done);
  let layers = image.layers.flatMap((layer) => byName.get(layer.name) ?? []);
  const { config } = image;
  if ((await tools.client.blobSize(config.digest)) !== config.bytes.length) await sendConfig(config, tools);
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

/** Sends one layer, unless the registry has it. */
export async function pushLayer(
  layer: Layer,
  subject: string,
  published: readonly Published[],
  tools: PushTools,
): Promise<PushedLayer> {
  if (layer.isForeign && layer.descriptor !== undefined) return { descriptor: layer.descriptor, action: 'present' };
  const reused = await findReusable(layer, published, tools.client);
  if (reused !== undefined) {
    tools.log.info(
      `${subject}: reused from tag ${reused.tag}, ${formatBytes(reused.descriptor.size)}, ${reused.descriptor.digest}`,
    );
    return { descriptor: reused.descriptor, action: 'reused' };
  }
  const { descriptor } = layer;
  const passesThrough = descriptor !== undefined && (layer.packing !== 'none' || tools.packer === undefined);
  if (passesThrough && (await tools.client.blobSize(descriptor.digest)) === descriptor.size) {
    tools.log.info(`${subject}: in the registry already, ${formatBytes(descriptor.size)}, ${descriptor.digest}`);
    return { descriptor, action: 'present' };
  }
  const sent = await sendLayer(layer, subject, tools);
  tools.log.info(`${subject}: sent, ${formatBytes(sent.size)}, ${sent.digest}`);
  return { descriptor: sent, action: 'sent' };
}

/** A published blob of the same unpacked content, which the registry confirms that it holds. */
async function findReusable(
  layer: Layer,
  published: readonly Published[],
  client: RegistryClient,
): Promise<{ descriptor: Descriptor; tag: string } | undefined> {
  if (layer.diffId === undefined) return undefined;
  for (const { tag, layers } of published) {
    const theirs = layers.get(layer.diffId);
    const packing = theirs === undefined ? undefined : layerPacking(theirs.mediaType);
    if (theirs === undefined || packing === undefined) continue;
    if ((await client.blobSize(theirs.digest)) !== theirs.size) continue;
    return { tag, descriptor: { mediaType: oci.layer[packing], digest: theirs.digest, size: theirs.size } };
  }
  return undefined;
}

async function sendLayer(layer: Layer, subject: string, tools: PushTools): Promise<Descriptor> {
  const { descriptor, diffId } = layer;
  if (descriptor !== undefined && (layer.packing !== 'none' || tools.packer === undefined)) {
    const checked = withDiffIdCheck(layer);
    await send({ subject, body: checked, digest: () => descriptor.digest, isDigestKnown: true }, layer.length, tools);
    return descriptor;
  }
  const { packer } = tools;
  if (packer === undefined || layer.packing !== 'none') return await sendUnnamed(layer, subject, tools);
  const started = await packer.start();
  let packed: Compressed | undefined;
  const digest = (): string => {
    if (packed === undefined) throw new Error('a digest is asked for before anything was packed');
    if (diffId !== undefined && packed.sourceDigest() !== diffId) {
      throw new InputError(
        `${subject} is damaged: its content has the digest ${packed.sourceDigest()}, and the image's config says ${diffId}`,
      );
    }
    return packed.digest();
  };
  const body = {
    length: undefined,
    open(): AsyncIterable<Uint8Array> {
      packed = started.compress(layer.open());
      return packed.bytes;
    },
  };
  const packTwice: PackTwice = async (sendPacked) => {
    const format = layerPacking(packer.mediaType) === 'zstd' ? 'zstd' : 'gzip';
    // At one level, whatever the pace: the second time has to give the very bytes of the first.
    const compressor = await createCompressor({ format, level: repeatableLevel });
    try {
      packed = compressor.compress(layer.open());
      let length = 0;
      for await (const chunk of packed.bytes) length += chunk.length;
      await sendPacked({ length, open: () => compressor.compress(layer.open()).bytes }, digest());
    } finally {
      await compressor.close();
    }
  };
  const blob = { subject, body, digest, isDigestKnown: false, packTwice };
  await send(blob, layer.length, tools, () => packed?.sourceSize() ?? 0);
  return {
    mediaType: packer.mediaType,
    digest: digest(),
    size: packed === undefined ? 0 : packed.size(),
  };
}

/** A layer that is sent as it is, and whose digest its source does not name: one reading more tells it. */
async function sendUnnamed(layer: Layer, subject: string, tools: PushTools): Promise<Descriptor> {
  const hash = createHash('sha256');
  for await (const chunk of withDiffIdCheck(layer).open()) hash.update(chunk);
  const digest = `sha256:${hash.digest('hex')}`;
  if (layer.packing === 'opaque') throw new InputError(`${subject} is of no type that can be published`);
  const descriptor = { mediaType: oci.layer[layer.packing], digest, size: layer.length };
  if ((await tools.client.blobSize(digest)) === layer.length) return descriptor;
  await send({ subject, body: layer, digest: () => digest, isDigestKnown: true }, layer.length, tools);
  return descriptor;
}

async function sendConfig({ digest, bytes }: Document, tools: PushTools): Promise<void> {
  const blob = { subject: 'config', body: bytesBody(bytes), digest: () => digest, isDigestKnown: true };
  await send(blob, bytes.length, tools);
}

async function send(blob: BlobSource, bytes: number, tools: PushTools, progressOf?: () => number): Promise<void> {
  const { http, registry, client, capability } = tools;
  const transfer = tools.progress.start(blob.subject, bytes);
  try {
    await uploadBlob(http, registry, client, capability, {
      ...blob,
      onSent: (sent) => transfer.sent(progressOf?.() ?? sent),
    });
  } finally {
    transfer.end();
  }
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
