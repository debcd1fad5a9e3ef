/** Reads EXTRA_ARGS by a declarative table of options, and collects every problem. */

import { nearestName } from './nearest-name.ts';
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

/**
 * The values given to each option, in order; the value of a flag, and an omitted optional value, is the empty string. A
 * misspelled option stands for the one that is meant, without a value: so that an option that goes with it is not reported.
 */
export type OptionValues = ReadonlyMap<string, readonly string[]>;

/**
 * Reads the options for one of the kinds in the table.
 *
 * @param kind undefined if it is not known: then no option is refused for its kind
 * @param variable the variable that contains the words; problems are reported under its name
 */
export function readOptions<Kind extends string>(
  table: OptionTable<Kind>,
  words: readonly string[],
  kind: Kind | undefined,
  variable: string,
  problems: Problems,
): OptionValues {
  const values = new Map<string, string[]>();
  const queue = [...words];
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    const [, name = word, attached] = /^(--[^=\s]+)=(.*)$/s.exec(word) ?? [];
    const row = rowOf(table, name);
    if (row === undefined) {
      const { problem, meant } = unknownOption(table, word, kind);
      problems.add(variable, problem);
      // What follows is probably its value, and not one more mistake.
      if (word.startsWith('-') && queue[0]?.startsWith('-') === false) queue.shift();
      if (meant !== undefined && !values.has(meant)) values.set(meant, []);
      continue;
    }
    let value = attached;
    if (value === undefined && row.takes === 'value') {
      const next = queue[0];
      if (next !== undefined && rowOf(table, next.replace(/=.*$/s, '')) === undefined) value = queue.shift();
    }
    if (kind !== undefined && !row.appliesTo.includes(kind)) {
      problems.add(variable, `option ${name} does not apply to TYPE ${kind}, only to ${row.appliesTo.join(', ')}`);
    } else if (row.takes === 'value' && (value === undefined || value === '')) {
      problems.add(variable, `option ${name} needs a value: ${name} ${row.placeholder ?? 'VALUE'}`);
    } else if (row.takes === 'flag' && value !== undefined) {
      problems.add(variable, `option ${name} does not take a value`);
    } else if (values.get(name)?.[0] !== undefined && row.repeatable !== true) {
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

interface Unknown {
  readonly problem: string;
  readonly meant?: string;
}

function unknownOption<Kind extends string>(table: OptionTable<Kind>, word: string, kind: Kind | undefined): Unknown {
  const unknown = `unknown option ${JSON.stringify(word)}`;
  const quoted = JSON.stringify(word.trim());
  const example = "write an array as in ['--keep', '5']";
  if (/^\s*\[/.test(word))
    return {
      problem: /\]\s*$/.test(word)
        ? `${quoted} is not a valid array: ${example}`
        : `${quoted} begins like an array, but "]" is missing at its end: ${example}`,
    };
  const [first = ''] = word.trim().split(/\s/);
  if (first !== word && rowOf(table, first) !== undefined)
    return { problem: `${unknown}: write each word as a separate item (${word.trim().split(/\s+/).join(' and ')})` };
  const known = Object.entries<OptionRow<Kind>>(table);
  const accepted = known.filter(([, row]) => kind === undefined || row.appliesTo.includes(kind)).map(([name]) => name);
  const [, name = word, value] = /^(-*[^\s=\d]+)[\s=]?(.*)$/s.exec(word) ?? [];
  const meant = nearestName(name, accepted) ?? nearestName(name, Object.keys(table));
  if (meant === undefined)
    return {
      problem: `${unknown}: ${kind === undefined ? 'the pipe' : `TYPE ${kind}`} accepts ${accepted.join(', ')}`,
    };
  const { takes, appliesTo } = rowOf(table, meant) ?? { takes: 'flag', appliesTo: [] };
  const written = takes === 'value' && /^\d+$/.test(value ?? '') ? `${meant} ${value}` : meant;
  const only = accepted.includes(meant) ? '' : `, which is for TYPE ${appliesTo.join(', ')} only`;
  return { problem: `${unknown}: did you mean ${written}${only}?`, meant };
}
