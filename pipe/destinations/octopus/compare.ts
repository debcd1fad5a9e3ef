/** Compares what the server has with the package to publish. */

import type { Log } from '../../toolkit/log.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { StoredPackage } from './client.ts';
import type { PlannedPackage } from './plan.ts';

/** Whether it is the same content; undefined if the server does not say. */
export function isSameContent({ size, sha1 }: StoredPackage, planned: PlannedPackage): boolean | undefined {
  if (size !== undefined && size !== planned.source.size) return false;
  return sha1 === undefined ? undefined : sha1 === planned.sha1;
}

/** Whether it is the same content as far as the server says: without a hash, the same size is enough. False if it says nothing. */
export function seemsSame(stored: StoredPackage, planned: PlannedPackage): boolean {
  return isSameContent(stored, planned) ?? stored.size !== undefined;
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

/** What the server has, for messages. */
export function describeContent({ size, sha1 }: StoredPackage): string {
  const parts = [
    ...(size === undefined ? [] : [`${size} bytes`]),
    ...(sha1 === undefined ? [] : [`sha1 ${printable(sha1)}`]),
  ];
  return parts.length === 0 ? 'unknown content' : parts.join(' with ');
}
