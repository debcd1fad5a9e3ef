/** Finds dependencies that only the project that packed the package can resolve. */

import { InputError } from '../../errors.ts';
import { isRecord } from '../../io/json.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { Draft } from './complete-manifest.ts';

/** Not `devDependencies`, which nothing installs along with a package. */
const installedKinds = ['dependencies', 'optionalDependencies', 'peerDependencies'] as const;

/** `pnpm pack`, `yarn pack` and `bun pm pack` replace these; `npm pack` leaves them, and nothing can then install them. */
const unresolved = /^(?:workspace|catalog):/;

/**
 * Paths and links. What a path leads to on the machine that installs the package is not in the tarball.
 *
 * @see https://github.com/npm/npm-package-arg "isFileSpec"
 */
const local = /^(?:(?:file|link|portal):|\.{0,2}\/|~\/)/;

/**
 * @returns warnings about local dependencies, unless they are bundled
 * @throws InputError if a dependency was left for a package manager to resolve before publishing
 */
export function checkDependencies(manifest: Draft, where: string): readonly string[] {
  const all = installedKinds.flatMap((kind) =>
    Object.entries(isRecord(manifest[kind]) ? manifest[kind] : {})
      .filter((entry): entry is [string, string] => typeof entry[1] === 'string')
      .map(([name, range]) => ({ kind, name, range, shown: printable(`${kind}.${name} is ${JSON.stringify(range)}`) })),
  );
  const problems = all.filter(({ range }) => unresolved.test(range));
  if (problems.length > 0)
    throw new InputError(
      problems.map(
        ({ shown }) =>
          `${where}: ${shown}, which nothing can install outside of its workspace: pack the package with pnpm, yarn or bun, which replace it by a version`,
      ),
    );
  const bundled = manifest['bundleDependencies'];
  return all
    .filter(({ name, range }) => local.test(range) && !(Array.isArray(bundled) && bundled.includes(name)))
    .map(({ shown }) => `${where}: ${shown}, which other machines cannot install from a registry`);
}
