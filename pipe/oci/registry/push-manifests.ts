/** Sends the manifests of an image, and then points its tags to it. */

import { type HttpError, InputError, VerificationError } from '../../errors.ts';
import { askUntil } from '../../http/read-back.ts';
import { parseIndex } from '../formats/manifests.ts';
import { isIndexType, manifestTypes } from '../media-types.ts';
import type { Descriptor, Document } from '../image.ts';
import { mapConcurrently } from '../../io/map-concurrently.ts';
import { isOci, type ManifestTree, toDockerForm } from './docker-form.ts';
import type { PushTools } from './push-layer.ts';
import { isImmutable, isManifestRefused, isTypeRefused } from './refusals.ts';

/** A tag to publish, and how far it got. */
export interface Tagged {
  readonly tag: string;
  action: 'published' | 'failed' | 'not tried';
  /** The digest of what it was published from. */
  made?: string;
}

/** What a run has learned of the media types that the registry takes. */
export interface TypeRefusal {
  /** How it refused OCI's; undefined as long as it has not. */
  first?: HttpError;
}

/**
 * Publishes the tree as it is, or all of it in Docker's media types if the registry takes no others: a list that names
 * OCI's manifests as Docker's cannot be pulled.
 *
 * @param onTop is told the digest that the tags are about to point to
 */
export async function pushTree(
  tree: ManifestTree,
  tags: readonly Tagged[],
  refusal: TypeRefusal,
  tools: PushTools,
  onTop: (digest: string) => void,
): Promise<void> {
  if (refusal.first === undefined) {
    try {
      await pushAsIs(tree, tags, tools, onTop);
      return;
    } catch (error) {
      // What a tag could be pointed to is of a type that the registry takes.
      if (!isTypeRefused(error) || !isOci(tree) || tags.some(({ made }) => made !== undefined)) throw error;
      refusal.first = error;
    }
  }
  await pushForDocker(tree, tags, refusal.first, tools, onTop);
}

/** @param first what the registry said of the original, which is what is told if this does not help */
async function pushForDocker(
  tree: ManifestTree,
  tags: readonly Tagged[],
  first: HttpError,
  tools: PushTools,
  onTop: (digest: string) => void,
): Promise<void> {
  const { log } = tools;
  try {
    const form = await toDockerForm(tree, tools.client);
    log.warning(`${first.message}. Publishing it in Docker's media types instead`);
    if (form.leftOut.length > 0)
      log.warning(`Docker's media types cannot hold these, which are left out: ${form.leftOut.join(', ')}`);
    await pushAsIs(form.tree, tags, tools, onTop);
  } catch (error) {
    if (error instanceof InputError) log.warning(`It cannot be published in Docker's media types: ${error.message}`);
    else if (isManifestRefused(error)) log.warning(`In Docker's media types it is refused, too: ${error.message}`);
    else throw error;
    throw first;
  }
}

async function pushAsIs(
  { top, children }: ManifestTree,
  tags: readonly Tagged[],
  tools: PushTools,
  onTop: (digest: string) => void,
): Promise<void> {
  for (const child of children) await putManifest(child.digest, child, tools);
  if (isIndexType(top.mediaType)) await readChildren(top, children, tools);
  onTop(top.digest);
  for (const entry of tags) {
    if (entry.made === top.digest) continue;
    entry.action = 'failed';
    await putTag(entry.tag, top, tools);
    entry.action = 'published';
    entry.made = top.digest;
  }
}

/** Reads what an index names as those who pull it will: under the types and sizes that it states. */
async function readChildren(top: Document, children: readonly Document[], tools: PushTools): Promise<void> {
  const { manifests } = parseIndex(top.bytes, top.mediaType, `the index ${top.digest}`);
  const own = new Map(children.map((child) => [child.digest, child]));
  const missing: string[] = [];
  await mapConcurrently(manifests, tools.concurrency, async (descriptor) => {
    // A registry that does not show one of them, however often it is asked, is not asked so often for the next.
    const isFound =
      missing.length > 0
        ? !(await isMissing(descriptor, tools))
        : await waitForChild(descriptor, own.get(descriptor.digest), tools);
    if (!isFound) missing.push(descriptor.digest);
  });
  if (missing.length > 0)
    tools.log.warning(
      `The registry does not show what the image consists of: check that it can be pulled. Not found: ${missing.join(', ')}`,
    );
}

/** What was written may take a while to be seen, and what was not is sent again. @returns whether it can be read */
async function waitForChild(descriptor: Descriptor, own: Document | undefined, tools: PushTools): Promise<boolean> {
  const { digest } = descriptor;
  let isFirst = true;
  const canBeRead = async (): Promise<boolean> => {
    if (!(await isMissing(descriptor, tools))) return true;
    if (isFirst) {
      tools.log.warning(`The registry says that there is no manifest ${digest}. Trying again`);
      if (own !== undefined) await putManifest(digest, own, tools);
    }
    isFirst = false;
    return false;
  };
  return await askUntil(canBeRead, (isRead) => isRead, tools.patience);
}

/** @throws VerificationError if the registry has it, but not as the index says */
async function isMissing({ digest, mediaType, size }: Descriptor, { client }: PushTools): Promise<boolean> {
  const held = (await client.readManifest(digest, [mediaType])) ?? (await client.readManifest(digest));
  if (held === undefined) return await client.lacksManifest(digest);
  if (held.bytes.length !== size)
    throw new VerificationError(`${digest} has ${held.bytes.length} bytes, and its index says ${size}`);
  if (held.mediaType !== mediaType && manifestTypes.includes(held.mediaType))
    throw new VerificationError(`the registry has ${digest} as ${held.mediaType}, and its index says ${mediaType}`);
  return false;
}

/**
 * Moves a tag, and reads it back, where it may be read. An answer that comes before the registry has the whole manifest
 * can claim what is not so.
 */
async function putTag(tag: string, document: Document, tools: PushTools): Promise<void> {
  for (let isAgain = false; ; isAgain = true) {
    await putManifest(tag, document, tools);
    const held = await tools.client.readManifest(tag);
    if (held?.digest === document.digest) return;
    if (held !== undefined) {
      throw new VerificationError(
        `tag ${tag} points to ${held.digest}, not to ${document.digest} that was just published: is something else publishing it?`,
      );
    }
    if (!(await tools.client.lacksManifest(tag))) return;
    if (isAgain) throw new VerificationError(`the registry took tag ${tag}, and says that there is no such tag`);
    tools.log.warning(`The registry took tag ${tag}, and says that there is no such tag. Publishing it again`);
  }
}

/** Twice if it is refused for its type, perhaps: gateways err, and the other form would be another image. */
async function putManifest(reference: string, document: Document, tools: PushTools): Promise<void> {
  try {
    await putOrFind(reference, document, tools);
  } catch (error) {
    if (!isTypeRefused(error)) throw error;
    tools.log.debug(`${error.message}. Trying again`);
    await putOrFind(reference, document, tools);
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
