/** Publishes an image: blobs, manifests, and last the tags, each of which is read back. */

import { HttpError, NetworkError, StalledError } from '../../errors.ts';
import { isTransient } from '../../http/retry.ts';
import { digestOf } from '../descriptors.ts';
import { annotationsOf, parseIndex } from '../formats/manifests.ts';
import { oci } from '../media-types.ts';
import type { Document, Image, Platform, PlatformImage } from '../image.ts';
import type { ManifestTree } from './docker-form.ts';
import type { PushTools } from './push-layer.ts';
import { pushTree, type TagState, type TypeRefusal } from './push-manifests.ts';
import { type PushedPlatform, pushPlatform } from './push-platform.ts';
import { isBlobUnknown, isManifestUnknown, namedDigests } from './refusals.ts';
import { type PublishedImage, readPublishedImage } from './reuse.ts';

/** What to publish an image as. */
export interface PushPlan {
  /** At least one. */
  readonly tags: readonly string[];
  /** Published tags whose layers may be reused. */
  readonly reuseTags: readonly string[];
}

/** A tag, and whether it was published; `skipped`: it existed, and was left as it is. */
export interface PushedTag {
  readonly tag: string;
  readonly action: 'published' | 'skipped' | 'failed' | 'not attempted';
  /** Of what a skipped tag points to. */
  readonly digest?: string;
}

/** What a push has published, and why it ended early if it did. */
export interface PushOutcome {
  /** Of the manifest or index that the tags point to; undefined if the push failed before making it. */
  readonly digest: string | undefined;
  readonly tags: readonly PushedTag[];
  readonly platforms: readonly PushedPlatform[];
  readonly error?: unknown;
}

/** How often content that the registry has lost is sent again. */
const maxLosses = 3;

/** Publishes the image under all tags of the plan. Never throws: an error is part of the outcome. */
export async function pushImage(image: Image, plan: PushPlan, tools: PushTools): Promise<PushOutcome> {
  const tags: TagState[] = plan.tags.map((tag) => ({ tag, action: 'not attempted' }));
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

/** A registry may delete a blob (garbage collection) after it was found there, and before a manifest names it. */
async function resendBlobs(error: HttpError, platforms: readonly PushedPlatform[], { log }: PushTools): Promise<void> {
  log.warning(`${error.message}. Sending the missing blobs`);
  for (const platform of platforms) await platform.resend(namedDigests(error));
}

/**
 * Reads the published images whose layers may be reused. An unusable tag is not a failure: its layers are sent instead.
 *
 * @throws HttpError if the registry refuses access; NetworkError or StalledError if it cannot be reached
 */
export async function readReusable(
  tags: readonly string[],
  platform: Platform | undefined,
  { client, log }: PushTools,
): Promise<readonly PublishedImage[]> {
  const found: PublishedImage[] = [];
  for (const tag of new Set(tags)) {
    try {
      const published = await readPublishedImage(client, tag, platform);
      if (published === undefined) log.debug(`tag ${tag}: nothing to reuse`);
      else found.push(published);
    } catch (error) {
      if (error instanceof HttpError && [401, 403].includes(error.refusal.status)) throw error;
      // The server is down: what follows would only wait for it again.
      if (error instanceof NetworkError || error instanceof StalledError) throw error;
      log.warning(`tag ${tag} is not reused: ${(error as Error).message}`);
      if (isTransient(error)) break;
    }
  }
  return found;
}

/** The annotation of an attestation in which BuildKit names the manifest that it attests. */
const attestedDigest = 'vnd.docker.reference.digest';

/** The manifests to send, and what the tags will point to. */
function treeOf(image: Image, platforms: readonly PushedPlatform[]): ManifestTree {
  const [only] = platforms;
  const children = platforms.map(({ manifest }) => manifest);
  if (image.index !== undefined) return { top: indexFor(image.index, image.images, children), children };
  if (only === undefined) throw new Error('an image needs an index or a manifest');
  return { top: only.manifest, children: [] };
}

/** The source's index, with the new digests of the manifests that have changed. */
function indexFor(index: Document, images: readonly PlatformImage[], pushed: readonly Document[]): Document {
  const changed = new Map(images.map(({ descriptor }, position) => [descriptor?.digest, pushed[position]]));
  if ([...changed].every(([digest, manifest]) => digest === manifest?.digest)) return index;
  const { manifests, fields } = parseIndex(index.bytes, index.mediaType, `the index ${index.digest}`);
  const entries = manifests.map((descriptor) => {
    const manifest = changed.get(descriptor.digest);
    const annotations = annotationsOf(descriptor);
    const attested = annotations[attestedDigest];
    const attestedManifest = typeof attested === 'string' ? changed.get(attested) : undefined;
    return {
      ...descriptor,
      ...(manifest !== undefined && {
        mediaType: manifest.mediaType,
        digest: manifest.digest,
        size: manifest.bytes.length,
      }),
      ...(attestedManifest !== undefined && {
        annotations: { ...annotations, [attestedDigest]: attestedManifest.digest },
      }),
    };
  });
  const bytes = Buffer.from(JSON.stringify({ ...fields, schemaVersion: 2, mediaType: oci.index, manifests: entries }));
  return { mediaType: oci.index, digest: digestOf(bytes), bytes };
}
