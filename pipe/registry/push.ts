/** Publishes an image under its tags: everything else first, the tags last, each read back. */

import { HttpError, VerificationError } from '../errors.ts';
import { digestOf } from '../image/formats/documents.ts';
import { docker, oci, toDocker } from '../image/formats/media-types.ts';
import type { Descriptor, Document, Image, Platform } from '../image/image.ts';
import type { PushTools } from './push-layer.ts';
import { type PushedPlatform, pushPlatform } from './push-platform.ts';
import { isBlobUnknown, isImmutable } from './refusals.ts';
import { type Published, readPublished } from './reuse.ts';

export interface PushPlan {
  /** At least one. */
  readonly tags: readonly string[];
  /** Published tags whose layers may be reused. */
  readonly reuseTags: readonly string[];
}

export interface PushedTag {
  readonly tag: string;
  readonly action: 'published' | 'failed' | 'not tried';
}

export interface PushOutcome {
  /** Of the manifest or index that the tags point to; undefined where the run ended before it was made. */
  readonly digest: string | undefined;
  readonly tags: readonly PushedTag[];
  readonly platforms: readonly PushedPlatform[];
  readonly error?: unknown;
}

/** A registry that goes on losing blobs is given up on. */
const maxLosses = 3;

/** Never throws: what went wrong is part of the outcome. */
export async function pushImage(image: Image, plan: PushPlan, tools: PushTools): Promise<PushOutcome> {
  const tags: Tagged[] = plan.tags.map((tag) => ({ tag, action: 'not tried' }));
  const platforms: PushedPlatform[] = [];
  let digest: string | undefined;
  try {
    for (const platformImage of image.images) {
      const published = await readReusable(plan.reuseTags, platformImage.platform, tools);
      platforms.push(await pushPlatform(platformImage, image.isForwardOnly === true, published, tools));
    }
    for (let losses = 0; ; losses++) {
      try {
        const top = await pushManifests(image, platforms, tools);
        digest = top.digest;
        for (const entry of tags) {
          if (entry.made === top.digest) continue;
          entry.action = 'failed';
          digest = await putTag(entry.tag, top, tools);
          entry.action = 'published';
          entry.made = top.digest;
        }
        return { digest, tags, platforms };
      } catch (error) {
        // Registries may collect a blob between the question whether it is there and the manifest that needs it.
        if (!isBlobUnknown(error) || platforms.length === 0 || losses === maxLosses) throw error;
        tools.log.warning(`${error.message}. Sending the missing blobs`);
        const named = new Set(error.refusal.reason.match(/sha256:[0-9a-f]{64}/g));
        for (const platform of platforms) await platform.resend(named);
      }
    }
  } catch (error) {
    return { digest, tags, platforms, error };
  }
}

interface Tagged {
  readonly tag: string;
  action: PushedTag['action'];
  /** The digest of what it was published from. */
  made?: string;
}

/** A tag that tells nothing usable is no failure: what it would save is sent instead. */
export async function readReusable(
  tags: readonly string[],
  platform: Platform | undefined,
  { client, log }: PushTools,
): Promise<readonly Published[]> {
  const found: Published[] = [];
  for (const tag of new Set(tags)) {
    try {
      const published = await readPublished(client, tag, platform);
      if (published === undefined) log.debug(`tag ${tag}: nothing to reuse`);
      else found.push(published);
    } catch (error) {
      if (error instanceof HttpError && [401, 403].includes(error.refusal.status)) throw error;
      log.warning(`tag ${tag} is not reused: ${(error as Error).message}`);
    }
  }
  return found;
}

/** Sends the manifests that an index names, and gives what the tags are to point to. */
async function pushManifests(image: Image, platforms: readonly PushedPlatform[], tools: PushTools): Promise<Document> {
  const [only] = platforms;
  if (image.index === undefined && only !== undefined) return only.manifest;
  const held: Document[] = [];
  for (const { manifest } of platforms) held.push(await putManifest(manifest.digest, manifest, tools));
  return indexFor(image, held);
}

interface IndexDocument {
  readonly manifests: readonly Descriptor[];
  readonly [field: string]: unknown;
}

/** The annotation by which BuildKit ties an attestation to the manifest that it speaks of. */
const attests = 'vnd.docker.reference.digest';

