/** Reads the ID and the version from a package's file name, as Octopus Deploy and NuGet do. */

/** The ID and the version of a package. */
export interface PackageIdentity {
  readonly id: string;
  readonly version: string;
}

/*
 * name    = id "." version
 * id      = word *( ( "." / "-" ) word )            ; a word has letters, digits and underscores
 * version = digits *3( "." digits ) [ "-" labels ] [ "+" labels ]
 * labels  = label *( "." label )
 * The version begins at the first dot after which all the rest is one: pterm-0.12.42 is version 12.42 of pterm-0.
 */
const id = String.raw`\w+(?:[.-]\w+)*?`;
const labels = String.raw`[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*`;
const version = String.raw`\d+(?:\.\d+){0,3}(?:-${labels})?(?:\+${labels})?`;
const namePattern = new RegExp(`^(${id})\\.(${version})$`);
const idPattern = new RegExp(`^${id}$`);
const versionPattern = new RegExp(`^${version}$`);
const endings = /(?:\.tar\.(?:gz|bz2|xz)|\.[^.]+)$/i;

/** NuGet's limit for an ID. Octopus answers 400 to longer ones. */
export const maxIdCharacters = 100;

/** The ID and the version in `ID.VERSION.EXTENSION`; undefined if the name is of another form. */
export function parsePackageName(fileName: string): PackageIdentity | undefined {
  const found = splitName(fileName);
  return found === undefined || found.id.length > maxIdCharacters ? undefined : found;
}

/** Whether the name would be that of a package, but its ID is longer than is allowed. */
export function isIdTooLong(fileName: string): boolean {
  return (splitName(fileName)?.id.length ?? 0) > maxIdCharacters;
}

function splitName(fileName: string): PackageIdentity | undefined {
  const [, foundId, foundVersion] = namePattern.exec(fileName.replace(endings, '')) ?? [];
  return foundId === undefined || foundVersion === undefined ? undefined : { id: foundId, version: foundVersion };
}

/** Whether it can be the ID of a package. */
export function isPackageId(text: string): boolean {
  return text.length <= maxIdCharacters && idPattern.test(text);
}

/** Whether it can be the version of a package: up to four numbers, a prerelease and metadata. */
export function isPackageVersion(text: string): boolean {
  return versionPattern.test(text);
}
