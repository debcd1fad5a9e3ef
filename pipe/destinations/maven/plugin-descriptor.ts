/** The descriptor in the jar of a Maven plugin, which has the prefix for `mvn PREFIX:GOAL`. */

import type { SourceFile } from '../../io/source-file.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { FileKind } from './coordinates.ts';
import { withArchiveMembers } from './java-archive.ts';
import type { Pom } from './pom.ts';
import { childText, maxXmlBytes, parseElement, XmlError } from './xml.ts';

/** A plugin as the metadata of its group lists it. */
export interface Plugin {
  readonly name: string | undefined;
  readonly prefix: string;
  readonly artifactId: string;
}

const path = 'META-INF/maven/plugin.xml';

/**
 * Reads the plugin descriptor of a jar. As in Maven 3.9 (PluginsMetadataGenerator), any jar with its own descriptor is a
 * plugin, whatever its packaging, and a plugin without a descriptor is still published.
 *
 * @returns the plugin, or the reason why the jar is not listed as one
 * @throws InputError if the archive cannot be read
 */
export async function findPlugin(jar: SourceFile, pom: Pom): Promise<Plugin | { readonly problem: string }> {
  const bytes = await withArchiveMembers(
    jar,
    (each) => each === path,
    // If there are two, Java reads the last one.
    async (members) => await members.at(-1)?.read(maxXmlBytes),
  );
  if (bytes === undefined) return { problem: `it has no ${path}` };
  return readDescriptor(bytes, pom);
}

function readDescriptor(bytes: Uint8Array, { groupId, artifactId }: Pom): Plugin | { readonly problem: string } {
  try {
    const root = parseElement(bytes);
    const found = [childText(root, 'groupId') ?? '', childText(root, 'artifactId') ?? ''].join(':');
    // Most likely shaded into it.
    if (found !== `${groupId}:${artifactId}`) return { problem: `its ${path} belongs to ${printable(found)}` };
    const prefix = childText(root, 'goalPrefix');
    // Maven before 3.9 cannot read an entry without a prefix.
    if (prefix === undefined) return { problem: `its ${path} has no goalPrefix` };
    return { name: childText(root, 'name'), prefix, artifactId };
  } catch (error) {
    if (error instanceof XmlError) return { problem: `its ${path} cannot be read: ${error.message}` };
    throw error;
  }
}

/** The plugin to list if the file is one, and a warning if it is one that cannot be listed. @throws InputError as `findPlugin` */
export async function pluginOf(
  file: SourceFile,
  pom: Pom,
  { classifier, extension }: FileKind,
): Promise<{ readonly plugin?: Plugin; readonly warnings: readonly string[] }> {
  if (extension !== 'jar' || classifier !== undefined) return { warnings: [] };
  const plugin = await findPlugin(file, pom);
  if (!('problem' in plugin)) return { plugin, warnings: [] };
  if (pom.packaging !== 'maven-plugin') return { warnings: [] };
  const warning = `${printable(file.path)} is published as a Maven plugin without a prefix, so \`mvn PREFIX:GOAL\` will not find it: ${plugin.problem}`;
  return { warnings: [warning] };
}
