/** Reads variables by a declarative table of types, defaults and allowed values, and collects every problem. */

import { type ArrayValue, type Environment, readArray, readBoolean, readText } from './environment.ts';
import { findMisspelled } from './misspelled.ts';
import { nearestName } from './nearest-name.ts';
import type { Problems } from './problems.ts';
import { type DollarRule, unexpandedName, unexpandedProblem, unexpandedSecret, valuesOf } from './unexpanded.ts';

/** One row of the table, which is also a row in the README. */
export interface VariableRow {
  readonly kind: 'string' | 'boolean' | 'array';
  /** The description in the README. */
  readonly usage: string;
  readonly required?: boolean;
  /** Never printed, in any form. */
  readonly secret?: boolean;
  readonly allowed?: readonly string[];
  /** For words that are not allowed, the allowed value that is meant. */
  readonly synonyms?: Readonly<Record<string, string>>;
  /** How to tell a reference that was not expanded from a dollar sign. Default: every `$NAME` is a reference. */
  readonly dollar?: DollarRule;
  /**
   * Other names of the same variable; it is an error if two of them have different values. A row with such a name has no value
   * of its own.
   */
  readonly aliases?: readonly string[];
  /** Variables to use if this one is unset; the first one set wins. */
  readonly fallbacks?: readonly string[];
  readonly default?: string;
}

export type VariableTable = Readonly<Record<string, VariableRow>>;

type ValueOf<Row extends VariableRow> = Row['kind'] extends 'array'
  ? ArrayValue | undefined
  : Row['kind'] extends 'boolean'
    ? boolean
    : Row extends { readonly default: string }
      ? string
      : string | undefined;

export type VariableValues<Table extends VariableTable> = { readonly [Name in keyof Table]: ValueOf<Table[Name]> };

/**
 * Reads every variable of the table.
 * Every invalid value is reported in `problems`; the result may be used only if there are no problems.
 */
export async function readVariables<const Table extends VariableTable>(
  table: Table,
  env: Environment,
  problems: Problems,
): Promise<VariableValues<Table>> {
  const values: Record<string, unknown> = {};
  const aliases = aliasesIn(table);
  for (const [name, row] of Object.entries(table))
    if (!aliases.has(name)) values[name] = await readVariable(name, row, env, problems);
  for (const { given, meant } of findMisspelled(env, namesIn(table)))
    problems.warn(meant, `${given} is not a variable of this pipe, and has no effect: did you mean ${meant}?`);
  return values as VariableValues<Table>;
}

/** Names that are read as those of another row. */
export function aliasesIn(table: VariableTable): ReadonlySet<string> {
  return new Set(Object.values(table).flatMap(({ aliases = [] }) => aliases));
}

function namesIn(table: VariableTable): readonly string[] {
  return Object.entries(table).flatMap(([name, { aliases = [] }]) => [name, ...aliases]);
}

async function readVariable(name: string, row: VariableRow, env: Environment, problems: Problems): Promise<unknown> {
  for (const each of [name, ...(row.aliases ?? [])]) {
    const value = addUnexpanded(each, row, env, problems);
    if (value === undefined) continue;
    // What else is wrong with the value, or with its parts, would follow from this.
    problems.close(name);
    // The variable is given, so it is not missing, and its default does not apply.
    if (row.kind === 'string') return row.secret === true ? undefined : value;
  }
  if (row.kind === 'boolean') return readBoolean(env, name, problems) ?? row.default === 'true';
  if (row.kind === 'array') {
    const value = await readArray(env, name, problems);
    const isMissing = value === undefined || (value.form === 'items' && value.items.length === 0);
    if (isMissing && row.required === true && !problems.has(name) && !problems.has(`${name}_COUNT`)) {
      problems.add(name, requiredField(env, name));
    }
    return value;
  }
  if (env[`${name}_COUNT`] !== undefined && env[`${name}_0`] !== undefined) {
    problems.add(name, 'takes one value, not an array');
    problems.close(name);
  }
  const given = [name, ...(row.aliases ?? [])].filter((alias) => readText(env, alias) !== undefined);
  const [first = name, ...others] = given;
  for (const alias of others) {
    if (readText(env, alias) !== readText(env, first))
      problems.add(first, `contradicts ${alias}, which has a different value: set only one of them`);
  }
  const value = [...given, ...(row.fallbacks ?? [])]
    .map((source) => readText(env, source))
    .find((text) => text !== undefined);
  if (value === undefined) {
    if (row.required === true) problems.add(name, requiredField(env, name));
    return row.default;
  }
  if (row.allowed !== undefined && !row.allowed.includes(value)) {
    const meant = meantValue(row, value);
    const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`;
    problems.add(name, `unallowed value ${value}: use ${row.allowed.join(', ')}${hint}`);
  }
  return value;
}

/** The allowed value that one which is not allowed probably stands for. */
export function meantValue(
  { allowed = [], synonyms = {} }: Pick<VariableRow, 'allowed' | 'synonyms'>,
  value: string,
): string | undefined {
  const word = value.toLowerCase();
  return Object.hasOwn(synonyms, word) ? synonyms[word] : nearestName(value, allowed);
}

/** @returns the first value that is not expanded */
function addUnexpanded(
  name: string,
  { kind, dollar, secret }: VariableRow,
  env: Environment,
  problems: Problems,
): string | undefined {
  const values = kind === 'array' ? valuesOf(env, name) : [env[name] ?? ''];
  const unexpanded = values.filter((value) => unexpandedName(value, dollar) !== undefined);
  for (const value of unexpanded)
    problems.add(name, secret === true ? unexpandedSecret : unexpandedProblem(unexpandedName(value, dollar) ?? ''));
  return unexpanded[0];
}

/** The toolkits' `required field`, with the reason if a value is set but does not count, or has a name like this one. */
export function requiredField(env: Environment, name: string): string {
  // The variable may be secret.
  if (unexpandedName(env[name] ?? '', 'ordinary in a password') !== undefined) return unexpandedSecret;
  if (env[name] !== undefined) return 'required field (it is set, but empty)';
  const [misspelled] = findMisspelled(env, [name]);
  return misspelled === undefined
    ? 'required field'
    : `required field (${misspelled.given} is set, did you mean ${name}?)`;
}
