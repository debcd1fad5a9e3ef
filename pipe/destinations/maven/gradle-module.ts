/** Gradle's marker in POMs, which stands for a `.module` file beside the POM. */

import type { FileKind } from './coordinates.ts';

/** Gradle then looks for the `.module` file, and does not read the POM any further. */
const gradleMarker = 'published-with-gradle-metadata';

/** A warning if a POM has the marker, and no module file is published; else none. @param remedy the end of the sentence */
export function moduleWarnings(
  pom: { readonly bytes: Buffer; readonly where: string },
  kinds: readonly FileKind[],
  remedy: string,
): readonly string[] {
  if (!pom.bytes.includes(gradleMarker)) return [];
  if (kinds.some(({ classifier, extension }) => classifier === undefined && extension === 'module')) return [];
  return [`${pom.where} has Gradle's marker "${gradleMarker}", but no .module file is published: ${remedy}`];
}
