/** The archives that Java's tools make: a file with such a name has to be one that can be read. */

import { InputError } from '../../errors.ts';
import type { SourceFile } from '../../io/source-file.ts';
import { printable } from '../../toolkit/stdout.ts';
import { withZipMembers, ZipError, type ZipMember } from '../../archive/zip.ts';

const extension = /\.(?:jar|war|ear|rar|aar|zip|nbm|hpi|jpi|par|sar|har)$/i;

/** By its name. */
export function isJavaArchive({ path }: SourceFile): boolean {
  return extension.test(path);
}

/** `app-1.0` of `app-1.0.jar`. */
export function withoutExtension(name: string): string {
  return name.replace(extension, '');
}

/** As `withZipMembers`. @throws InputError where the archive cannot be read */
export async function withArchiveMembers<T>(
  file: SourceFile,
  isWanted: (path: string) => boolean,
  work: (members: readonly ZipMember[]) => Promise<T>,
): Promise<T> {
  try {
    return await withZipMembers(file, isWanted, work);
  } catch (error) {
    if (!(error instanceof ZipError)) throw error;
    throw new InputError(
      `${printable(file.path)} cannot be read as the ZIP archive that it should be: ${printable(error.message)}. Was it cut off?`,
      { cause: error },
    );
  }
}

/** @throws InputError where it should be an archive, and its directory, which stands at its end, cannot be read */
export async function checkJavaArchive(file: SourceFile): Promise<void> {
  if (isJavaArchive(file))
    await withArchiveMembers(
      file,
      () => false,
      () => Promise.resolve(),
    );
}
