/** Reads SOURCE_DATE_EPOCH: the time of the files in what is packed. */

import { type Environment, readText } from '../toolkit/environment.ts';
import type { Problems } from '../toolkit/problems.ts';

const variable = 'SOURCE_DATE_EPOCH';

/** ZIP cannot state an earlier time. */
const defaultMs = Date.UTC(1980, 0, 1);

/** Of a time in seconds; later ones are probably milliseconds. */
const maxDigits = 10;

/**
 * Milliseconds since 1970. Without the variable, it is the beginning of 1980: the time of the commit would change every file of
 * every build, so that Octopus Deploy could reuse none of them.
 *
 * @see https://reproducible-builds.org/specs/source-date-epoch/
 */
export function readSourceDate(env: Environment, problems: Problems): number {
  const text = readText(env, variable);
  if (text === undefined) return defaultMs;
  if (/^\d+$/.test(text) && text.length <= maxDigits) return Number(text) * 1000;
  problems.add(variable, `must be a time in seconds since 1970, not ${JSON.stringify(text)}`);
  return defaultMs;
}
