/** Directories in repository layout, as `mvn deploy` and Gradle write them. */

import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { formatMetadata, type Metadata } from '../../../pipe/destinations/maven/metadata.ts';
import { descriptor, plainJar, pluginJar, type PomFields, pomText } from './artifacts.ts';

const name = 'maven-metadata.xml';

export type Files = Readonly<Record<string, Buffer | string>>;

/** The files with the checksums that Maven writes beside them. */
export function withChecksumFiles(files: Files): Files {
  const sums = Object.entries(files).flatMap(([path, content]) =>
    ['md5', 'sha1'].map((kind) => [`${path}.${kind}`, createHash(kind).update(content).digest('hex')] as const),
  );
  return { ...files, ...Object.fromEntries(sums) };
}

/** The files in a directory. */
export function inDirectory(directory: string, files: Files): Files {
  return Object.fromEntries(Object.entries(files).map(([path, content]) => [`${directory}/${path}`, content]));
}

interface Module extends PomFields {
  readonly groupId: string;
  readonly artifactId: string;
  readonly version: string;
}

/** A version of an artifact: its POM and files by what follows the version in their names. @param fileVersion of a SNAPSHOT's build */
export function staged(pom: Module, files: Files = {}, fileVersion = pom.version): Files {
  const { groupId, artifactId, version } = pom;
  const directory = `${groupId.replaceAll('.', '/')}/${artifactId}/${version}`;
  const named = Object.entries(files).map(([end, content]) => [`${artifactId}-${fileVersion}${end}`, content] as const);
  return inDirectory(directory, {
    [`${artifactId}-${fileVersion}.pom`]: pomText(pom),
    ...Object.fromEntries(named),
  });
}

const acme = { groupId: 'com.acme', version: '1.0' } as const;
export const parent = { ...acme, artifactId: 'parent', packaging: 'pom' } as const;
export const app = { ...acme, artifactId: 'app' } as const;
export const plugin = { ...acme, artifactId: 'acme-maven-plugin', packaging: 'maven-plugin' } as const;

/** A parent, an application with sources, a signature and Gradle's module file, and a plugin. */
export const modules: Files = {
  ...staged(parent),
  ...staged(app, { '.jar': plainJar(), '-sources.jar': plainJar('s'), '.jar.asc': 'signed', '.module': '{}' }),
  ...staged(plugin, { '.jar': pluginJar(descriptor({ ...plugin, goalPrefix: 'acme' }), plugin) }),
};

/** The modules as Maven leaves them: with checksums, and with metadata of its own. */
export const deployed: Files = inDirectory(
  'staging',
  withChecksumFiles({
    ...modules,
    ...Object.fromEntries([parent, app, plugin].map((pom) => [`com/acme/${pom.artifactId}/${name}`, listOf(pom)])),
    'com/acme/maven-metadata.xml': formatMetadata({ versions: [], snapshotFiles: [] }),
  }),
);

/** An artifact's metadata. */
export function listOf(
  { groupId, artifactId, version }: Module,
  versions: readonly string[] = [version],
  more: Partial<Metadata> = {},
): string {
  return formatMetadata({
    groupId,
    artifactId,
    versions,
    lastUpdated: '20260101000000',
    snapshotFiles: [],
    ...more,
  });
}

/** The kind of a file in the repository, in the order in which they must be sent. */
export function phaseOf(path: string): 'file' | 'pom' | 'metadata' {
  const file = basename(path);
  return file.startsWith(name) ? 'metadata' : /\.pom(?:\.(?:md5|sha\d+))?$/.test(file) ? 'pom' : 'file';
}
