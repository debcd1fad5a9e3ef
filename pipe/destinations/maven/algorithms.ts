/** The names of the checksums that a Maven repository keeps beside each file. */

/** In the order of publication. Not every repository accepts `.sha256` and `.sha512`. */
export const algorithms = ['md5', 'sha1', 'sha256', 'sha512'] as const;
export type Algorithm = (typeof algorithms)[number];

/** Whether a file with this extension is a checksum file. */
export function isChecksumExtension(extension: string): boolean {
  return algorithms.some((algorithm) => extension === algorithm || extension.endsWith(`.${algorithm}`));
}
