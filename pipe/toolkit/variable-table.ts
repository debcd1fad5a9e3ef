/** Reads variables by a declarative table of types, defaults and allowed values, and collects every problem. */

import { type ArrayValue, type Environment, readArray, readBoolean, readText, unresolvedName } from './environment.ts';
import type { Problems } from './problems.ts';

/** One row of the table, which is also a row in the README. */
export interface VariableRow {
  readonly kind: 'string' | 'boolean' | 'array';
  /** The description in the README. */
  readonly usage: string;
  readonly required?: boolean;
  /** Never printed, in any form. */
  readonly secret?: boolean;
  readonly allowed?: readonly string[];
  /** Other names of the same variable; it is an error if two of them have different values. */
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
  for (const [name, row] of Object.entries(table)) values[name] = await readVariable(name, row, env, problems);
  return values as VariableValues<Table>;
}

async function readVariable(name: string, row: VariableRow, env: Environment, problems: Problems): Promise<unknown> {
  if (row.kind === 'boolean') return readBoolean(env, name, problems) ?? row.default === 'true';
  if (row.kind === 'array') {
    const value = await readArray(env, name, problems);
    const isMissing = value === undefined || (value.form === 'items' && value.items.length === 0);
    if (isMissing && row.required === true && !problems.has(name) && !problems.has(`${name}_COUNT`)) {
      problems.add(name, requiredField(env, name));
    }
    return value;
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
    problems.add(name, `unallowed value ${value}: use ${row.allowed.join(', ')}`);
  }
  return value;
}

/** The toolkits' `required field`, with the reason if a value is set but does not count. */
export function requiredField(env: Environment, name: string): string {
  const reference = unresolvedName(env[name]?.trim());
  if (reference !== undefined) {
    return `required field (its value is the unresolved reference $${reference}: is ${reference} defined for this repository, workspace or deployment?)`;
  }
  return env[name] === undefined ? 'required field' : 'required field (it is set, but empty)';
}
