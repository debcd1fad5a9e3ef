/** Compares what the server has with the package to publish. */

import type { Log } from '../../toolkit/log.ts';
import { printable } from '../../toolkit/stdout.ts';
import { otherContent } from '../report.ts';
import type { StoredPackage } from './client.ts';
import type { PlannedPackage } from './plan.ts';

/** Whether the server has it under the ID and the version of the plan. Octopus compares IDs without regard to case. */
export function isSameIdentity({ id, version }: StoredPackage, { identity }: PlannedPackage): boolean {
  const isSameVersion = version === undefined || plainVersion(version) === plainVersion(identity.version);
  return id.toLowerCase() === identity.id.toLowerCase() && isSameVersion;
}

/** A server may write a version in its own way: without zeros that mean nothing (NuGet's rule), or without the build's metadata. */
function plainVersion(version: string): string {
  const [numbers = '', ...pre] = version.toLowerCase().replace(/\+.*$/, '').split('-');
  const plain = numbers.split('.').map((number) => number.replace(/^0+(?=.)/, ''));
  while (plain.length > 1 && plain.at(-1) === '0') plain.pop();
  return [plain.join('.'), ...pre].join('-');
}

/** Whether it is the same package with the same content; undefined if the server does not say. */
export function isSameContent(stored: StoredPackage, planned: PlannedPackage): boolean | undefined {
  const { size, sha1 } = stored;
  if (!isSameIdentity(stored, planned)) return false;
  if (size !== undefined && size !== planned.source.size) return false;
  return sha1 === undefined ? undefined : sha1 === planned.sha1;
}

/** Whether it is the same content as far as the server says: without a hash, the same size is enough. False if it says nothing. */
export function seemsSame(stored: StoredPackage, planned: PlannedPackage): boolean {
  return isSameContent(stored, planned) ?? stored.size !== undefined;
}

/** Why the server keeps what it has, which is not known to be the same content. */
export function obstacleOf(stored: StoredPackage): string {
  if (stored.size !== undefined || stored.sha1 !== undefined) return `${otherContent()} (${describeContent(stored)})`;
  return 'it is there already and cannot be compared; left as it is';
}

/** Warns if the server gives no hash, so that its content could not be checked. */
export function warnWithoutHash(
  { size, sha1 }: StoredPackage,
  { fileName }: PlannedPackage,
  log: Pick<Log, 'warning'>,
): void {
  if (sha1 !== undefined) return;
  const compared = size === undefined ? 'nothing' : `only the size (${size} bytes)`;
  log.warning(`${printable(fileName)}: the server gives no hash of the package, so ${compared} could be compared`);
}

/** What a package is called on the server, for messages. */
export function describeIdentity({ id, version }: StoredPackage): string {
  return printable(version === undefined ? id : `${id} ${version}`);
}

/** What to do if the server reads another ID or version from the name of a package. */
export const otherIdentityAdvice =
  'Rename the package, so that its ID does not end in a number after a dot, and look at what the server has under the other name.';

/** What the server has, for messages. */
export function describeContent({ size, sha1 }: StoredPackage): string {
  const parts = [
    ...(size === undefined ? [] : [`${size} bytes`]),
    ...(sha1 === undefined ? [] : [`sha1 ${printable(sha1)}`]),
  ];
  return parts.length === 0 ? 'unknown content' : parts.join(' with ');
}
