/** Checks metadata written by a client against the repository, without using the pipe's own parser. */
import type { MavenPath } from './maven-layout.ts';
import type { MavenStore } from './maven-store.ts';

/** The problem with the metadata; undefined if it is correct. */
export function metadataProblem(xml: string, path: MavenPath, store: MavenStore): string | undefined {
  const { directory } = path;
  const version = one(xml, 'version', 2);
  const [artifactId, ...group] = (version === undefined ? directory : directory.slice(0, -1)).toReversed();
  if (!isWellFormed(xml)) return 'is not well-formed';
  const plugins = xml.split('    <plugin>\n').slice(1);
  const ofPlugins = pluginsProblem(plugins, directory, store);
  // The metadata of a group contains nothing else.
  if (ofPlugins !== undefined || (plugins.length > 0 && !xml.includes('<versioning>'))) return ofPlugins;
  if (one(xml, 'groupId', 2) !== group.toReversed().join('.')) return 'has another groupId';
  if (one(xml, 'artifactId', 2) !== artifactId) return 'has another artifactId';
  if (!/^\d{14}$/.test(one(xml, 'lastUpdated', 4) ?? '')) return 'has no lastUpdated';
  const stored = [...store.files.keys()];
  if (version !== undefined) {
    if (version !== directory.at(-1)) return 'has another version';
    const files = xml.split('<snapshotVersion>').slice(1);
    const missing = files
      .map((file) => {
        const classifier = one(file, 'classifier', 8);
        return `${artifactId}-${one(file, 'value', 8)}${classifier === undefined ? '' : `-${classifier}`}.${one(file, 'extension', 8)}`;
      })
      .filter((name) => !stored.includes(`${directory.join('/')}/${name}`));
    return missing.length > 0 || files.length === 0
      ? `names files that are not there: ${missing.join(', ')}`
      : undefined;
  }
  const versions = [...xml.matchAll(/^ {6}<version>([^<]*)<\/version>$/gm)].map(([, each = '']) => each);
  const missing = versions.filter(
    (each) =>
      !stored.some(
        (file) =>
          file.startsWith(`${directory.join('/')}/${each}/`) &&
          (each.endsWith('SNAPSHOT')
            ? file.endsWith('/maven-metadata.xml')
            : file.endsWith(`/${artifactId}-${each}.pom`)),
      ),
  );
  return missing.length > 0 || versions.length === 0
    ? `has versions that are not there: ${missing.join(', ')}`
    : undefined;
}

/** Each plugin of a group must have its own prefix, and must already exist with its metadata. */
function pluginsProblem(
  plugins: readonly string[],
  directory: readonly string[],
  store: MavenStore,
): string | undefined {
  const prefixes = plugins.map((plugin) => one(plugin, 'prefix', 6));
  if (prefixes.includes(undefined)) return 'has a plugin without a prefix';
  if (new Set(prefixes).size < prefixes.length) return 'has a prefix twice';
  const missing = plugins
    .map((plugin) => one(plugin, 'artifactId', 6) ?? '')
    .filter((artifactId) => !store.files.has([...directory, artifactId, 'maven-metadata.xml'].join('/')));
  return missing.length > 0 ? `has plugins that are not there: ${missing.join(', ')}` : undefined;
}

/** The text of the element, with the position and format that Maven writes. */
function one(xml: string, name: string, indent: number): string | undefined {
  return new RegExp(`^ {${indent}}<${name}>([^<]*)</${name}>$`, 'm').exec(xml)?.[1];
}

function isWellFormed(xml: string): boolean {
  const open: string[] = [];
  if (!xml.startsWith('<?xml version="1.0" encoding="UTF-8"?>\n<metadata') || !xml.endsWith('</metadata>\n'))
    return false;
  for (const [, slash, name = ''] of xml.matchAll(/<(\/?)([A-Za-z]+)[^>]*>/g)) {
    if (slash === '') open.push(name);
    else if (open.pop() !== name) return false;
  }
  return open.length === 0;
}
