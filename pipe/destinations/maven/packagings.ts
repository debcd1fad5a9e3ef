/** Packagings of Maven projects, and the file that each of them makes. */

import { printable } from '../../toolkit/stdout.ts';
import type { FileKind } from './coordinates.ts';

/**
 * Maven's artifact handlers, by packaging: the extension for a file that has none (any other packaging is its own
 * extension), and the classifier for an artifact without `--classifier`.
 */
const handlers: Readonly<Record<string, FileKind>> = {
  // From the maven-bundle-plugin.
  bundle: { extension: 'jar' },
  ejb: { extension: 'jar' },
  'ejb-client': { extension: 'jar', classifier: 'client' },
  'java-source': { extension: 'jar', classifier: 'sources' },
  javadoc: { extension: 'jar', classifier: 'javadoc' },
  'maven-plugin': { extension: 'jar' },
  'test-jar': { extension: 'jar', classifier: 'tests' },
};

/** The POM itself, as one of an artifact's files. */
export const pomKind: FileKind = { extension: 'pom' };

/** Packagings whose artifact is the POM itself; `bom` is new in Maven 4. */
const pomPackagings: readonly string[] = ['pom', 'bom'];

/** What a project of this packaging makes. */
export function kindOfPackaging(packaging: string): FileKind {
  const handler = Object.hasOwn(handlers, packaging) ? handlers[packaging] : undefined;
  return handler ?? { extension: packaging };
}

/** A warning if only the POM is published of a project that makes more; else none. @param where the POM, for messages */
export function pomOnlyWarnings(where: string, packaging: string): readonly string[] {
  return pomPackagings.includes(packaging)
    ? []
    : [`${where} has the packaging ${printable(packaging)}, but only the POM is published`];
}
