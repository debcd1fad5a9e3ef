/** Sends the manifests of an image, and then points the tags to it. */

import { type HttpError, InputError, PipeError, VerificationError } from '../../errors.ts';
import { askUntil, createReadBack, findRefused } from '../../http/read-back.ts';
import { parseIndex, subjectOf } from '../formats/manifests.ts';
import { isIndexType, manifestTypes } from '../media-types.ts';
import type { Descriptor, Document } from '../image.ts';
import { mapConcurrently } from '../../io/map-concurrently.ts';
import type { ManifestReceipt } from './manifest-client.ts';
import { type DockerForm, isOci, type ManifestTree, toDockerForm } from './docker-form.ts';
import { toOciForm } from './oci-form.ts';
import type { PushTools } from './push-layer.ts';
import { type Put, putTag, type TagState } from './put-tag.ts';
import { fieldsOf, listReferrer } from './referrers-tag.ts';
import { isManifestRefused, isTypeRefused, mayBeThereAlready, saysItExists } from './refusals.ts';
import { putTagsAtOnce } from './tags-at-once.ts';

/** OCI's or Docker's media types. */
export type ManifestFormat = 'oci' | 'docker';

/** Whose media types to publish: those of the user's choice, or those that the registry turns out to accept. */
export interface TypeChoice {
  /** Set by the user. */
  readonly format: ManifestFormat | undefined;
  /** Its first refusal of OCI's types, if any. */
  first?: HttpError;
}

/**
 * Publishes the tree with the chosen media types; otherwise as it is or, if the registry accepts no others, with Docker's.
 * Either way all of it: an index of one family that names manifests of the other cannot be pulled.
 *
 * @param onTop called with the digest that the tags are about to point to
 * @throws HttpError if the registry refuses; VerificationError if it shows something else than was sent
 */
export async function pushTree(
  tree: ManifestTree,
  tags: readonly TagState[],
  choice: TypeChoice,
  tools: PushTools,
  onTop: (digest: string) => void,
): Promise<void> {
  if (choice.format === 'oci') {
    await pushAsIs(toOciForm(tree), tags, tools, onTop);
    return;
  }
  if (choice.format === 'docker') {
    await pushAsIs(await convertToDocker(tree, tools), tags, tools, onTop);
    return;
  }
  if (choice.first === undefined) {
    try {
      await pushAsIs(tree, tags, tools, onTop);
      return;
    } catch (error) {
      // If a tag has been published, the registry accepts these types.
      if (!isTypeRefused(error) || !isOci(tree) || tags.some(({ publishedDigest }) => publishedDigest !== undefined))
        throw error;
      choice.first = error;
    }
  }
  await pushForDocker(tree, tags, choice.first, tools, onTop);
}

/** @param first the refusal of the original, which is thrown if the conversion does not help */
async function pushForDocker(
  tree: ManifestTree,
  tags: readonly TagState[],
  first: HttpError,
  tools: PushTools,
  onTop: (digest: string) => void,
): Promise<void> {
  const { log } = tools;
  try {
    const form = await toDockerForm(tree, tools.client);
    log.warning(`${first.message}. Publishing the image with Docker's media types instead`);
    warnOfOmissions(form, tools);
    await pushAsIs(form.tree, tags, tools, onTop);
  } catch (error) {
    if (error instanceof InputError)
      log.warning(`The image cannot be published with Docker's media types: ${error.message}`);
    else if (isManifestRefused(error))
      log.warning(`The image is refused with Docker's media types, too: ${error.message}`);
    else throw error;
    throw first;
  }
}

/** @throws InputError if Docker has no type for something that a pull needs */
async function convertToDocker(tree: ManifestTree, tools: PushTools): Promise<ManifestTree> {
  const form = await toDockerForm(tree, tools.client);
  warnOfOmissions(form, tools);
  return form.tree;
}

function warnOfOmissions({ omitted }: DockerForm, { log }: PushTools): void {
  if (omitted.length > 0) log.warning(`Docker's media types cannot express everything. Omitted: ${omitted.join(', ')}`);
}

async function pushAsIs(
  { top, children, referrers }: ManifestTree,
  tags: readonly TagState[],
  tools: PushTools,
  onTop: (digest: string) => void,
): Promise<void> {
  const unlisted = new Map<Document, string>();
  const put: Put = async (reference, document) => {
    const receipt = await putManifest(reference, document, tools);
    const subject = subjectOf(fieldsOf(document.bytes, document.digest));
    if (subject !== undefined && !receipt.isListed) unlisted.set(document, subject);
    return receipt;
  };
  for (const child of children) await put(child.digest, child);
  if (isIndexType(top.mediaType)) await readChildren(top, children, tools);
  onTop(top.digest);
  // Some registries refuse what refers to a manifest that they do not have.
  if (referrers.length > 0) await put(top.digest, top);
  for (const referrer of referrers) await putReferrer(referrer, put, tools);
  const readBack = createReadBack(tools.patience);
  const waiting = tags.filter(({ publishedDigest }) => publishedDigest !== top.digest);
  // What has a subject may have to be listed, which the answer for each tag tells.
  if (subjectOf(fieldsOf(top.bytes, top.digest)) === undefined) await putTagsAtOnce(waiting, top, tools);
  for (const entry of waiting) {
    await putTag(entry, top, tools, put, readBack);
    entry.action = 'published';
    entry.publishedDigest = top.digest;
  }
  for (const [document, subject] of unlisted) await list(document, subject, tools);
}

