/** The list of a group's Maven plugins in `maven-metadata.xml`, by prefix, as Maven's PluginsMetadata merges it. */

import type { Metadata } from './metadata.ts';
import type { Plugin } from './plugin-descriptor.ts';
import { childText, type Element, leaf } from './xml.ts';

/** Adds a plugin: it replaces the one with the same prefix, or else comes last. All others stay. */
export function addPlugin(known: Metadata, plugin: Plugin): Metadata {
  const { name, prefix, artifactId } = plugin;
  const entry: Element = {
    name: 'plugin',
    text: '',
    children: [
      ...(name === undefined ? [] : [leaf('name', name)]),
      leaf('prefix', prefix),
      leaf('artifactId', artifactId),
    ],
  };
  const children = known.plugins?.children ?? [];
  const place = children.findIndex((child) => hasPrefix(child, prefix));
  const others = (part: readonly Element[]): readonly Element[] => part.filter((child) => !hasPrefix(child, prefix));
  return {
    ...known,
    plugins: {
      name: 'plugins',
      text: '',
      children:
        place === -1 ? [...children, entry] : [...children.slice(0, place), entry, ...others(children.slice(place))],
    },
  };
}

/** The artifactId that `mvn PREFIX:GOAL` resolves to; undefined if the prefix is not listed. */
export function artifactOfPrefix(known: Metadata, prefix: string): string | undefined {
  return childText(findEntry(known, prefix), 'artifactId');
}

/** Whether the plugin is listed with exactly these fields. */
export function hasPlugin(known: Metadata, { name, prefix, artifactId }: Plugin): boolean {
  const entry = findEntry(known, prefix);
  return childText(entry, 'artifactId') === artifactId && childText(entry, 'name') === name;
}

/** The first entry with the prefix: Maven uses that one, too. */
function findEntry(known: Metadata, prefix: string): Element | undefined {
  return known.plugins?.children.find((child) => hasPrefix(child, prefix));
}

function hasPrefix(child: Element, prefix: string): boolean {
  return child.name === 'plugin' && childText(child, 'prefix') === prefix;
}
