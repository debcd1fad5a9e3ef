/** Compares a registry's versions with the packages to publish. */

import gte from 'semver/functions/gte.js';
import parse from 'semver/functions/parse.js';
import rcompare from 'semver/functions/rcompare.js';
import type { PublishedPackage, PublishedVersion } from './client.ts';
import type { PlannedPackage } from './plan.ts';

type Content = Pick<PlannedPackage, 'integrity' | 'shasum'>;

/** Whether it is the same tarball; undefined if the registry gives no hash to compare. */
export function isSameContent(published: PublishedVersion, { integrity, shasum }: Content): boolean | undefined {
  const sha512 = published.integrity?.split(/\s+/).filter((hash) => hash.startsWith('sha512-')) ?? [];
  // Subresource Integrity allows options after a question mark.
  if (sha512.length > 0) return sha512.some((hash) => hash.replace(/\?.*$/, '') === integrity);
  return published.shasum === undefined ? undefined : published.shasum.toLowerCase() === shasum;
}

/** The content's hash, for messages. */
export function describeContent({ integrity, shasum }: PublishedVersion): string {
  return integrity ?? (shasum === undefined ? 'unknown content' : `sha1 ${shasum}`);
}

/**
 * The highest published version that is neither a prerelease nor deprecated, if it is not lower than `version`: npm does
 * not move `latest` back unless asked to.
 */
export function higherVersion(published: PublishedPackage, version: string): string | undefined {
  const [highest] = [...published.versions]
    .filter(([other, { isDeprecated }]) => !isDeprecated && parse(other)?.prerelease.length === 0)
    .map(([other]) => other)
    .sort(rcompare);
  return highest !== undefined && gte(highest, version) ? highest : undefined;
}
