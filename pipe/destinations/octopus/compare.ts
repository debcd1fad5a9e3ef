/** Compares what the server has with the package to publish. */

import { printable } from '../../toolkit/stdout.ts';
import type { StoredPackage } from './client.ts';
import type { PlannedPackage } from './plan.ts';

/** Whether it is the same content; undefined if the server does not say. */
export function isSameContent({ size, sha1 }: StoredPackage, planned: PlannedPackage): boolean | undefined {
  if (size !== undefined && size !== planned.source.size) return false;
  return sha1 === undefined ? undefined : sha1 === planned.sha1;
}

/** What the server has, for messages. */
export function describeContent({ size, sha1 }: StoredPackage): string {
  const parts = [
    ...(size === undefined ? [] : [`${size} bytes`]),
    ...(sha1 === undefined ? [] : [`sha1 ${printable(sha1)}`]),
  ];
  return parts.length === 0 ? 'unknown content' : parts.join(' with ');
}
