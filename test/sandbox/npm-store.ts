/** The store of the sandbox's npm registry. */
import { createHash } from 'node:crypto';
import type { ContentStore, StoredContent } from './content-store.ts';
import type { NpmOptions } from './npm-options.ts';

export interface NpmVersion {
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly tarball: StoredContent;
  /** The document that published it, without the tarball; undefined if a test added it. */
  readonly document: unknown;
}

export interface NpmPackage {
  readonly name: string;
  readonly versions: Map<string, NpmVersion>;
  readonly tags: Map<string, string>;
  /** The number of further reads that do not show the latest version. */
  staleReads: number;
  /** Reads to come that show the dist-tags as they were before. */
  staleTagReads: number;
  previousTags: ReadonlyMap<string, string>;
}

export interface StagedVersion {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly tag: string;
  readonly createdAt: string;
  readonly published: NpmVersion;
  /** The number of further lists that do not show it. */
  staleReads: number;
}

export interface NpmContext {
  readonly options: NpmOptions;
  readonly workspace: string;
  readonly packages: Map<string, NpmPackage>;
  /** By their identifier. */
  readonly staged: Map<string, StagedVersion>;
  /** Undefined if any package may be published. */
  readonly created: Set<string> | undefined;
  readonly contents: ContentStore;
  readonly registryUrl: () => string;
}

export function publishVersion(
  { packages, options }: NpmContext,
  name: string,
  version: string,
  tag: string,
  published: NpmVersion,
): void {
  const found = packages.get(name) ?? {
    name,
    versions: new Map(),
    tags: new Map(),
    staleReads: 0,
    staleTagReads: 0,
    previousTags: new Map(),
  };
  found.previousTags = new Map(found.tags);
  found.versions.set(version, published);
  found.tags.set(tag, version);
  found.staleReads = published.document === undefined ? 0 : (options.staleReads ?? 0);
  found.staleTagReads = published.document === undefined ? 0 : (options.staleTagReads ?? 0);
  packages.set(name, found);
}

/** The tarball's address in this registry, which differs from the one in the document. */
export function tarballAddress(registryUrl: string, name: string, version: string): string {
  return `${registryUrl}${name}/-/${name.replace(/^@[^/]*\//, '')}-${version}.tgz`;
}

export function digestsOf(content: Buffer): { integrity: string; shasum: string } {
  const digest = (algorithm: string, encoding: 'hex' | 'base64'): string =>
    createHash(algorithm).update(content).digest(encoding);
  return { integrity: `sha512-${digest('sha512', 'base64')}`, shasum: digest('sha1', 'hex') };
}
