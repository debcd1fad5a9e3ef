/** The options that a user gave, with checks of their values. */

import type { OptionValues } from '../toolkit/option-table.ts';
import type { Problems } from '../toolkit/problems.ts';
import type { OptionName } from './variables.ts';

/** The given options by name. A value that does not fit is added to the problems. */
export class GivenOptions {
  readonly #values: OptionValues;
  readonly #problems: Problems;

  constructor(values: OptionValues, problems: Problems) {
    this.#values = values;
    this.#problems = problems;
  }

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

  /** A whole number from `min` to `max`; undefined if the option is not given, or, with a problem, if the value is anything else. */
  integer(name: OptionName, min: number, max: number): number | undefined {
    const text = this.value(name);
    if (text === undefined) return undefined;
    const value = /^\d{1,9}$/.test(text.trim()) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    this.#problems.add(
      'EXTRA_ARGS',
      `option ${name} needs a whole number from ${min} to ${max}, not ${JSON.stringify(text)}`,
    );
    return undefined;
  }
}
