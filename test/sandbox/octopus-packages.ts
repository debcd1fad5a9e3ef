/** The packages of the sandbox's Octopus server: how they are named, stored and described. */
import { createHash } from 'node:crypto';
import type { StoredContent } from './content-store.ts';
import type { Hidden } from './octopus-options.ts';

export interface OctopusPackage {
  readonly id: string;
  readonly version: string;
  readonly extension: string;
  readonly content: StoredContent;
  readonly sha1: string;
  /** What was received to make it: less than its size if it was a delta. */
  readonly receivedBytes: number;
  /** It has taken the place of another, whose signature a client may still have. */
  readonly replaces?: boolean;
}

export interface OctopusSpace {
  readonly id: string;
  readonly name: string;
  /** By `ID.VERSION` in lower case. */
  readonly packages: Map<string, OctopusPackage>;
  /** By the same, `OctopusBuildInformation`. */
  readonly buildInformation: Map<string, unknown>;
}

export interface PackageName {
  readonly id: string;
  readonly version: string;
  readonly extension: string;
}

/** The grammar of Octopus's clients (`PackageIdentityParser` and the like), as their documents give it. */
export function parseName(fileName: string): PackageName | undefined {
  const [, base = '', extension = ''] = /^(.*?)(\.tar\.gz|\.tar\.bz2|\.[^.]+)$/i.exec(fileName) ?? [];
  const [, id, , version] =
    /^(\w+([.-]\w+)*?)\.(\d+(\.\d+){0,3}(-[\dA-Za-z-]+(\.[\dA-Za-z-]+)*)?(\+[\dA-Za-z-]+(\.[\dA-Za-z-]+)*)?)$/.exec(
      base,
    ) ?? [];
  if (id === undefined || version === undefined || id.length > 100) return undefined;
  return /^\.(?:zip|nupkg|tar|tar\.gz|tgz|tar\.bz2|jar|war|ear)$/i.test(extension)
    ? { id, version, extension }
    : undefined;
}

export function keyOf(id: string, version: string): string {
  return `${id}.${version}`.toLowerCase();
}

/** @param receivedSha1 counts if content is discarded */
export async function storedPackage(
  { id, version, extension }: PackageName,
  content: StoredContent,
  receivedBytes: number,
  receivedSha1 = '',
): Promise<OctopusPackage> {
  const hash = createHash('sha1');
  if (content.kept) for await (const chunk of content.stream()) hash.update(chunk);
  const sha1 = content.kept ? hash.digest('hex') : receivedSha1;
  return { id, version, extension, content, sha1, receivedBytes };
}

export function describePackage(space: OctopusSpace, stored: OctopusPackage, hidden: Hidden | undefined): unknown {
  const { id, version, extension, content, sha1 } = stored;
  const self = `/api/${space.id}/packages/packages-${id}.${version}`;
  return {
    Id: `packages-${id}.${version}`,
    PackageId: id,
    Version: version,
    FileExtension: extension,
    ...(hidden !== 'size and hash' && { PackageSizeBytes: content.size }),
    ...(hidden === undefined && { Hash: sha1 }),
    FeedId: 'feeds-builtin',
    Title: id,
    Published: '2026-11-27T12:00:00.000+00:00',
    Links: { Self: self, Raw: `${self}/raw` },
  };
}
