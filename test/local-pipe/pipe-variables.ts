/** The environment that Pipelines gives to a pipe. */

import { parse } from 'yaml';
import type { Environment } from '../../pipe/toolkit/environment.ts';
import type { PipeEntry, VariableValue } from './pipe-entries.ts';

/** The step's own variables that every pipe gets, if they are set. */
const forwarded = [
  'CI',
  ...[
    'WORKSPACE',
    'REPO_SLUG',
    'REPO_OWNER',
    'REPO_FULL_NAME',
    'REPO_UUID',
    'REPO_IS_PRIVATE',
    'BRANCH',
    'TAG',
    'COMMIT',
  ]
    .concat(['BUILD_NUMBER', 'PIPELINE_UUID', 'STEP_UUID', 'STEP_RUN_NUMBER', 'PROJECT_KEY', 'GIT_HTTP_ORIGIN'])
    .concat(['DOCKER_HOST_INTERNAL', 'PIPELINES_VARIABLES_PATH'])
    .map((name) => `BITBUCKET_${name}`),
  'PIPELINES_JWT_TOKEN',
];

/** @param pipeYml the pipe's pipe.yml, which contains the defaults; undefined for `docker://` */
export function pipeEnvironment(entry: PipeEntry, pipeYml: string | undefined, step: Environment): Environment {
  const { variables = [] } = (pipeYml === undefined ? {} : parse(pipeYml)) as {
    readonly variables?: readonly { readonly name: string; readonly default?: unknown }[];
  };
  const defaults = variables
    .filter((variable) => variable.default !== undefined && !Object.hasOwn(entry.variables, variable.name))
    .map((variable): [string, VariableValue] => [variable.name, String(variable.default)]);
  return Object.fromEntries([
    ...forwarded.filter((name) => step[name] !== undefined).map((name) => [name, step[name]]),
    ...[...defaults, ...Object.entries(entry.variables)].flatMap(([name, value]) => passed(name, value, step)),
  ]);
}

/** A single variable, or an array as `NAME_COUNT`, `NAME_0`, `NAME_1`, … */
function passed(name: string, value: VariableValue, step: Environment): readonly [string, string][] {
  if (typeof value === 'string') return [[name, expand(value, step)]];
  return [
    [`${name}_COUNT`, String(value.length)],
    ...value.map((item, index): [string, string] => [`${name}_${index}`, expand(item, step)]),
  ];
}

/** Expands `$NAME` and `${NAME}` from the step's variables; unset names stay as they are. Four backslashes become one. */
export function expand(text: string, step: Environment): string {
  return text
    .replaceAll(/\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/g, (whole, braced?: string, plain?: string) => {
      return step[braced ?? plain ?? ''] ?? whole;
    })
    .replaceAll('\\'.repeat(4), '\\');
}
