/** Makes layers of a source's entries: what they are, and that their bytes are the right ones. */

import { InputError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';
import { withDecompressedDigestCheck } from './diff-id-check.ts';
import { withDigestCheck } from './digest-check.ts';
import { digestOfPath } from '../descriptors.ts';
import { isForeignType, packingOf } from '../media-types.ts';
import type { Descriptor, Layer, Packing } from '../image.ts';
import { isCompression, isUnsupportedCompression, listCompressions } from '../../compression/formats.ts';
import type { Content } from '../../archive/content.ts';
import type { Entry } from '../sources/source.ts';

/** @param where names the layer in messages. @throws InputError where it is none, or not of its media type */
export async function createLayer(
  entry: Entry,
  diffId: string | undefined,
  descriptor: Descriptor | undefined,
  where: string,
): Promise<Layer> {
  if (descriptor !== undefined && descriptor.size !== entry.size)
    throw new InputError(`${where} has ${entry.size} bytes, and the manifest says ${descriptor.size}`);
  const declared = descriptor === undefined ? undefined : packingOf(descriptor.mediaType);
  // Without a diff ID it belongs to no file system.
  const packing =
    declared === 'opaque' || diffId === undefined ? 'opaque' : packingOfContent(await entry.content(), where);
  if (declared !== undefined && packing !== 'opaque' && packing !== declared)
    throw new InputError(
      `${where} is ${describe(packing)}, and the manifest says ${printable(descriptor?.mediaType ?? '')}`,
    );
  const expected = descriptor?.digest ?? (packing === 'none' ? diffId : digestOfPath(entry.name));
  checkMeasured(entry.measured, expected, where);
  const verify = async (actual: string): Promise<void> => await Promise.resolve(checkMeasured(actual, expected, where));
  return {
    name: entry.name,
    length: entry.size,
    diffId: packing === 'opaque' ? undefined : diffId,
    packing,
    ...(descriptor === undefined ? {} : { descriptor }),
    position: entry.position,
    isForeign: false,
    open() {
      if (expected !== undefined) return withDigestCheck(entry.open(), entry.size, verify);
      // Nothing but the config tells whether these are the right bytes.
      return diffId !== undefined && isCompression(packing)
        ? withDecompressedDigestCheck(entry.open(), entry.size, packing, diffId, where)
        : entry.open();
    },
    ...(expected !== undefined && { openUnverified: () => ({ source: entry.read?.() ?? entry.open(), verify }) }),
  };
}

/** A layer whose bytes are elsewhere. */
export function createForeignLayer(descriptor: Descriptor, where: string): Layer {
  return {
    name: descriptor.digest,
    length: descriptor.size,
    diffId: undefined,
    packing: 'opaque',
    descriptor,
    position: 0,
    isForeign: true,
    open() {
      throw new InputError(`${where} is not in the source: it is to be fetched from the addresses in the manifest`);
    },
  };
}

export function isForeign({ mediaType, urls }: Descriptor): boolean {
  return isForeignType(mediaType) || (Array.isArray(urls) && urls.length > 0);
}

function checkMeasured(actual: string | undefined, expected: string | undefined, where: string): void {
  if (actual === undefined || expected === undefined || actual === expected) return;
  throw new InputError(
    `${where} is damaged, or not the layer that belongs there: its digest is ${actual} instead of ${expected}`,
  );
}

/** As layers are decompressed everywhere: by their first bytes. */
function packingOfContent(content: Content, where: string): Packing {
  if (isCompression(content)) return content;
  if (content === 'tar' || content === 'empty') return 'none';
  throw new InputError(
    isUnsupportedCompression(content)
      ? `${where} is compressed with ${content}: only ${listCompressions('and', 'plain tar')} are supported`
      : `${where} is not a layer: it is neither a tar archive, nor one compressed with ${listCompressions('or')}`,
  );
}

function describe(packing: Packing): string {
  return packing === 'none' ? 'a plain tar archive' : `compressed with ${packing}`;
}
