/** Says where the value of each variable is from, for the debug log. */

import { type Environment, readText } from './environment.ts';
import { aliasesIn, type VariableRow, type VariableTable } from './variable-table.ts';
import { valuesOf } from './unexpanded.ts';

/** One line for each variable that has a value: `WORKSPACE: "acme", from BITBUCKET_WORKSPACE`. Secrets are not shown. */
export function describeSources(table: VariableTable, env: Environment): readonly string[] {
  const aliases = aliasesIn(table);
  return Object.entries<VariableRow>(table).flatMap(([name, row]) => {
    const source = aliases.has(name) ? undefined : sourceOf(name, row, env);
    if (source === undefined)
      return row.default === undefined ? [] : [`${name}: ${JSON.stringify(row.default)}, the default`];
    const value =
      row.secret === true
        ? 'set (secret)'
        : valuesOf(env, source)
            .map((each) => JSON.stringify(each))
            .join(', ');
    return [`${name}: ${value}${source === name ? '' : `, from ${source}`}`];
  });
}

/** The variable that the value is from: the name itself, an alias, or a fallback. */
function sourceOf(
  name: string,
  { kind, aliases = [], fallbacks = [] }: VariableRow,
  env: Environment,
): string | undefined {
  if (kind === 'array') return valuesOf(env, name).some((value) => value.trim() !== '') ? name : undefined;
  return [name, ...aliases, ...fallbacks].find((each) => readText(env, each) !== undefined);
}
