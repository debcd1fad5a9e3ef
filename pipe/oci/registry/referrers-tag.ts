/** The list of what refers to a manifest, in registries that do not keep it themselves. */

import { PipeError } from '../../errors.ts';
import { askUntil } from '../../http/read-back.ts';
import { isRecord, type JsonObject, parseJson } from '../../io/json.ts';
import { descriptorOf, documentOf } from '../descriptors.ts';
import { annotationsOf, parseIndex } from '../formats/manifests.ts';
import type { Descriptor, Document } from '../image.ts';
import { isIndexType, oci } from '../media-types.ts';
import type { PushTools } from './push-layer.ts';

/** How often a list is merged again because somebody else has replaced it. */
const maxMerges = 5;

/**
 * Adds a manifest to the list of its subject's referrers: an index under the tag `sha256-<hex>` of the subject. Nobody can
 * lock a tag: the list is read back, and merged again if it is somebody else's.
 *
 * @throws HttpError if the registry refuses; PipeError if the list cannot be read or is not an index
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests-with-subject
 */
export async function listReferrer(
  referrer: Document,
  subject: string,
  { client, patience }: Pick<PushTools, 'client' | 'patience'>,
): Promise<void> {
  const tag = subject.replace(':', '-');
  for (let merges = 0; merges < maxMerges; merges++) {
    const held = await client.readManifest(tag);
    if (held === undefined && !(await client.lacksManifest(tag))) throw new PipeError(`tag ${tag} cannot be read`);
    const manifests = held === undefined ? [] : entriesOf(tag, held);
    if (manifests.some(({ digest }) => digest === referrer.digest)) return;
    const entries = [...manifests, describeReferrer(referrer)];
    const made = documentOf({ schemaVersion: 2, mediaType: oci.index, manifests: entries });
    await client.putManifest(tag, made);
    // The former list may still be visible for a while.
    const isSettled = (after: Document | undefined): boolean => after !== undefined && after.digest !== held?.digest;
    const after = await askUntil(async () => await client.readManifest(tag), isSettled, patience);
    if (after === undefined || after.digest === held?.digest || after.digest === made.digest) return;
  }
  throw new PipeError(`tag ${tag} is written by others all the time`);
}

function entriesOf(tag: string, { mediaType, bytes }: Document): readonly Descriptor[] {
  if (!isIndexType(mediaType)) throw new PipeError(`tag ${tag} is not an index`);
  return parseIndex(bytes, mediaType, `tag ${tag}`).manifests;
}

/** With the artifact's type and annotations, as the specification asks. */
function describeReferrer(document: Document): Descriptor {
  const fields = fieldsOf(document.bytes, document.digest);
  const config = fields['config'];
  const artifactType = fields['artifactType'] ?? (isRecord(config) ? config['mediaType'] : undefined);
  const annotations = annotationsOf(fields);
  return {
    ...descriptorOf(document),
    ...(artifactType !== undefined && { artifactType }),
    ...(Object.keys(annotations).length > 0 && { annotations }),
  };
}

/** The fields of a manifest. @throws InputError if it is not JSON */
export function fieldsOf(bytes: Uint8Array, digest: string): JsonObject {
  const fields = parseJson(bytes, `the manifest ${digest}`);
  return isRecord(fields) ? fields : {};
}
