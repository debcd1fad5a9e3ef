/** Reads the environment into typed settings, and reports all problems together. */

import { destinations, type Settings } from './destinations/table.ts';
import { packFormatOf } from './archive/pack/format.ts';
import { readAuthorities } from './http/authorities.ts';
import { readCommonSettings, type Values } from './settings/common.ts';
import { GivenOptions } from './settings/options.ts';
import { options, type Type, types, variables, variablesOf } from './settings/variables.ts';
import type { ArrayValue, Environment } from './toolkit/environment.ts';
import { type OptionRow, readOptions } from './toolkit/option-table.ts';
import { Problems, ValidationError } from './toolkit/problems.ts';
import { unexpandedName } from './toolkit/unexpanded.ts';
import { meantValue, readVariables } from './toolkit/variable-table.ts';

/** The settings of a destination, and what every run reads besides. */
export type RunSettings = Settings & {
  /** Certificates of authorities to trust, in PEM. */
  readonly authorities: readonly string[];
  /** About variables that have no effect. */
  readonly warnings: readonly string[];
};

/** Reads the settings of the run. @throws ValidationError naming every problem, in the toolkits' format */
export async function readSettings(env: Environment): Promise<RunSettings> {
  const problems = new Problems();
  const type = await readType(env);
  const values = await readVariables(tableOf(type), env, problems);
  const words = wordsOf(values.EXTRA_ARGS);
  const given = new GivenOptions(readOptions<Type>(options, words, type, 'EXTRA_ARGS', problems), problems);
  const settings = type === undefined ? undefined : destinations[type].readSettings(env, values, given, problems);
  if (type === undefined) readCommonSettings(env, values, given, problems);
  const authorities = await readAuthorities(env, problems);
  if (type !== undefined && type !== 'octopus') warnOfPackVariables(type, values, problems);
  if (!problems.isEmpty || settings === undefined) throw new ValidationError(problems);
  return { ...settings, authorities, warnings: problems.warnings };
}

/** Variables of a package to make are of no use to another TYPE. */
function warnOfPackVariables(type: Type, values: Values, problems: Problems): void {
  const given = (['SOURCE_PATH', 'OUTPUT_PATH', 'FORMAT', 'VERSION'] as const).filter(
    (name) => values[name] !== undefined,
  );
  const reason = values.ID === undefined ? 'without ID' : `with TYPE ${type}`;
  for (const name of given) problems.warn(name, `${name} has no effect ${reason}`);
}

/** The TYPE of the run, which says what some variables are for; undefined if it is not known. Problems are found again later. */
async function readType(env: Environment): Promise<Type | undefined> {
  const problems = new Problems();
  const { TYPE, IMAGE, ID, SOURCE_PATH, FILENAME } = variables;
  const values = await readVariables(
    { TYPE, IMAGE, ID, SOURCE_PATH, FILENAME: { ...FILENAME, required: false } },
    env,
    problems,
  );
  if (values.TYPE === undefined && !problems.has('TYPE')) {
    if (values.IMAGE !== undefined) return 'image';
    // A directory to pack, and no file to upload: what is missing is the ID.
    const isToPack = values.SOURCE_PATH !== undefined && values.FILENAME === undefined;
    return values.ID !== undefined || isToPack ? 'octopus' : 'file';
  }
  // If TYPE is wrong, what else is wrong depends on the one that is meant.
  const { TYPE: given = '' } = values;
  const named = unexpandedName(given) === undefined ? (meantValue(TYPE, given) ?? given) : undefined;
  return types.find((known) => known === named);
}

/** Whether TOKEN and FILENAME are required depends on TYPE: each destination checks it. */
function tableOf(type: Type | undefined) {
  const table = variablesOf(type);
  return {
    ...table,
    TOKEN: { ...table.TOKEN, required: false },
    FILENAME: { ...table.FILENAME, required: false },
  } as const;
}

/**
 * The files that variables and options name, also the one to be made, whether or not these are valid: the result of a run that
 * fails names its error.
 */
export async function readNamedFiles(
  env: Environment,
): Promise<{ readonly outputPath: string | undefined; readonly inputs: readonly string[] }> {
  const problems = new Problems();
  const { EXTRA_ARGS, FILENAME: filenames, ID, VERSION, FORMAT, OUTPUT_PATH } = variables;
  const table = { EXTRA_ARGS, FILENAME: filenames, ID, VERSION, FORMAT, OUTPUT_PATH };
  const values = await readVariables(table, env, problems);
  // Every option applies to some TYPE.
  const rows = Object.entries<OptionRow>(options).map(([name, row]) => [name, { ...row, appliesTo: ['any'] }] as const);
  const given = readOptions<string>(
    Object.fromEntries(rows),
    wordsOf(values.EXTRA_ARGS),
    'any',
    'EXTRA_ARGS',
    problems,
  );
  const ofOptions = rows
    .filter(([name, { placeholder = '' }]) => name !== '--output' && placeholder.endsWith('FILE'))
    .flatMap(([name]) => given.get(name) ?? []);
  const { FILENAME } = values;
  const id = values.ID ?? given.get('--id')?.[0]?.trim();
  const version = values.VERSION ?? given.get('--package-version')?.[0]?.trim();
  const format = packFormatOf(`x.${values.FORMAT ?? 'zip'}`);
  const { OUTPUT_PATH: directory } = values;
  const named =
    FILENAME?.form === 'string' ? [FILENAME.value, ...FILENAME.value.split(/\s+/)] : (FILENAME?.items ?? []);
  return {
    // What was not expanded is a problem of EXTRA_ARGS, and no name of a file.
    outputPath: given.get('--output')?.find((path) => unexpandedName(path, variables.EXTRA_ARGS.dollar) === undefined),
    // `--attach EXT=FILE`
    inputs: [
      ...named,
      ...ofOptions.flatMap((value) => [value, value.replace(/^[^=]*=/, '')]),
      // The package that is made.
      ...(directory === undefined ? [] : [`${directory}/${id}.${version}.${format}`]),
    ],
  };
}

function wordsOf(value: ArrayValue | undefined): readonly string[] {
  return value?.form === 'string' ? [value.value.trim()] : (value?.items ?? []);
}
