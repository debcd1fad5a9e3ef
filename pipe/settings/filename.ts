/** Reads FILENAME: the paths and globs that a run publishes. */

import type { ArrayValue, Environment } from '../toolkit/environment.ts';
import type { Problems } from '../toolkit/problems.ts';
import { requiredField } from '../toolkit/variable-table.ts';
import type { Values } from './common.ts';

/** The patterns; undefined if there are none. If they are required, that is added to the problems. */
export function readFilename(
  env: Environment,
  { FILENAME }: Pick<Values, 'FILENAME'>,
  { isRequired }: { readonly isRequired: boolean },
  problems: Problems,
): ArrayValue | undefined {
  if (FILENAME !== undefined && (FILENAME.form === 'string' || FILENAME.items.length > 0)) return FILENAME;
  if (FILENAME !== undefined && !isRequired)
    problems.add('FILENAME', 'is an empty array. Name a file, or leave it out');
  if (isRequired && !problems.has('FILENAME') && !problems.has('FILENAME_COUNT'))
    problems.add('FILENAME', requiredField(env, 'FILENAME'));
  return undefined;
}