/** The source's index, with the digests of those manifests that became others. */
function indexFor(image: Image, held: readonly Document[]): Document {
  const renamed = new Map(image.images.map(({ descriptor }, index) => [descriptor?.digest, held[index]]));
  const source = JSON.parse(image.index?.bytes.toString('utf8') ?? '{"manifests":[]}') as IndexDocument;
  const isSame = [...renamed].every(([digest, manifest]) => digest === manifest?.digest);
  if (image.index !== undefined && isSame) return image.index;
  const manifests = source.manifests.map((descriptor) => {
    const manifest = renamed.get(descriptor.digest);
    const annotations = descriptor['annotations'] as Readonly<Record<string, string>> | undefined;
    const subject = renamed.get(annotations?.[attests]);
    return {
      ...descriptor,
      ...(manifest !== undefined && {
        mediaType: manifest.mediaType,
        digest: manifest.digest,
        size: manifest.bytes.length,
      }),
      ...(subject !== undefined && { annotations: { ...annotations, [attests]: subject.digest } }),
    };
  });
  const bytes = Buffer.from(JSON.stringify({ ...source, schemaVersion: 2, mediaType: oci.index, manifests }));
  return { mediaType: oci.index, digest: digestOf(bytes), bytes };
}

/**
 * Moves a tag, and reads it back, where it may be read. An answer that comes before the registry has the whole manifest
 * can claim what is not so.
 *
 * @returns the digest that it points to
 */
async function putTag(tag: string, document: Document, tools: PushTools): Promise<string> {
  for (let isAgain = false; ; isAgain = true) {
    const sent = await putManifest(tag, document, tools);
    const held = await tools.client.readManifest(tag);
    if (held?.digest === sent.digest) return sent.digest;
    if (held !== undefined) {
      throw new VerificationError(
        `tag ${tag} points to ${held.digest}, not to ${sent.digest} that was just published: is something else publishing it?`,
      );
    }
    if (!(await tools.client.lacksManifest(tag))) return sent.digest;
    if (isAgain) throw new VerificationError(`the registry took tag ${tag}, and says that there is no such tag`);
    tools.log.warning(`The registry took tag ${tag}, and says that there is no such tag. Publishing it again`);
  }
}

/** @returns what the registry holds: the document, or the same in Docker's terms, where it takes nothing else */
async function putManifest(reference: string, document: Document, tools: PushTools): Promise<Document> {
  try {
    await putOrFind(reference, document, tools);
    return document;
  } catch (error) {
    const isRefused = error instanceof HttpError && [400, 404, 406, 415].includes(error.refusal.status);
    const other = isRefused && !isBlobUnknown(error) && !isImmutable(error) ? asDocker(document) : undefined;
    if (!isRefused || other === undefined) throw error;
    tools.log.warning(`${error.message}. Publishing it as Docker's ${other.mediaType} instead`);
    const place = reference === document.digest ? other.digest : reference;
    await putOrFind(place, other, tools);
    return other;
  }
}

/** A registry may refuse to have an immutable tag pushed again though nothing would change: then it is as it should be. */
async function putOrFind(reference: string, document: Document, { client, log }: PushTools): Promise<void> {
  try {
    await client.putManifest(reference, document);
  } catch (error) {
    if (!isImmutable(error)) throw error;
    const held = await client.readManifest(reference);
    if (held?.digest !== document.digest) throw error;
    log.info(`${reference} is immutable, and is this image already`);
  }
}

/** What Docker's documents cannot say, in manifests and in indexes. */
const ociOnly = ['annotations', 'subject', 'artifactType'] as const;

interface OciDocument {
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  readonly manifests?: readonly Descriptor[];
}

/** The same document in Docker's terms; undefined where it says what Docker's cannot, or is one already. */
function asDocker({ mediaType, bytes }: Document): Document | undefined {
  if (mediaType !== oci.manifest && mediaType !== oci.index) return undefined;
  const source = JSON.parse(bytes.toString('utf8')) as OciDocument;
  if (ociOnly.some((field) => field in source)) return undefined;
  const { config, layers = [], manifests = [] } = source;
  const used = [...(config === undefined ? [] : [config]), ...layers, ...manifests];
  if (used.some((descriptor) => toDocker(descriptor.mediaType) === undefined)) return undefined;
  const translate = (descriptor: Descriptor): Descriptor => ({
    ...descriptor,
    mediaType: toDocker(descriptor.mediaType) ?? descriptor.mediaType,
  });
  const type = mediaType === oci.index ? docker.index : docker.manifest;
  const content =
    config === undefined
      ? { manifests: manifests.map(translate) }
      : { config: translate(config), layers: layers.map(translate) };
  const text = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: type, ...content }));
  return { mediaType: type, digest: digestOf(text), bytes: text };
}
