/**
 * Finds what an archive holds that Windows cannot unpack.
 *
 * @see https://learn.microsoft.com/windows/win32/fileio/naming-a-file
 */

import { printable } from '../../toolkit/stdout.ts';

/** Devices have these names in every directory, with any extension. */
const device = /^(?:CON|PRN|AUX|NUL|COM[\d\u00b9\u00b2\u00b3]|LPT[\d\u00b9\u00b2\u00b3])[ .]*(?:\.|$)/i;
const character = /[<>:"\\|?*\u0000-\u001F]/;

/** So many names are listed one by one. */
const maxListed = 3;

/** The paths in an archive. */
interface PackedPaths {
  readonly files: readonly { readonly path: string }[];
  readonly emptyDirectories: readonly string[];
}

/** A warning for names that Windows does not have, and one for names that are the same there. @param archive its name */
export function windowsWarnings({ files, emptyDirectories }: PackedPaths, archive: string): readonly string[] {
  const paths = [...files.map(({ path }) => path), ...emptyDirectories];
  const impossible = paths.filter((path) => path.split('/').some((name) => !isPossible(name)));
  const groups = Map.groupBy(paths, (path) => path.toUpperCase());
  const same = [...groups.values()].filter(({ length }) => length > 1).flat();
  const shown = printable(archive);
  return [
    ...(impossible.length === 0
      ? []
      : [
          `${shown} cannot be unpacked on Windows, which does not allow the names ${listed(impossible)}: rename these files, or exclude them`,
        ]),
    ...(same.length === 0
      ? []
      : [
          `${shown} cannot be unpacked whole on Windows, where names that differ only in case are one file: ${listed(same)}: rename all but one, or exclude them`,
        ]),
  ];
}

function isPossible(name: string): boolean {
  return !device.test(name) && !character.test(name) && !/[ .]$/.test(name);
}

function listed(paths: readonly string[]): string {
  const rest = paths.length - maxListed;
  return [...paths.slice(0, maxListed).map(printable), ...(rest > 0 ? [`and ${rest} more`] : [])].join(', ');
}
