/** Checks the digest of a layer in an export. */

import { InputError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { TarMember } from '../../archive/tar/walk.ts';

/**
 * Creates the check of one layer.
 *
 * @param expected digest of the bytes, if known
 * @param candidates the possible digests, if known
 * @returns a function that throws an InputError if the digest is wrong
 */
export function createLayerCheck(
  { name }: TarMember,
  expected: string | undefined,
  candidates: readonly string[] | undefined,
  image: string,
): (digest: string) => void {
  const where = `${image}: ${printable(name)}`;
  return (actual) => {
    if (expected !== undefined && actual !== expected)
      throw new InputError(`${where} is damaged: its digest is ${actual} instead of ${expected}`);
    if (expected === undefined && candidates !== undefined && !candidates.includes(actual))
      throw new InputError(`${where} is damaged: its digest is ${actual}, which matches no layer of the image`);
  };
}
