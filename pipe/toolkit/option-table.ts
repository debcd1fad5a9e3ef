/** Reads EXTRA_ARGS against a declarative table of options, with every problem collected. */

import type { Problems } from './problems.ts';

/** One row of the table, which is also the row of the README. */
export interface OptionRow<Kind extends string = string> {
  /** `flag` takes no value, `value` needs one (`--name x` or `--name=x`), `optional` takes one only as `--name=x`. */
  readonly takes: 'flag' | 'value' | 'optional';
  /** What stands for the value in the README, such as `NAME`. */
  readonly placeholder?: string;
  readonly repeatable?: boolean;
  readonly appliesTo: readonly Kind[];
  readonly usage: string;
}

export type OptionTable<Kind extends string = string> = Readonly<Record<`--${string}`, OptionRow<Kind>>>;

/** The values given to each option, in order; a flag, and an optional value left out, is the empty text. */
export type OptionValues = ReadonlyMap<string, readonly string[]>;

/**
 * Reads the options, for one kind of work out of those that the table knows.
 *
 * @param variable the variable that the words came from, under which problems are filed
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
      problems.add(variable, `option ${name} needs a value, ${row.placeholder ?? 'VALUE'}`);
    } else if (row.takes === 'flag' && value !== undefined) {
      problems.add(variable, `option ${name} takes no value, and was given one`);
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
    return `unknown option ${JSON.stringify(word)}: write each word as an item of its own (${word.trim().split(/\s+/).join(' and ')})`;
  }
  const known = Object.entries<OptionRow<Kind>>(table).filter(([, row]) => row.appliesTo.includes(kind));
  return `unknown option ${JSON.stringify(word)}: TYPE ${kind} knows ${known.map(([name]) => name).join(', ')}`;
}
