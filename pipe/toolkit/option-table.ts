/** Reads EXTRA_ARGS by a declarative table of options, and collects every problem. */

import type { Problems } from './problems.ts';

/** One row of the table, which is also a row in the README. */
export interface OptionRow<Kind extends string = string> {
  /** `flag` takes no value, `value` requires one (`--name x` or `--name=x`), `optional` takes one only as `--name=x`. */
  readonly takes: 'flag' | 'value' | 'optional';
  /** The placeholder for the value in the README, such as `NAME`. */
  readonly placeholder?: string;
  readonly repeatable?: boolean;
  readonly appliesTo: readonly Kind[];
  readonly usage: string;
}

export type OptionTable<Kind extends string = string> = Readonly<Record<`--${string}`, OptionRow<Kind>>>;

/** The values given to each option, in order; the value of a flag, and an omitted optional value, is the empty string. */
export type OptionValues = ReadonlyMap<string, readonly string[]>;

/**
 * Reads the options for one of the kinds in the table.
 *
 * @param variable the variable that contains the words; problems are reported under its name
 */
export function readOptions<Kind extends string>(
  table: OptionTable<Kind>,
  words: readonly string[],
  kind: Kind,
  variable: string,
  problems: Problems,
): OptionValues {
  const values = new Map<string, string[]>();
  const queue = [...words];
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    const [, name = word, attached] = /^(--[^=\s]+)=(.*)$/s.exec(word) ?? [];
    const row = rowOf(table, name);
    if (row === undefined) {
      problems.add(variable, unknownOption(table, word, kind));
      continue;
    }
    let value = attached;
    if (value === undefined && row.takes === 'value') {
      const next = queue[0];
      if (next !== undefined && rowOf(table, next.replace(/=.*$/s, '')) === undefined) value = queue.shift();
    }
    if (!row.appliesTo.includes(kind)) {
      problems.add(variable, `option ${name} does not apply to TYPE ${kind}, only to ${row.appliesTo.join(', ')}`);
    } else if (row.takes === 'value' && (value === undefined || value === '')) {
      problems.add(variable, `option ${name} needs a value: ${name} ${row.placeholder ?? 'VALUE'}`);
    } else if (row.takes === 'flag' && value !== undefined) {
      problems.add(variable, `option ${name} does not take a value`);
    } else if (values.has(name) && row.repeatable !== true) {
      problems.add(variable, `option ${name} is given more than once`);
    } else {
      values.set(name, [...(values.get(name) ?? []), value ?? '']);
    }
  }
  return values;
}

function rowOf<Kind extends string>(table: OptionTable<Kind>, name: string): OptionRow<Kind> | undefined {
  return Object.hasOwn(table, name) ? table[name as `--${string}`] : undefined;
}

function unknownOption<Kind extends string>(table: OptionTable<Kind>, word: string, kind: Kind): string {
  const [first = ''] = word.trim().split(/\s/);
  if (first !== word && rowOf(table, first) !== undefined) {
    return `unknown option ${JSON.stringify(word)}: write each word as a separate item (${word.trim().split(/\s+/).join(' and ')})`;
  }
  const known = Object.entries<OptionRow<Kind>>(table).filter(([, row]) => row.appliesTo.includes(kind));
  return `unknown option ${JSON.stringify(word)}: TYPE ${kind} accepts ${known.map(([name]) => name).join(', ')}`;
}