/** The image does not need it: a registry may accept no such manifests. */
async function putReferrer(referrer: Document, put: Put, { log }: PushTools): Promise<void> {
  try {
    await put(referrer.digest, referrer);
    log.info(`${referrer.digest}, which refers to the image: published`);
  } catch (error) {
    if (!isManifestRefused(error)) throw error;
    log.warning(`${error.message}. Left out ${referrer.digest}, which refers to the image`);
  }
}

/** The image can be pulled without the list. */
async function list(referrer: Document, subject: string, tools: PushTools): Promise<void> {
  try {
    await listReferrer(referrer, subject, tools);
  } catch (error) {
    if (!(error instanceof PipeError)) throw error;
    tools.log.warning(
      `${referrer.digest} is published, but not in the list of what refers to ${subject}: ${error.message}`,
    );
  }
}

/** Reads every entry of an index as a pull would: with the media type and the size that the index states. */
async function readChildren(top: Document, children: readonly Document[], tools: PushTools): Promise<void> {
  const { manifests } = parseIndex(top.bytes, top.mediaType, `the index ${top.digest}`);
  const own = new Map(children.map((child) => [child.digest, child]));
  const missing: string[] = [];
  await mapConcurrently(manifests, tools.concurrency, async (descriptor) => {
    // If one manifest never appears, the others are asked for only once.
    const isFound =
      missing.length > 0
        ? !(await isMissing(descriptor, tools))
        : await waitForChild(descriptor, own.get(descriptor.digest), tools);
    if (!isFound) missing.push(descriptor.digest);
  });
  if (missing.length > 0)
    tools.log.warning(
      `The registry does not return all manifests of the image: check that it can be pulled. Not found: ${missing.join(', ')}`,
    );
}

/** Waits for a manifest that may not be visible yet, and sends it once more. @returns whether it can be read */
async function waitForChild(descriptor: Descriptor, own: Document | undefined, tools: PushTools): Promise<boolean> {
  const { digest } = descriptor;
  let isFirst = true;
  const canBeRead = async (): Promise<boolean> => {
    if (!(await isMissing(descriptor, tools))) return true;
    if (isFirst) {
      tools.log.warning(`The registry does not find the manifest ${digest}. Trying again`);
      if (own !== undefined) await putManifest(digest, own, tools);
    }
    isFirst = false;
    return false;
  };
  return await askUntil(canBeRead, (isRead) => isRead, tools.patience);
}

/** @throws VerificationError if it is not as the index states */
async function isMissing({ digest, mediaType, size }: Descriptor, { client }: PushTools): Promise<boolean> {
  const held = (await client.readManifest(digest, [mediaType])) ?? (await client.readManifest(digest));
  if (held === undefined) return await client.lacksManifest(digest);
  if (held.bytes.length !== size)
    throw new VerificationError(`${digest} has ${held.bytes.length} bytes, but its index says ${size}`);
  if (held.mediaType !== mediaType && manifestTypes.includes(held.mediaType))
    throw new VerificationError(`the registry has ${digest} as ${held.mediaType}, but its index says ${mediaType}`);
  return false;
}

/** Tries twice if the type may be refused: the refusal may be an error of a gateway, and converting changes the image. */
async function putManifest(reference: string, document: Document, tools: PushTools): Promise<ManifestReceipt> {
  try {
    return await putOrFind(reference, document, tools);
  } catch (error) {
    if (!isTypeRefused(error)) throw error;
    tools.log.debug(`${error.message}. Trying again`);
    return await putOrFind(reference, document, tools);
  }
}

/** A registry may refuse to store again what is there already, such as an immutable tag: that is a success. */
async function putOrFind(
  reference: string,
  document: Document,
  { client, log, readBack }: PushTools,
): Promise<ManifestReceipt> {
  try {
    return await client.putManifest(reference, document);
  } catch (error) {
    if (!mayBeThereAlready(error)) throw error;
    const find = async (): Promise<Document | undefined> => await client.readManifest(reference);
    const held = await findRefused(saysItExists(error), find, readBack);
    if (held?.digest !== document.digest) throw error;
    log.info(`${reference} already points to this image, and the registry does not store it again`);
    return { isConfirmed: true, isListed: false };
  }
}
