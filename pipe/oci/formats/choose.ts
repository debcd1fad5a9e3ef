/** Chooses among several images, or lists them in an error. */

import { InputError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { Platform } from '../image.ts';
import { hasLastPartOf, isNamed } from './names.ts';
import { formatPlatform, isMatchingPlatform, isSamePlatform } from '../platforms.ts';

/**
 * The image of this name, or the only one whatever its name. If no image has the name, one whose last part and tag match,
 * since images are often built under another name than they are published under.
 *
 * @throws InputError if not exactly one matches
 */
export function chooseByName<T extends { readonly names: readonly string[] }>(
  images: readonly T[],
  reference: string | undefined,
  where: string,
): T {
  const [first, ...others] = images;
  if (first === undefined) throw new InputError(`${where} lists no images`);
  if (others.length === 0) return first;
  const matching = reference === undefined ? [] : images.filter(({ names }) => isNamed(names, reference));
  const [chosen, ...more] = matching;
  if (chosen !== undefined && more.length === 0) return chosen;
  const alike =
    reference === undefined || chosen !== undefined
      ? []
      : images.filter(({ names }) => hasLastPartOf(names, reference));
  if (alike.length === 1 && alike[0] !== undefined) return alike[0];
  const list = images.map(({ names }) => names.map(printable).join(' = ') || 'an unnamed one').join(', ');
  const problem =
    reference === undefined
      ? 'name one of them'
      : `${more.length > 0 ? 'several' : 'none'} of them named ${printable(reference)}`;
  throw new InputError(`${where} contains ${images.length} images, ${problem}: ${list}`);
}

/** The image for this platform. @throws InputError if not exactly one matches */
export function chooseByPlatform<T extends { readonly platform: Platform | undefined }>(
  images: readonly T[],
  wanted: Platform,
  where: string,
): T {
  const available = images.flatMap((image) =>
    image.platform === undefined ? [] : [{ image, platform: image.platform }],
  );
  const matching = available.filter(({ platform }) => isMatchingPlatform(wanted, platform));
  const exact = matching.filter(({ platform }) => isSamePlatform(wanted, platform));
  const [chosen, ...more] = exact.length > 0 ? exact : matching;
  if (chosen !== undefined && more.length === 0) return chosen.image;
  const list = (chosen === undefined ? available : [chosen, ...more]).map(({ platform }) => formatPlatform(platform));
  const what = chosen === undefined ? 'no image' : `${more.length + 1} images`;
  throw new InputError(
    `${where} contains ${what} for ${formatPlatform(wanted)}; available: ${list.join(', ') || 'none'}`,
  );
}
