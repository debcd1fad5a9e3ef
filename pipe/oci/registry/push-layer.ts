/** Publishes one layer: reuses it, or sends it as it is, or compresses it while sending it. */

import {
  type Compressed,
  type CompressionLevel,
  type Compressor,
  createCompressor,
} from '../../compression/compressor.ts';
import type { Compression } from '../../compression/formats.ts';
import { InputError } from '../../errors.ts';
import type { Patience, ReadBack } from '../../http/read-back.ts';
import { measure } from '../../io/hashes.ts';
import { readThrough } from '../../io/observed-body.ts';
import { withDiffIdCheck } from '../layers/diff-id-check.ts';
import { withDigestCheck } from '../layers/digest-check.ts';
import { withWindow } from '../layers/window-memory.ts';
import { layerEncoding, oci } from '../media-types.ts';
import type { Descriptor, Layer } from '../image.ts';
import type { Log } from '../../toolkit/log.ts';
import type { Progress } from '../../toolkit/progress.ts';
import { formatBytes } from '../../toolkit/units.ts';
import { type BlobSource, type CompressTwice, uploadBlob, type UploadTools } from './blob-upload.ts';
import type { RegistryClient } from './client.ts';
import { type CompressedLayer, compressLayer } from './compressed-layer.ts';
import type { MappedBlobs } from './mapped-blobs.ts';
import type { Mounts } from './mounts.ts';
import type { ReusableLayers } from './reuse.ts';
import { minTurnBytes, type Turns } from './turns.ts';

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
export interface PushTools extends UploadTools {
  readonly client: RegistryClient;
  readonly mounts: Mounts;
  /** Of several images in one run, the name of this one: `log` has it already. */
  readonly imageName: string | undefined;
  /** The layers of the images that this run has published before. */
  readonly earlier: readonly ReusableLayers[];
  readonly log: Log;
  /** Undefined if uncompressed layers stay uncompressed. */
  readonly compression: LayerCompression | undefined;
  readonly concurrency: number;
  readonly turns: Turns;
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
  mapped: MappedBlobs,
  tools: PushTools,
  onRead?: () => void,
): Promise<PushedLayer> {
  if (layer.isForeign && layer.descriptor !== undefined) return { descriptor: layer.descriptor, action: 'present' };
  const reused = await findReusable(layer, mapped, tools);
  if (reused !== undefined) {
    tools.progress.skip(layer.length);
    tools.log.info(
      `${subject}: ${reused.how} from ${reused.name}, ${formatBytes(reused.descriptor.size)}, ${reused.descriptor.digest}`,
    );
    return { descriptor: reused.descriptor, action: 'reused' };
  }
  const pushed = await sendUnlessPresent(layer, subject, tools, onRead);
  const what = pushed.action === 'sent' ? 'sent' : 'already in the registry';
  tools.log.info(`${subject}: ${what}, ${formatBytes(pushed.descriptor.size)}, ${pushed.descriptor.digest}`);
  return pushed;
}

/** If the digest is known in advance, asks right before sending: another step may have just sent it. */
async function sendUnlessPresent(
  layer: Layer,
  subject: string,
  tools: PushTools,
  onRead?: () => void,
): Promise<PushedLayer> {
  const { client, progress, turns } = tools;
  const descriptor = unchangedDescriptor(layer, tools);
  if (descriptor === undefined) return await sendLayer(layer, subject, tools, onRead);
  const isPresent = async (): Promise<boolean> => (await client.blobSize(descriptor.digest)) === descriptor.size;
  const leaveOut = async (): Promise<PushedLayer> => {
    await checkDiffId(layer);
    progress.skip(layer.length);
    return { descriptor, action: 'present' };
  };
  if (await isPresent()) return await leaveOut();
  if (descriptor.size < minTurnBytes) return await sendLayer(layer, subject, tools);
  // Once, since it will be asked again: repeated questions of all that wait would take minutes where HEAD fails.
  const appears = async (): Promise<boolean> => (await client.peekBlob(descriptor.digest)) === 'there';
  const sent = await turns.use(appears, async (onSent) => await sendLayer(layer, subject, tools, undefined, onSent));
  return sent ?? (await leaveOut());
}

/** The layer's descriptor in its source, if the layer is sent as it is. */
function unchangedDescriptor({ descriptor, encoding }: Layer, { compression }: PushTools): Descriptor | undefined {
  return encoding !== 'none' || compression === undefined ? descriptor : undefined;
}

interface Reused {
  readonly descriptor: Descriptor;
  readonly how: 'reused' | 'mounted';
  /** What it was published with. */
  readonly name: string;
}

