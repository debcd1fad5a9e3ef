/** The table of destinations: for each TYPE, the function that reads its settings, and the code that publishes. */

import type { CommonSettings, Values } from '../settings/common.ts';
import type { GivenOptions } from '../settings/options.ts';
import type { Type } from '../settings/variables.ts';
import type { Environment } from '../toolkit/environment.ts';
import type { Problems } from '../toolkit/problems.ts';
import type { Destination } from './destination.ts';
import { readFileSettings } from './downloads/settings.ts';
import { readImageSettings } from './image/settings.ts';
import { readMavenSettings } from './maven/settings.ts';
import { readNpmSettings } from './npm/settings.ts';
import { readPypiSettings } from './pypi/settings.ts';
import { readOctopusSettings } from './octopus/settings.ts';

interface Entry<S extends CommonSettings> {
  /** @returns the settings; undefined if there are problems */
  readSettings(env: Environment, values: Values, given: GivenOptions, problems: Problems): S | undefined;
  /** Loads the code that publishes: a run needs only that of its own destination. */
  load(): Promise<Destination<S>>;
}

function entry<S extends CommonSettings>(row: Entry<S>): Entry<S> {
  return row;
}

export const destinations = {
  file: entry({
    readSettings: readFileSettings,
    load: async () => (await import('./downloads/destination.ts')).downloads,
  }),
  image: entry({
    readSettings: readImageSettings,
    load: async () => (await import('./image/destination.ts')).images,
  }),
  npm: entry({ readSettings: readNpmSettings, load: async () => (await import('./npm/destination.ts')).npm }),
  maven: entry({ readSettings: readMavenSettings, load: async () => (await import('./maven/destination.ts')).maven }),
  pypi: entry({ readSettings: readPypiSettings, load: async () => (await import('./pypi/destination.ts')).pypi }),
  octopus: entry({
    readSettings: readOctopusSettings,
    load: async () => (await import('./octopus/destination.ts')).octopus,
  }),
} as const satisfies Readonly<Record<Type, unknown>>;

/** The settings of a run, whatever it publishes. */
export type Settings = {
  [T in Type]: NonNullable<ReturnType<(typeof destinations)[T]['readSettings']>>;
}[Type];

/** The destination that these settings are for. */
export async function loadDestination<S extends Settings>({ type }: S): Promise<Destination<S>> {
  // Both functions of a row have the same type of settings, which TypeScript cannot follow through a lookup.
  return (await destinations[type].load()) as unknown as Destination<S>;
}
