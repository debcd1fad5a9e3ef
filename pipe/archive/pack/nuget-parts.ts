/**
 * What makes a ZIP archive a NuGet package: its manifest, the types of its parts, and how the manifest is found.
 *
 * @see https://learn.microsoft.com/nuget/reference/nuspec, and ECMA-376, part 2 (Open Packaging Conventions)
 */

import { extname } from 'node:path/posix';
import { bytesBody } from '../../io/body.ts';
import type { Tree } from '../../io/select-tree.ts';
import type { PackageIdentity } from './package-name.ts';
import type { FileEntry, PackedEntry } from './packed-entry.ts';

const declaration = '<?xml version="1.0" encoding="utf-8"?>\n';
const relationshipsType = 'application/vnd.openxmlformats-package.relationships+xml';
const anyType = 'application/octet';

/** What a NuGet package can hold of a tree: no empty directories, which have no place in it, and no files in place of its own parts. */
export function nugetTree(tree: Tree): Tree {
  return { ...tree, files: tree.files.filter(({ path }) => !isOwnPart(path)), emptyDirectories: [] };
}

function isOwnPart(path: string): boolean {
  return /^(?:\[Content_Types\]\.xml$|_rels\/|[^/]+\.nuspec$)/i.test(path);
}

/** The entries of a NuGet package. @param files those of a `nugetTree` */
export function nugetEntries(files: readonly PackedEntry[], { id, version }: PackageIdentity): readonly PackedEntry[] {
  const manifest = `${id}.nuspec`;
  const paths = [manifest, ...files.map(({ path }) => path)];
  return [
    part('_rels/.rels', relationships(manifest)),
    part(manifest, nuspec(id, version)),
    ...files.map((file) => ({ ...file, path: partName(file.path) })),
    part('[Content_Types].xml', contentTypes(paths)),
  ];
}

function part(path: string, text: string): FileEntry {
  return { kind: 'file', path, body: bytesBody(declaration + text), isExecutable: false };
}

function relationships(manifest: string): string {
  return `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
  <Relationship Type="http://schemas.microsoft.com/packaging/2010/07/manifest" Target="/${partName(manifest)}" Id="R1" />
</Relationships>
`;
}

/** With the elements that NuGet requires; what `octo pack` writes as the description is as little. */
function nuspec(id: string, version: string): string {
  return `<package xmlns="http://schemas.microsoft.com/packaging/2011/08/nuspec.xsd">
  <metadata>
    <id>${id}</id>
    <version>${version}</version>
    <authors>${id}</authors>
    <description>A deployment package created from files on disk.</description>
  </metadata>
</package>
`;
}

/** By extension, in any case; a part without one is named. */
function contentTypes(paths: readonly string[]): string {
  const extensions = new Set(paths.map((path) => extname(path).slice(1).toLowerCase()).filter((each) => each !== ''));
  extensions.delete('rels');
  const bare = paths.filter((path) => extname(path).length <= 1);
  return `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
${[
  `  <Default Extension="rels" ContentType="${relationshipsType}" />`,
  ...[...extensions].sort().map((each) => `  <Default Extension="${escaped(each)}" ContentType="${anyType}" />`),
  ...bare.map((path) => `  <Override PartName="/${escaped(partName(path))}" ContentType="${anyType}" />`),
].join('\n')}
</Types>
`;
}

/** The name of a part is a URI (ECMA-376, part 2, 9.1.1): NuGet escapes the same characters, and its readers unescape them. */
function partName(path: string): string {
  return path
    .split('/')
    .map((segment) =>
      encodeURIComponent(segment).replace(
        /[!'()*]/g,
        (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
      ),
    )
    .join('/');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
