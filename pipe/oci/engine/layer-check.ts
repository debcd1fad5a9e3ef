/** Checks a layer's digest when its bytes have passed by, as far as it is known what it should be. */

import { InputError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { TarMember } from '../../archive/tar/walk.ts';

/**
 * @param expected digest of the bytes, where it is known
 * @param candidates what it may be otherwise, where that is known
 * @returns throws an InputError where it is a wrong one
 */
export function createPassCheck(
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
      throw new InputError(`${where} is damaged: its digest is ${actual}, which no layer of the image has`);
  };
}
