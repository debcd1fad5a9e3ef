/** Checks a layer's bytes while they pass by, as far as it is known what they should be. */

import { InputError } from '../../errors.ts';
import { printable } from '../../toolkit/output.ts';
import { withDigestCheck } from '../digest-check.ts';
import type { TarMember } from '../tar/walk.ts';

/**
 * @param expected digest of the bytes, where it is known
 * @param candidates what it may be otherwise, where that is known
 * @returns passes bytes on; throws an InputError before their end where they are not the right ones
 */
export function createPassCheck(
  { name, size }: TarMember,
  expected: string | undefined,
  candidates: readonly string[] | undefined,
  image: string,
): (bytes: AsyncIterable<Uint8Array>, onDigest: (digest: string) => void) => AsyncIterable<Uint8Array> {
  const where = `${image}: ${printable(name)}`;
  return (bytes, onDigest) =>
    withDigestCheck(bytes, size, (actual) => {
      if (expected !== undefined && actual !== expected)
        throw new InputError(`${where} is damaged: its digest is ${actual} instead of ${expected}`);
      if (expected === undefined && candidates !== undefined && !candidates.includes(actual))
        throw new InputError(`${where} is damaged: its digest is ${actual}, which no layer of the image has`);
      onDigest(actual);
    });
}
