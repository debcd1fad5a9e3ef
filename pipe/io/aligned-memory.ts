/** Memory that the kernel copies a file's bytes to quickly. */

/**
 * How far from its beginning to put what is to be read. Large blocks of glibc's begin 16 bytes into a page, those of
 * V8's shared memory at its boundary, and on some processors (AMD Zen 3) the kernel copies to either four to five times
 * slower than to here: 404 to 80 ms for 1 GiB.
 */
export const alignmentBytes = 64;

/** A buffer of one's own. */
export function allocateAligned(bytes: number): Buffer {
  return Buffer.allocUnsafeSlow(bytes + alignmentBytes).subarray(alignmentBytes);
}
