/** Publishes an image in two steps: first its blobs, then the manifests and the tags, and reads each tag back. */

import type { HttpError } from '../../errors.ts';
import { formatCount } from '../../toolkit/units.ts';
import type { Image, Platform, PlatformImage } from '../image.ts';
import { formatPlatform } from '../platforms.ts';
import { boundDigests, identicalLayers, isToBeCompressed, keepingLayers } from './bindings.ts';
import { changedDigests, type PushedParts, treeOf } from './manifest-tree.ts';
import type { PushTools } from './push-layer.ts';
import { type ManifestFormat, pushTree, type TypeChoice } from './push-manifests.ts';
import type { TagState } from './put-tag.ts';
import { type PlatformPlace, type PushedPlatform, pushPlatform } from './push-platform.ts';
import { isBlobUnknown, isDigestInvalid, isManifestUnknown, namedDigests } from './refusals.ts';
import { readMountable, readReusable, type ReusableLayers, type SourceTag } from './reuse.ts';

/** What to publish an image as. */
export interface PushPlan {
  /** At least one. */
  readonly tags: readonly string[];
  /** Published tags whose layers may be reused. */
  readonly reuseTags: readonly string[];
  /** Whether the user has named them. */
  readonly isReuseGiven: boolean;
  /** Tags of other repositories whose layers may be mounted. */
  readonly sources: readonly SourceTag[];
  /** Set by the user; default: as in the source, or what the registry accepts. */
  readonly format: ManifestFormat | undefined;
}

/** A tag, and whether it was published; `unconfirmed`: accepted, but it could not be read back; `skipped`: it existed, and was left as it is. */
export interface PushedTag {
  readonly tag: string;
  readonly action: 'published' | 'skipped' | 'unconfirmed' | 'failed' | 'not attempted';
  /** Of what a tag points to that was skipped, or that the registry does not let be moved. */
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

/** An image whose blobs are in the registry, unless its outcome has an error. */
export interface StartedPush {
  /** The outcome if it ends here. */
  readonly outcome: PushOutcome;
  /** Its layers by diff ID, for images that are published after it. */
  readonly layers: ReusableLayers['layers'];
  /** Sends the manifests and points the tags to them. Never throws: an error is part of the outcome. */
  finish(): Promise<PushOutcome>;
}

/** A push that has ended, whether it failed or had nothing to do. */
export function endedPush(outcome: PushOutcome): StartedPush {
  return { outcome, layers: new Map(), finish: async () => await Promise.resolve(outcome) };
}

/** The outcome of a push before its first tag. @param error why it ended there, if it did */
export function untaggedOutcome(
  tags: readonly string[],
  platforms: readonly PushedPlatform[] = [],
  error?: unknown,
): PushOutcome {
  return { digest: undefined, tags: tags.map((tag) => ({ tag, action: 'not attempted' })), platforms, error };
}

/** Sends the blobs of an image that are missing. Never throws: an error is part of the outcome. */
export async function startPush(image: Image, plan: PushPlan, tools: PushTools): Promise<StartedPush> {
  const parts: PushedParts = new Map();
  try {
    await pushParts(image, plan, tools, parts);
  } catch (error) {
    return endedPush(untaggedOutcome(plan.tags, [...parts.values()], error));
  }
  const platforms = [...parts.values()];
  return {
    outcome: untaggedOutcome(plan.tags, platforms),
    layers: new Map(platforms.flatMap(({ reusable }) => [...reusable])),
    finish: async () => await finishPush(image, plan, tools, parts),
  };
}

async function finishPush(image: Image, plan: PushPlan, tools: PushTools, parts: PushedParts): Promise<PushOutcome> {
  const tags: TagState[] = plan.tags.map((tag) => ({ tag, action: 'not attempted' }));
  const choice: TypeChoice = { format: plan.format };
  let digest: string | undefined;
  const setDigest = (top: string): void => {
    digest = top;
  };
  try {
    for (let losses = 0; ; losses++) {
      try {
        await pushTree(treeOf(image, parts), tags, choice, tools, setDigest);
        return { digest, tags, platforms: [...parts.values()] };
      } catch (error) {
        // It has been retried: after one more attempt with new blobs, it would only take longer.
        if (losses === maxLosses || (losses > 0 && isDigestInvalid(error))) throw error;
        if (isManifestUnknown(error)) tools.log.warning(`${error.message}. Sending the manifests again`);
        else if (isBlobUnknown(error) && parts.size > 0) await resendBlobs(error, [...parts.values()], tools);
        else throw error;
      }
    }
  } catch (error) {
    return { digest, tags, platforms: [...parts.values()], error };
  }
}

/** Sends the blobs of all parts. What states the digest of a part that has changed is left out: it is no longer true. */
async function pushParts(image: Image, plan: PushPlan, tools: PushTools, parts: PushedParts): Promise<void> {
  const isForwardOnly = image.isForwardOnly === true;
  const platforms = image.images.filter(({ isArtifact }) => isArtifact !== true);
  const all = [...image.images.filter(({ isArtifact }) => isArtifact), ...(image.referrers ?? [])];
  const omitsArtifacts = plan.format === 'docker' && platforms.length > 0 && all.length > 0;
  if (omitsArtifacts) {
    const count = formatCount(all.length, 'attestation or other artifact', 'attestations and other artifacts');
    tools.log.warning(`Left out ${count}, which Docker has no media type for`);
  }
  const artifacts = omitsArtifacts ? [] : all;
  const layerCount = platforms.reduce((sum, { layers }) => sum + layers.length, 0);
  const placeOf = ({ platform, isArtifact }: PlatformImage): PlatformPlace => ({
    name: partName(platform, isArtifact === true && platforms.length > 0, platforms.length),
    layerCount,
  });
  const bound = omitsArtifacts ? new Set<string>() : boundDigests(image);
  for (const part of platforms) {
    const isKept = bound.has(part.descriptor?.digest ?? '') && !isToBeCompressed(part, tools);
    // If the registry is down, the tags of its own repository show that.
    const own = isKept ? [] : await readReusable(plan.reuseTags, part.platform, plan.isReuseGiven, tools);
    const others = [...(await readMountable(plan.sources, part.platform, tools)), ...tools.earlier];
    const published = isKept ? identicalLayers(part, others) : [...own, ...others];
    parts.set(
      part,
      await pushPlatform(part, isForwardOnly, published, isKept ? keepingLayers(part, tools) : tools, placeOf(part)),
    );
  }
  const untrue = new Set(changedDigests(image, parts));
  for (const part of artifacts) {
    const subject = part.subjects?.find((digest) => untrue.has(digest));
    if (subject === undefined) {
      parts.set(part, await pushPlatform(part, isForwardOnly, [], tools, placeOf(part)));
      continue;
    }
    const { digest = 'an artifact' } = part.descriptor ?? {};
    untrue.add(digest);
    tools.log.warning(
      `Left out ${digest}, which refers to ${subject}: layers were compressed, so the image is published with another digest`,
    );
  }
}

/** What its layers are of, in messages; undefined if there is only one possibility. */
function partName(platform: Platform | undefined, isArtifact: boolean, platformCount: number): string | undefined {
  if (isArtifact) return 'artifact';
  return platformCount > 1 && platform !== undefined ? formatPlatform(platform) : undefined;
}

/** A registry may delete a blob (garbage collection) after it was found there, and before a manifest names it. */
async function resendBlobs(error: HttpError, platforms: readonly PushedPlatform[], { log }: PushTools): Promise<void> {
  log.warning(`${error.message}. Sending the missing blobs`);
  for (const platform of platforms) await platform.resend(namedDigests(error));
}
