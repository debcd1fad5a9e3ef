/** Publishes one layer: reuses it, or sends it as it is, or compresses it while sending it. */

import { type CompressionLevel, type Compressor, createCompressor } from '../../compression/compressor.ts';
import type { Compression } from '../../compression/formats.ts';
import { InputError } from '../../errors.ts';
import type { Patience, ReadBack } from '../../http/read-back.ts';
import type { Http } from '../../http/send.ts';
import { measure } from '../../io/hashes.ts';
import { readThrough } from '../../io/observed-body.ts';
import { withDiffIdCheck } from '../layers/diff-id-check.ts';
import { layerEncoding, oci } from '../media-types.ts';
import type { Descriptor, Layer } from '../image.ts';
import type { Log } from '../../toolkit/log.ts';
import type { Progress } from '../../toolkit/progress.ts';
import { formatBytes } from '../../toolkit/units.ts';
import { type BlobSource, type CompressTwice, type UploadCapability, uploadBlob } from './blob-upload.ts';
import type { RegistryClient } from './client.ts';
import { compressLayer } from './compressed-layer.ts';
import type { PublishedImage } from './reuse.ts';

/** How uncompressed layers are compressed. */
export interface LayerCompression {
  readonly format: Compression;
  /** Whether the user has asked for this format. */
  readonly isChosen: boolean;
  /** Set by the user. */
  readonly level: CompressionLevel | undefined;
  /** Called only if there is something to compress. */
  compressor(): Pick<Compressor, 'compress' | 'prepare'>;
}

/** What a push needs besides the image and its plan. */
export interface PushTools {
  readonly http: Http;
  readonly registry: URL;
  readonly client: RegistryClient;
  readonly capability: UploadCapability;
  readonly log: Log;
  /** Undefined if uncompressed layers stay uncompressed. */
  readonly compression: LayerCompression | undefined;
  readonly concurrency: number;
  /** For manifests that have been sent, but cannot be read yet. */
  readonly patience: Patience;
  /** For what the registry refuses because it exists, but does not show yet. */
  readonly readBack: ReadBack;
  readonly progress: Progress;
  /** Layers already published, by name: those of an export, which can be read only once. */
  readonly sent: Map<string, PushedLayer>;
}

/** `present`: the registry already has the blob. `reused`: it has one with the same uncompressed content. */
export type LayerAction = 'reused' | 'present' | 'sent';

/** A layer in the registry. */
export interface PushedLayer {
  readonly descriptor: Descriptor;
  readonly action: LayerAction;
}

/**
 * Publishes one layer, and sends it only if the registry does not have it.
 *
 * @param subject for messages: `layer 3 of 6`
 * @param onRead called when the layer is read, and what remains is mostly waiting
 * @throws InputError if the bytes of the layer are not what its source promised
 */
export async function pushLayer(
  layer: Layer,
  subject: string,
  published: readonly PublishedImage[],
  tools: PushTools,
  onRead?: () => void,
): Promise<PushedLayer> {
  if (layer.isForeign && layer.descriptor !== undefined) return { descriptor: layer.descriptor, action: 'present' };
  const reused = await findReusable(layer, published, tools.client);
  if (reused !== undefined) {
    tools.progress.skip(layer.length);
    tools.log.info(
      `${subject}: reused from tag ${reused.tag}, ${formatBytes(reused.descriptor.size)}, ${reused.descriptor.digest}`,
    );
    return { descriptor: reused.descriptor, action: 'reused' };
  }
  const descriptor = unchangedDescriptor(layer, tools);
  if (descriptor !== undefined && (await tools.client.blobSize(descriptor.digest)) === descriptor.size) {
    // The registry has these bytes, but only reading them shows whether the config's diff ID is right for them.
    await readThrough(withDiffIdCheck(layer), { update: () => undefined });
    tools.progress.skip(layer.length);
    tools.log.info(`${subject}: already in the registry, ${formatBytes(descriptor.size)}, ${descriptor.digest}`);
    return { descriptor, action: 'present' };
  }
  const pushed = await sendLayer(layer, subject, tools, onRead);
  const what = pushed.action === 'sent' ? 'sent' : 'already in the registry';
  tools.log.info(`${subject}: ${what}, ${formatBytes(pushed.descriptor.size)}, ${pushed.descriptor.digest}`);
  return pushed;
}

/** The layer's descriptor in its source, if the layer is sent as it is. */
function unchangedDescriptor({ descriptor, encoding }: Layer, { compression }: PushTools): Descriptor | undefined {
  return encoding !== 'none' || compression === undefined ? descriptor : undefined;
}

