/** Reads and checks the values of the given options. */

import type { OptionValues } from '../toolkit/option-table.ts';
import type { Problems } from '../toolkit/problems.ts';
import type { OptionName } from './variables.ts';

/** The given options by name. A value that is not valid is added to the problems. */
export class GivenOptions {
  readonly #values: OptionValues;
  readonly #problems: Problems;

  constructor(values: OptionValues, problems: Problems) {
    this.#values = values;
    this.#problems = problems;
  }

  /** Whether the option is given. */
  has(name: OptionName): boolean {
    return this.#values.has(name);
  }

  /** The value; undefined if the option is not given. */
  value(name: OptionName): string | undefined {
    return this.#values.get(name)?.[0];
  }

  /** The values of a repeatable option; empty if it is not given. */
  values(name: OptionName): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** A whole number from `min` to `max`; undefined if the option is not given, or its value is not valid. */
  integer(name: OptionName, min: number, max: number): number | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    const integer = /^\d{1,9}$/.test(value.trim()) ? Number(value) : Number.NaN;
    if (integer >= min && integer <= max) return integer;
    this.#problems.add(
      'EXTRA_ARGS',
      `option ${name} needs a whole number from ${min} to ${max}, not ${JSON.stringify(value)}`,
    );
    return undefined;
  }
}
