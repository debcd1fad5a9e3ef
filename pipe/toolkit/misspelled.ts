/** Finds variables that look like misspellings of the pipe's own. */

import type { Environment } from './environment.ts';
import { nearestName } from './nearest-name.ts';

/** Variables of Pipelines, of other CI systems and of the tools that a pipe's container or a developer's machine has. */
const foreign =
  /^(?:BITBUCKET|PIPELINES|DOCKER|BUILDKIT|NODE|NPM|YARN|GITHUB|GITLAB|CI|RUNNER|JENKINS|GIT|SSH|LC|XDG)_|^Image(?:OS|Version)$|_PROXY$/i;

/** A variable that is set, and the known one that it probably stands for. */
export interface Misspelled {
  /** For an array, the name before `_COUNT`. */
  readonly given: string;
  readonly meant: string;
}

/** The misspelled variables, in the order of the environment. @param known every name that the pipe reads */
export function findMisspelled(env: Environment, known: readonly string[]): readonly Misspelled[] {
  const found = new Map<string, string>();
  for (const [name, value = ''] of Object.entries(env)) {
    // An array named EXTRA_ARG arrives as EXTRA_ARG_COUNT and EXTRA_ARG_0.
    const given = name.replace(/_(?:COUNT|\d+)$/, '');
    if (value.trim() === '' || foreign.test(name) || known.includes(name) || known.includes(given)) continue;
    const meant = nearestName(given, known);
    if (meant !== undefined && !hasWordMore(given, meant)) found.set(given, meant);
  }
  return [...found].map(([given, meant]) => ({ given, meant }));
}

/** Whether it is a name of its own: `WORKSPACE_ID`, `MY_TAGS`. */
function hasWordMore(given: string, meant: string): boolean {
  const name = given.toUpperCase();
  return name.startsWith(`${meant}_`) || name.endsWith(`_${meant}`);
}
