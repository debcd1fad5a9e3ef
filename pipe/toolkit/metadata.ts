/** Reads a pipe's own metadata from its pipe.yml, and checks whether a newer version is published. */

import { readFile } from 'node:fs/promises';

export interface PipeMetadata {
  /** The tag of `image`, such as `1.2.3`. */
  readonly version: string;
  /** `workspace/repository` of the pipe, as users write it after `pipe:`. */
  readonly repositoryPath: string;
  /** The URL of the pipe's repository, without a trailing slash. */
  readonly repositoryUrl: string;
}

/** Reads the first complete pipe.yml of `paths`; undefined if there is none. */
export async function readMetadata(paths: readonly string[]): Promise<PipeMetadata | undefined> {
  for (const path of paths) {
    // The pipe also works without metadata.
    const metadata = parseMetadata(await readFile(path, 'utf8').catch(() => ''));
    if (metadata !== undefined) return metadata;
  }
  return undefined;
}

const imageLine = /^image: +(["']?)[^\s"']*:([^\s"':/]+)\1\s*$/m;
const repositoryLine = /^repository: +(["']?)(https?:\/\/[^\s"'/]+\/([^\s"'/]+\/[^\s"'/]+))\/?\1\s*$/m;

/**
 * The metadata in a pipe.yml; undefined if `image` has no tag or `repository` has no path. Only these two lines are read:
 * loading a parser of YAML takes 3 ms of every run.
 */
export function parseMetadata(yaml: string): PipeMetadata | undefined {
  const version = imageLine.exec(yaml)?.[2];
  const [, , repositoryUrl, repositoryPath] = repositoryLine.exec(yaml) ?? [];
  if (version === undefined || repositoryUrl === undefined || repositoryPath === undefined) return undefined;
  return { version, repositoryPath, repositoryUrl };
}

/** The page with the notes of all releases up to this version, as it was tagged. */
export function releaseNotesUrl({ repositoryUrl }: PipeMetadata, version: string): string {
  return `${repositoryUrl}/src/${version}/CHANGELOG.md`;
}

/**
 * The latest tags of the pipe's repository. Atlassian's own list has only the pipes that it has accepted.
 *
 * @see https://developer.atlassian.com/cloud/bitbucket/rest/api-group-refs/
 */
export function tagsUrl({ repositoryPath }: PipeMetadata): string {
  return `https://api.bitbucket.org/2.0/repositories/${repositoryPath}/refs/tags?sort=-target.date&pagelen=100&fields=values.name`;
}

/**
 * The newest version that the pipe's repository has a tag for, if it is newer than this one.
 * Never throws: a version check must not break an upload.
 */
export async function findNewerVersion(
  metadata: PipeMetadata,
  fetchJson: (url: string) => Promise<unknown>,
  listUrl: string = tagsUrl(metadata),
): Promise<string | undefined> {
  try {
    const { values } = (await fetchJson(listUrl)) as { readonly values: readonly ({ name?: unknown } | null)[] };
    const names = values.flatMap((tag) => (typeof tag?.name === 'string' ? [tag.name] : []));
    const newest = names.reduce((known, name) => (isNewer(name, known) ? name : known), metadata.version);
    return newest === metadata.version ? undefined : newest;
  } catch {
    return undefined;
  }
}

/** Compares versions `X.Y.Z` numerically; a version of any other form is never newer. */
export function isNewer(candidate: string, current: string): boolean {
  const pattern = /^(\d+)\.(\d+)\.(\d+)$/;
  const [theirs, ours] = [pattern.exec(candidate), pattern.exec(current)];
  if (theirs === null || ours === null) return false;
  for (const index of [1, 2, 3]) {
    const difference = Number(theirs[index]) - Number(ours[index]);
    if (difference !== 0) return difference > 0;
  }
  return false;
}
