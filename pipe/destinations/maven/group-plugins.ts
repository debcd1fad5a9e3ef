/** The list of a group's Maven plugins in `maven-metadata.xml`, by prefix, as Maven's PluginsMetadata merges it. */

import type { Metadata } from './metadata.ts';
import type { Plugin } from './plugin-descriptor.ts';
import { childText, type Element, leaf } from './xml.ts';

/** The plugin takes the place of one with its prefix, or comes last; all others stay. */
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
  const place = children.findIndex((child) => isOfPrefix(child, prefix));
  const others = (part: readonly Element[]): readonly Element[] => part.filter((child) => !isOfPrefix(child, prefix));
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

/** The artifactId that `mvn PREFIX:GOAL` leads to. */
export function artifactOfPrefix(known: Metadata, prefix: string): string | undefined {
  return childText(findEntry(known, prefix), 'artifactId');
}

export function hasPlugin(known: Metadata, { name, prefix, artifactId }: Plugin): boolean {
  const entry = findEntry(known, prefix);
  return childText(entry, 'artifactId') === artifactId && childText(entry, 'name') === name;
}

/** The first one counts, for Maven too. */
function findEntry(known: Metadata, prefix: string): Element | undefined {
  return known.plugins?.children.find((child) => isOfPrefix(child, prefix));
}

function isOfPrefix(child: Element, prefix: string): boolean {
  return child.name === 'plugin' && childText(child, 'prefix') === prefix;
}
