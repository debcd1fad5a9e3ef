/** The archives that Java's tools make: a file with such a name must be a readable ZIP archive. */

import { InputError } from '../../errors.ts';
import type { SourceFile } from '../../io/source-file.ts';
import { printable } from '../../toolkit/stdout.ts';
import { withZipMembers, ZipError, type ZipMember } from '../../archive/zip.ts';

const extension = /\.(?:jar|war|ear|rar|aar|zip|nbm|hpi|jpi|par|sar|har)$/i;

/** Whether its name is that of a Java archive. */
export function isJavaArchive({ path }: SourceFile): boolean {
  return extension.test(path);
}

/** The name of an archive without its extension: `app-1.0` for `app-1.0.jar`. */
export function withoutExtension(name: string): string {
  return name.replace(extension, '');
}

/** As `withZipMembers`. @throws InputError if the archive cannot be read */
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
      `${printable(file.path)} cannot be read as a ZIP archive (${printable(error.message.replace(/\.$/, ''))}). Is it truncated?`,
      { cause: error },
    );
  }
}

/** Reads the directory at the end of a Java archive. @throws InputError if that fails */
export async function checkJavaArchive(file: SourceFile): Promise<void> {
  if (isJavaArchive(file))
    await withArchiveMembers(
      file,
      () => false,
      () => Promise.resolve(),
    );
}
