/** Tells the images of a layout from what only refers to them: signatures, SBOMs and other artifacts with a `subject`. */

import { InputError } from '../../errors.ts';
import { isRecord, parseJson } from '../../io/json.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { Descriptor, PlatformImage } from '../image.ts';
import { isImageConfigType, isManifestType } from '../media-types.ts';
import type { Source } from '../sources/source.ts';
import { readBlob } from './documents.ts';
import { isReferrer, subjectOf } from './manifests.ts';
import type { ManifestReader } from './oci-manifest.ts';

/** An entry of index.json that is not an image. */
export interface Referrer {
  readonly descriptor: Descriptor;
  /** The digest of what it refers to, if it states one. */
  readonly subject: string | undefined;
}

/** The entry as a referrer; undefined if it is an image, or if that cannot be told. */
export async function asReferrer(source: Source, descriptor: Descriptor): Promise<Referrer | undefined> {
  const fields = await readFields(source, descriptor);
  const subject = subjectOf(fields);
  if (isReferrer(descriptor)) return { descriptor, subject };
  const config = fields['config'];
  const isImage = isRecord(config) && typeof config['mediaType'] === 'string' && isImageConfigType(config['mediaType']);
  return subject === undefined || isImage ? undefined : { descriptor, subject };
}

/** Empty if the manifest is missing or damaged: that matters only if it is the one to publish. */
async function readFields(source: Source, descriptor: Descriptor): Promise<Readonly<Record<string, unknown>>> {
  try {
    const document = await readBlob(source, descriptor, 'the manifest');
    const fields = document === undefined ? undefined : parseJson(document.bytes, 'it');
    return isRecord(fields) ? fields : {};
  } catch (error) {
    if (error instanceof InputError) return {};
    throw error;
  }
}

/** The referrers of an image, and a note about all others. */
export interface ReadReferrers {
  readonly referrers: readonly PlatformImage[];
  readonly notes: readonly string[];
}

/**
 * Reads what refers to the published manifests, and what refers to that, in this order.
 *
 * @param published digests
 * @throws InputError if one is damaged or incomplete
 */
export async function readReferrers(
  all: readonly Referrer[],
  published: ReadonlySet<string>,
  reader: ManifestReader,
): Promise<ReadReferrers> {
  const digests = new Set(published);
  const referrers: PlatformImage[] = [];
  let others = all;
  for (;;) {
    const next = others.filter(
      ({ descriptor, subject }) =>
        subject !== undefined && digests.has(subject) && isManifestType(descriptor.mediaType),
    );
    if (next.length === 0) break;
    for (const { descriptor } of next) {
      referrers.push(await reader.build(await reader.require(descriptor)));
      digests.add(descriptor.digest);
    }
    others = others.filter((each) => !next.includes(each));
  }
  if (others.length === 0) return { referrers, notes: [] };
  const list = others.map(({ descriptor, subject }) => {
    const type = descriptor['artifactType'];
    return `${descriptor.digest}${typeof type === 'string' ? ` (${printable(type)})` : ''} refers to ${printable(subject ?? 'an image by its name')}`;
  });
  return { referrers, notes: [`Left out what refers to anything that is not published: ${list.join(', ')}`] };
}
