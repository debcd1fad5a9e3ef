/** The descriptor in the jar of a Maven plugin, which has the prefix for `mvn PREFIX:GOAL`. */

import type { SourceFile } from '../../io/source-file.ts';
import { printable } from '../../toolkit/stdout.ts';
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