/** Finds a published blob with the same uncompressed content that the repository has, or that can be mounted. */
async function findReusable(
  layer: Layer,
  mapped: MappedBlobs,
  { client, mounts }: Pick<PushTools, 'client' | 'mounts'>,
): Promise<Reused | undefined> {
  if (layer.diffId === undefined) return undefined;
  for (const { name, repository, layers } of mapped.images) {
    const theirs = layers.get(layer.diffId);
    const encoding = theirs === undefined ? undefined : layerEncoding(theirs.mediaType);
    if (theirs === undefined || encoding === undefined) continue;
    const descriptor = { mediaType: oci.layer[encoding], digest: theirs.digest, size: theirs.size };
    if (await mapped.has(theirs)) return { descriptor, how: 'reused', name };
    if (repository === undefined || !(await mounts.mount(theirs.digest, repository))) continue;
    // A registry that does not check manifests would publish what cannot be pulled.
    if ((await client.blobSize(theirs.digest)) === theirs.size) return { descriptor, how: 'mounted', name };
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
  onSent?: (bytes: number) => void,
): Promise<PushedLayer> {
  const descriptor = unchangedDescriptor(layer, tools);
  if (descriptor !== undefined) {
    const blob = { subject, digest: () => descriptor.digest, isDigestKnown: true, onSent };
    const action = await withWindow(
      layer,
      async (log) => await sendBlob({ ...blob, body: withDiffIdCheck(layer, log) }, layer.length, tools),
    );
    if (action === 'present') await checkDiffId(layer);
    return { descriptor, action };
  }
  const { compression } = tools;
  if (compression === undefined || layer.encoding !== 'none') return await sendWithoutDescriptor(layer, subject, tools);
  return await sendCompressed(layer, subject, compression, tools, onRead);
}

/** The registry has these bytes, but only reading them shows whether the config's diff ID is right for them. */
async function checkDiffId(layer: Layer): Promise<void> {
  if (layer.isUnpacked === true) return;
  await withWindow(layer, async (log) => await readThrough(withDiffIdCheck(layer, log), { update: () => undefined }));
}

/** Compresses a layer while sending it: its digest is only known afterwards. */
async function sendCompressed(
  layer: Layer,
  subject: string,
  compression: LayerCompression,
  tools: PushTools,
  onRead?: () => void,
): Promise<PushedLayer> {
  // Threads start while the registry opens an upload.
  const { format } = compression;
  const compressor = compression.compressor();
  compressor.prepare(layer.length);
  const compressed = compressLayer(layer, compressor, onRead);
  let made = compressed;
  const compressTwice: CompressTwice = async (put) => {
    // Both runs must produce the same bytes, which `auto` does not promise.
    const fixed = compression.level === 'auto' ? createCompressor({ format }) : undefined;
    const repeatable = fixed ?? compressor;
    try {
      const first = compressLayer(layer, repeatable, onRead);
      const reading = first.body.open();
      let length = 0;
      for await (const chunk of reading) length += chunk.length;
      reading.accepted?.();
      made = first;
      const again = compressLayer(layer, repeatable);
      await put({ length, open: () => again.body.open() }, acceptedOf(first).digest());
    } finally {
      await fixed?.close();
    }
  };
  const digest = (): string | undefined => made.accepted()?.digest();
  const blob = { subject, body: compressed.body, digest, isDigestKnown: false, compressTwice };
  const action = await sendBlob(blob, layer.length, tools);
  const accepted = acceptedOf(made);
  return { descriptor: { mediaType: oci.layer[format], digest: accepted.digest(), size: accepted.size() }, action };
}

function acceptedOf(layer: CompressedLayer): Compressed {
  const accepted = layer.accepted();
  if (accepted === undefined) throw new Error('no opening of this layer was accepted');
  return accepted;
}

/** Sends a layer as it is, although its source does not name its digest: reading it once more finds the digest. */
async function sendWithoutDescriptor(layer: Layer, subject: string, tools: PushTools): Promise<PushedLayer> {
  const measured = await withWindow(layer, async (log) => await measure(withDiffIdCheck(layer, log).open()));
  const digest = `sha256:${measured.sha256}`;
  if (layer.encoding === 'opaque') throw new InputError(`${subject} has a type that cannot be published`);
  const descriptor = { mediaType: oci.layer[layer.encoding], digest, size: layer.length };
  if ((await tools.client.blobSize(digest)) === layer.length) {
    tools.progress.skip(layer.length);
    return { descriptor, action: 'present' };
  }
  const verify = async (actual: string): Promise<void> => {
    if (actual !== digest) throw new InputError(`${subject} has changed while it was read`);
    await Promise.resolve();
  };
  const body = { length: layer.length, open: () => withDigestCheck(layer.open(), layer.length, verify) };
  const action = await sendBlob({ subject, body, digest: () => digest, isDigestKnown: true }, layer.length, tools);
  return { descriptor, action };
}

/**
 * Sends a blob, and shows its progress.
 *
 * @param bytes total for the progress: the uncompressed size of a layer that is compressed
 * @returns `present` if somebody else has sent it meanwhile
 * @throws what `uploadBlob` throws
 */
export async function sendBlob(blob: BlobSource, bytes: number, tools: PushTools): Promise<'sent' | 'present'> {
  const subject = tools.imageName === undefined ? blob.subject : `${tools.imageName}, ${blob.subject}`;
  const transfer = tools.progress.start(subject, bytes);
  try {
    const onSent = (sent: number): void => {
      transfer.sent(sent);
      blob.onSent?.(sent);
    };
    return await uploadBlob(tools, { ...blob, subject, onSent });
  } finally {
    transfer.end();
  }
}
