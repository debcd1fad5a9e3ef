/** The settings that every TYPE has. */

import type { GivenOptions } from './options.ts';
import { type ProxySettings, readProxies } from '../http/proxies.ts';
import type { Environment } from '../toolkit/environment.ts';
import type { Problems } from '../toolkit/problems.ts';
import type { VariableValues } from '../toolkit/variable-table.ts';
import { defaults, type variables } from './variables.ts';

/** The settings that every TYPE has. */
export interface CommonSettings {
  readonly concurrency: number;
  /** For small files, which mostly wait. As `concurrency` if the user has set that. */
  readonly maxConcurrency: number;
  readonly retries: number;
  readonly timeoutMs: number;
  readonly isDryRun: boolean;
  readonly outputPath?: string | undefined;
  readonly wantsReport: boolean;
  readonly isDebug: boolean;
  readonly proxies: ProxySettings;
}

/** The values of the variables in the table. */
export type Values = VariableValues<typeof variables>;

/** The common settings; for an option that is not valid, its default, and the problem is added. */
export function readCommonSettings(
  env: Environment,
  values: Values,
  given: GivenOptions,
  problems: Problems,
): CommonSettings {
  const concurrency = given.integer('--concurrency', 1, 64);
  const retries = given.integer('--retries', 0, 20) ?? defaults.retries;
  return {
    concurrency: concurrency ?? defaults.concurrency,
    // To find out that more is too much takes a 429, which without retries ends the run.
    maxConcurrency: concurrency ?? (retries === 0 ? defaults.concurrency : defaults.maxConcurrency),
    retries,
    timeoutMs: (given.integer('--timeout', 1, 86_400) ?? defaults.timeoutSeconds) * 1000,
    isDryRun: given.has('--dry-run'),
    outputPath: given.value('--output'),
    wantsReport: !given.has('--no-report'),
    isDebug: values.DEBUG,
    proxies: readProxies(env, problems),
  };
}
