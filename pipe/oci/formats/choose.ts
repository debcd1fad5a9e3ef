/** Chooses among several images, or says what there is to choose from. */

import { InputError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { Platform } from '../image.ts';
import { isNamed } from './names.ts';
import { formatPlatform, isMatchingPlatform, isSamePlatform } from '../platforms.ts';

/** One is taken whatever its name. @throws InputError where it is not clear which one is meant */
export function chooseByName<T extends { readonly names: readonly string[] }>(
  images: readonly T[],
  reference: string | undefined,
  where: string,
): T {
  const [first, ...others] = images;
  if (first === undefined) throw new InputError(`${where} lists no image`);
  if (others.length === 0) return first;
  const matching = reference === undefined ? [] : images.filter(({ names }) => isNamed(names, reference));
  const [chosen, ...more] = matching;
  if (chosen !== undefined && more.length === 0) return chosen;
  const list = images.map(({ names }) => names.map(printable).join(' = ') || 'one without a name').join(', ');
  const none =
    reference === undefined
      ? 'name the one that is meant'
      : `${more.length > 0 ? 'several' : 'none'} of them named ${printable(reference)}`;
  throw new InputError(`${where} holds ${images.length} images, ${none}: ${list}`);
}

/** @throws InputError where none, or more than one, is of the platform */
export function chooseByPlatform<T extends { readonly platform: Platform | undefined }>(
  images: readonly T[],
  wanted: Platform,
  where: string,
): T {
  const there = images.flatMap((image) => (image.platform === undefined ? [] : [{ image, platform: image.platform }]));
  const matching = there.filter(({ platform }) => isMatchingPlatform(wanted, platform));
  const exact = matching.filter(({ platform }) => isSamePlatform(wanted, platform));
  const [chosen, ...more] = exact.length > 0 ? exact : matching;
  if (chosen !== undefined && more.length === 0) return chosen.image;
  const list = (chosen === undefined ? there : [chosen, ...more]).map(({ platform }) => formatPlatform(platform));
  const what = chosen === undefined ? 'no image' : `${more.length + 1} images`;
  throw new InputError(
    `${where} holds ${what} for ${formatPlatform(wanted)}: there is ${list.join(', ') || 'none at all'}`,
  );
}
