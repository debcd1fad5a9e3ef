/** The settings of TYPE maven. */

import { type CommonSettings, readCommonSettings, type Values } from './common-settings.ts';
import type { GivenOptions } from './given-options.ts';
import type { AccountSettings } from './packages-account.ts';
import type { Environment } from './toolkit/environment.ts';
import type { Problems } from './toolkit/problems.ts';

export interface MavenSettings extends CommonSettings, AccountSettings {
  readonly type: 'maven';
  /** The registry's base URL, which ends with a slash. */
  readonly registry: URL;
}

/** The settings; undefined where there are problems. */
export function readMavenSettings(
  env: Environment,
  values: Values,
  given: GivenOptions,
  problems: Problems,
): MavenSettings | undefined {
  readCommonSettings(env, values, given, problems);
  problems.add('TYPE', 'not yet');
  return undefined;
}
