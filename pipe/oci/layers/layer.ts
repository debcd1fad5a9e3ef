/** Creates layers from a source's entries, and checks their type and content. */

import { InputError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';
import { withDigestCheck } from './digest-check.ts';
import { digestOfPath } from '../descriptors.ts';
import { isForeignType, encodingOf } from '../media-types.ts';
import type { Descriptor, Layer, LayerEncoding } from '../image.ts';
import { isCompression, isUnsupportedCompression, listCompressions } from '../../compression/formats.ts';
import type { Content } from '../../archive/content.ts';
import type { Entry } from '../sources/source.ts';

/**
 * Creates a layer.
 *
 * @param diffId from the config; undefined if the layer is not part of a file system
 * @param where names the layer in messages
 * @throws InputError if it is not a layer, or if its size, type or known digest is wrong
 */
export async function createLayer(
  entry: Entry,
  diffId: string | undefined,
  descriptor: Descriptor | undefined,
  where: string,
): Promise<Layer> {
  if (descriptor !== undefined && descriptor.size !== entry.size)
    throw new InputError(`${where} has ${entry.size} bytes, but the manifest says ${descriptor.size}`);
  const declared = descriptor === undefined ? undefined : encodingOf(descriptor.mediaType);
  // Without a diff ID, it is not part of a file system.
  const encoding =
    declared === 'opaque' || diffId === undefined ? 'opaque' : packingOfContent(await entry.content(), where);
  if (declared !== undefined && encoding !== 'opaque' && encoding !== declared)
    throw new InputError(
      `${where} is ${describe(encoding)}, but the manifest says ${printable(descriptor?.mediaType ?? '')}`,
    );
  const expected = descriptor?.digest ?? (encoding === 'none' ? diffId : digestOfPath(entry.name));
  checkDigest(entry.measured, expected, where);
  const verify = async (actual: string): Promise<void> => await Promise.resolve(checkDigest(actual, expected, where));
  return {
    name: entry.name,
    where,
    length: entry.size,
    diffId: encoding === 'opaque' ? undefined : diffId,
    isUnpacked: entry.isUnpacked === true,
    encoding,
    ...(descriptor === undefined ? {} : { descriptor }),
    position: entry.position,
    isForeign: false,
    // If it is compressed, perhaps only the config has a digest of it: `withDiffIdCheck` compares that.
    open: () => (expected === undefined ? entry.open() : withDigestCheck(entry.open(), entry.size, verify)),
    ...(expected !== undefined && { openUnverified: () => ({ source: entry.read?.() ?? entry.open(), verify }) }),
  };
}

/** Creates a layer that is not in the source. @param where names it in messages */
export function createForeignLayer(descriptor: Descriptor, where: string): Layer {
  return {
    name: descriptor.digest,
    length: descriptor.size,
    diffId: undefined,
    encoding: 'opaque',
    descriptor,
    position: 0,
    isForeign: true,
    open() {
      throw new InputError(`${where} is not in the source: it must be fetched from the URLs in the manifest`);
    },
  };
}

/** Whether the layer must be fetched from elsewhere, such as Windows' base layers. */
export function isForeign({ mediaType, urls }: Descriptor): boolean {
  return isForeignType(mediaType) || (Array.isArray(urls) && urls.length > 0);
}

function checkDigest(actual: string | undefined, expected: string | undefined, where: string): void {
  if (actual === undefined || expected === undefined || actual === expected) return;
  throw new InputError(`${where} is damaged, or is a different layer: its digest is ${actual} instead of ${expected}`);
}

/** By the first bytes, as all readers decompress layers. */
function packingOfContent(content: Content, where: string): LayerEncoding {
  if (isCompression(content)) return content;
  if (content === 'tar' || content === 'empty') return 'none';
  throw new InputError(
    isUnsupportedCompression(content)
      ? `${where} is compressed with ${content}: only ${listCompressions('and', 'plain tar')} are supported`
      : `${where} is not a layer: it is not a tar archive, plain or compressed with ${listCompressions('or')}`,
  );
}

function describe(encoding: LayerEncoding): string {
  return encoding === 'none' ? 'a plain tar archive' : `compressed with ${encoding}`;
}
