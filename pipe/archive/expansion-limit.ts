/** Limits what a package expands to: an archive that is made to exhaust its reader is refused. */

import { InputError } from '../errors.ts';
import { formatBytes } from '../toolkit/units.ts';

/** Real packages compress to about a tenth; an archive made to exhaust its reader, to a thousandth. */
const maxExpandedBytes = 10e9;
const maxRatio = 200;
const anyRatioBytes = 100e6;

/** The most bytes that a package of this size may expand to. @param size in bytes, compressed */
export function expansionLimit(size: number): number {
  return Math.min(maxExpandedBytes, Math.max(anyRatioBytes, size * maxRatio));
}

/** The error for a package that expands to more than that. @param name names it */
export function expandsTooFar(size: number, name: string): InputError {
  return new InputError(
    `${name} expands from ${formatBytes(size)} to more than ${formatBytes(expansionLimit(size))}, which no package does`,
  );
}

/** Yields the same bytes. @throws InputError beyond the limit */
export async function* limitExpansion(
  expanded: AsyncIterable<Uint8Array>,
  size: number,
  name: string,
): AsyncGenerator<Uint8Array> {
  const limit = expansionLimit(size);
  let length = 0;
  for await (const chunk of expanded) {
    length += chunk.length;
    if (length > limit) throw expandsTooFar(size, name);
    yield chunk;
  }
}