/** Finds a published blob with the same uncompressed content, and confirms that the registry still has it. */
async function findReusable(
  layer: Layer,
  published: readonly PublishedImage[],
  client: RegistryClient,
): Promise<{ descriptor: Descriptor; tag: string } | undefined> {
  if (layer.diffId === undefined) return undefined;
  for (const { tag, layers } of published) {
    const theirs = layers.get(layer.diffId);
    const encoding = theirs === undefined ? undefined : layerEncoding(theirs.mediaType);
    if (theirs === undefined || encoding === undefined) continue;
    if ((await client.blobSize(theirs.digest)) !== theirs.size) continue;
    return { tag, descriptor: { mediaType: oci.layer[encoding], digest: theirs.digest, size: theirs.size } };
  }
  return undefined;
}

/**
 * Sends one layer, even if the registry already has it, unless only reading the layer shows that.
 *
 * @throws InputError if the bytes of the layer are not what its source promised, or its type cannot be published
 */
export async function sendLayer(
  layer: Layer,
  subject: string,
  tools: PushTools,
  onRead?: () => void,
): Promise<PushedLayer> {
  const descriptor = unchangedDescriptor(layer, tools);
  if (descriptor !== undefined) {
    const checked = withDiffIdCheck(layer);
    await sendBlob(
      { subject, body: checked, digest: () => descriptor.digest, isDigestKnown: true },
      layer.length,
      tools,
    );
    return { descriptor, action: 'sent' };
  }
  const { compression } = tools;
  if (compression === undefined || layer.encoding !== 'none') return await sendWithoutDescriptor(layer, subject, tools);
  return { descriptor: await sendCompressed(layer, subject, compression, tools, onRead), action: 'sent' };
}

/** Compresses a layer while sending it: its digest is only known afterwards. */
async function sendCompressed(
  layer: Layer,
  subject: string,
  compression: LayerCompression,
  tools: PushTools,
  onRead?: () => void,
): Promise<Descriptor> {
  // Threads start while the registry opens an upload.
  const { format } = compression;
  const compressor = compression.compressor();
  compressor.prepare(layer.length);
  const compressed = compressLayer(layer, compressor, onRead);
  let made = compressed;
  const compressTwice: CompressTwice = async (put) => {
    // At a fixed level: both runs must produce the same bytes.
    const level = compression.level === 'auto' ? undefined : compression.level;
    const repeatable = createCompressor({ format, level });
    try {
      const first = compressLayer(layer, repeatable, onRead);
      const reading = first.body.open();
      let length = 0;
      for await (const chunk of reading) length += chunk.length;
      reading.accepted?.();
      const again = compressLayer(layer, repeatable);
      await put({ length, open: () => again.body.open() }, first.accepted().digest());
      made = first;
    } finally {
      await repeatable.close();
    }
  };
  const digest = (): string => made.accepted().digest();
  await sendBlob({ subject, body: compressed.body, digest, isDigestKnown: false, compressTwice }, layer.length, tools);
  return { mediaType: oci.layer[format], digest: digest(), size: made.accepted().size() };
}

/** Sends a layer as it is, although its source does not name its digest: reading it once more finds the digest. */
async function sendWithoutDescriptor(layer: Layer, subject: string, tools: PushTools): Promise<PushedLayer> {
  const digest = `sha256:${(await measure(withDiffIdCheck(layer).open())).sha256}`;
  if (layer.encoding === 'opaque') throw new InputError(`${subject} has a type that cannot be published`);
  const descriptor = { mediaType: oci.layer[layer.encoding], digest, size: layer.length };
  if ((await tools.client.blobSize(digest)) === layer.length) {
    tools.progress.skip(layer.length);
    return { descriptor, action: 'present' };
  }
  await sendBlob({ subject, body: layer, digest: () => digest, isDigestKnown: true }, layer.length, tools);
  return { descriptor, action: 'sent' };
}

/**
 * Sends a blob, and shows its progress.
 *
 * @param bytes total for the progress: the uncompressed size of a layer that is compressed
 * @throws what `uploadBlob` throws
 */
export async function sendBlob(blob: BlobSource, bytes: number, tools: PushTools): Promise<void> {
  const { http, registry, client, capability } = tools;
  const transfer = tools.progress.start(blob.subject, bytes);
  try {
    await uploadBlob(http, registry, client, capability, { ...blob, onSent: (sent) => transfer.sent(sent) });
  } finally {
    transfer.end();
  }
}
