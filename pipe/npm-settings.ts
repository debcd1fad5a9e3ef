/** The settings of TYPE npm. */

import { type CommonSettings, readCommonSettings, type Values } from './common-settings.ts';
import type { GivenOptions } from './given-options.ts';
import type { AccountSettings } from './packages-account.ts';
import type { Environment } from './toolkit/environment.ts';
import type { Problems } from './toolkit/problems.ts';

export interface NpmSettings extends CommonSettings, AccountSettings {
  readonly type: 'npm';
  /** The registry's base URL, which ends with a slash. */
  readonly registry: URL;
}

/** The settings; undefined where there are problems. */
export function readNpmSettings(
  env: Environment,
  values: Values,
  given: GivenOptions,
  problems: Problems,
): NpmSettings | undefined {
  readCommonSettings(env, values, given, problems);
  problems.add('TYPE', 'not yet');
  return undefined;
}
