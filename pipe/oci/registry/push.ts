/** Publishes an image under its tags: everything else first, the tags last, each read back. */

import { HttpError } from '../../errors.ts';
import { digestOf } from '../descriptors.ts';
import { annotationsOf, parseIndex } from '../formats/manifests.ts';
import { oci } from '../media-types.ts';
import type { Document, Image, Platform, PlatformImage } from '../image.ts';
import type { ManifestTree } from './docker-form.ts';
import type { PushTools } from './push-layer.ts';
import { pushTree, type Tagged, type TypeRefusal } from './push-manifests.ts';
import { type PushedPlatform, pushPlatform } from './push-platform.ts';
import { isBlobUnknown, isManifestUnknown, namedDigests } from './refusals.ts';
import { type PublishedImage, readPublished } from './reuse.ts';

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
    const refusal: TypeRefusal = {};
    const setDigest = (top: string): void => {
      digest = top;
    };
    for (let losses = 0; ; losses++) {
      try {
        await pushTree(treeOf(image, platforms), tags, refusal, tools, setDigest);
        return { digest, tags, platforms };
      } catch (error) {
        if (losses === maxLosses) throw error;
        if (isManifestUnknown(error)) tools.log.warning(`${error.message}. Sending the manifests again`);
        else if (isBlobUnknown(error) && platforms.length > 0) await resendBlobs(error, platforms, tools);
        else throw error;
      }
    }
  } catch (error) {
    return { digest, tags, platforms, error };
  }
}

/** Registries may collect a blob between the question whether it is there and the manifest that needs it. */
async function resendBlobs(error: HttpError, platforms: readonly PushedPlatform[], { log }: PushTools): Promise<void> {
  log.warning(`${error.message}. Sending the missing blobs`);
  for (const platform of platforms) await platform.resend(namedDigests(error));
}

/** A tag that tells nothing usable is no failure: what it would save is sent instead. */
export async function readReusable(
  tags: readonly string[],
  platform: Platform | undefined,
  { client, log }: PushTools,
): Promise<readonly PublishedImage[]> {
  const found: PublishedImage[] = [];
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

/** The annotation by which BuildKit ties an attestation to the manifest that it speaks of. */
const attests = 'vnd.docker.reference.digest';

/** The manifests to send, and what the tags are to point to. */
function treeOf(image: Image, platforms: readonly PushedPlatform[]): ManifestTree {
  const [only] = platforms;
  const children = platforms.map(({ manifest }) => manifest);
  if (image.index !== undefined) return { top: indexFor(image.index, image.images, children), children };
  if (only === undefined) throw new Error('an image has an index or a manifest');
  return { top: only.manifest, children: [] };
}

/** The source's index, with the digests of those manifests that became others. */
function indexFor(index: Document, images: readonly PlatformImage[], held: readonly Document[]): Document {
  const renamed = new Map(images.map(({ descriptor }, position) => [descriptor?.digest, held[position]]));
  if ([...renamed].every(([digest, manifest]) => digest === manifest?.digest)) return index;
  const { manifests, fields } = parseIndex(index.bytes, index.mediaType, `the index ${index.digest}`);
  const entries = manifests.map((descriptor) => {
    const manifest = renamed.get(descriptor.digest);
    const annotations = annotationsOf(descriptor);
    const attested = annotations[attests];
    const subject = typeof attested === 'string' ? renamed.get(attested) : undefined;
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
  const bytes = Buffer.from(JSON.stringify({ ...fields, schemaVersion: 2, mediaType: oci.index, manifests: entries }));
  return { mediaType: oci.index, digest: digestOf(bytes), bytes };
}
