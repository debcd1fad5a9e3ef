/** Points a tag to an image, and settles what it points to afterwards: other steps may publish it at the same time. */

import { UnexpectedAnswerError, VerificationError } from '../../errors.ts';
import type { ReadBack } from '../../http/read-back.ts';
import { checkManifest } from '../formats/manifests.ts';
import type { Document } from '../image.ts';
import type { ManifestReceipt } from './manifest-client.ts';
import type { PushTools } from './push-layer.ts';
import { mayBeThereAlready, saysItExists } from './refusals.ts';

/** Sends a manifest, under a tag or its digest. */
export type Put = (reference: string, document: Document) => Promise<ManifestReceipt>;

/** A tag to publish, and how far it has got. */
export interface TagState {
  readonly tag: string;
  action: 'published' | 'unconfirmed' | 'failed' | 'not attempted';
  /** Digest of what was published under it. */
  publishedDigest?: string;
  /** Of what it points to instead, if the registry does not let it be moved. */
  digest?: string;
}

/** How often a tag is asked for before it is published again: the answer may come from a moment when others wrote it. */
const questionsBefore = { missing: 1, unconfirmed: 1, old: 5 } as const;

/**
 * Moves a tag unless it already points to the image, and reads it back if it may be read: a success that comes before the
 * registry has received the whole manifest proves nothing. If several steps publish the same tag, one of them is the last; the
 * others have published it as well, and their images are there by digest.
 *
 * @throws VerificationError if the tag points to something else than a manifest, or if an unconfirmed tag does not appear
 * @throws what `put` throws
 */
export async function putTag(
  entry: TagState,
  document: Document,
  tools: PushTools,
  put: Put,
  readBack: ReadBack,
): Promise<void> {
  const { tag } = entry;
  const { client, log } = tools;
  const before = await readTag(tag, tools);
  if (before?.digest === document.digest) {
    if (entry.action !== 'unconfirmed') log.info(`tag ${tag} already points to this image: ${document.digest}`);
    return;
  }
  entry.action = 'failed';
  const { isConfirmed } = await putOrKeep(entry, before !== undefined, document, tools, put);
  entry.action = 'unconfirmed';
  let newer: string | undefined;
  let questions = 0;
  const problem = await readBack(
    async () => {
      const held = await client.readManifest(tag);
      if (held?.digest === document.digest) return undefined;
      if (held !== undefined && held.digest !== before?.digest) {
        checkNewer(tag, held, document);
        newer = held.digest;
        return undefined;
      }
      if (held === undefined && !(await client.lacksManifest(tag))) return undefined;
      const state = held === undefined ? 'missing' : isConfirmed ? 'old' : 'unconfirmed';
      const found = held === undefined ? 'has no such tag' : `still shows ${held.digest}`;
      // Late over another image: a registry that lags may be about to show what somebody else has just published.
      if (questions++ === questionsBefore[state]) await putAgain(tag, document, found, tools, put);
      return found;
    },
    (found) => found === undefined,
  );
  if (newer !== undefined) return await yieldTag(tag, newer, document, tools, put);
  if (problem === undefined) return;
  if (!isConfirmed)
    throw new VerificationError(`the registry accepted tag ${tag} without confirming it, but ${problem}`);
  log.warning(`The registry accepted tag ${tag}, but ${problem}: check a little later that it can be pulled`);
}

/** @throws what `put` throws; then the entry has the digest of the tag that the registry keeps, if that may be why */
async function putOrKeep(
  entry: TagState,
  existed: boolean,
  document: Document,
  tools: PushTools,
  put: Put,
): Promise<ManifestReceipt> {
  try {
    return await put(entry.tag, document);
  } catch (error) {
    if (!mayBeThereAlready(error) || !(existed || saysItExists(error))) throw error;
    // It may be newer than what was there before; and the refusal is what matters.
    const held = await readTag(entry.tag, tools).catch(() => undefined);
    if (held !== undefined && held.digest !== document.digest) entry.digest = held.digest;
    throw error;
  }
}

/** @throws VerificationError if it is not a manifest, so that nobody can have published it */
function checkNewer(tag: string, held: Document, { digest }: Document): void {
  try {
    checkManifest(held.bytes, `what the registry returns for tag ${tag}`);
  } catch (error) {
    const problem = (error as Error).message;
    throw new VerificationError(`tag ${tag} points to ${held.digest}, not to ${digest}: ${problem}`, { cause: error });
  }
}

/** Leaves a tag to somebody who has published it later, and makes sure that this image can be pulled by its digest. */
async function yieldTag(
  tag: string,
  newer: string,
  document: Document,
  { client, log }: PushTools,
  put: Put,
): Promise<void> {
  const { digest } = document;
  if ((await client.readManifest(digest)) === undefined) await put(digest, document);
  log.warning(
    `tag ${tag} points to ${newer} now: something else has published it at the same time. This image can be pulled by its digest, ${digest}`,
  );
}

/** What the tag points to; undefined if it does not exist, or shows nothing that could be compared. */
async function readTag(tag: string, { client, log }: PushTools): Promise<Document | undefined> {
  try {
    return await client.readManifest(tag);
  } catch (error) {
    if (!(error instanceof VerificationError) && !(error instanceof UnexpectedAnswerError)) throw error;
    log.debug(`tag ${tag}: ${error.message}`);
    return undefined;
  }
}

/** Once is enough: the first answer may have come from something else than the registry, or the registry is slow. */
async function putAgain(tag: string, document: Document, found: string, tools: PushTools, put: Put): Promise<void> {
  tools.log.warning(`The registry accepted tag ${tag}, but ${found}. Publishing it again, and waiting for it`);
  try {
    await put(tag, document);
  } catch (error) {
    // It was accepted the first time, and a registry may refuse to store it again before it shows it.
    if (!mayBeThereAlready(error)) throw error;
    tools.log.debug(error.message);
  }
}
