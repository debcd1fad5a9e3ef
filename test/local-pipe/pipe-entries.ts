/** Finds the `pipe:` entries of a bitbucket-pipelines.yml, or of part of one. */

import { parseDocument } from 'yaml';

export interface PipeEntry {
  /** The name of its step; undefined if the step has none. */
  readonly step: string | undefined;
  /** As written: `workspace/repository:X.Y.Z` or `docker://image:tag`. */
  readonly pipe: string;
  /** As in the YAML; every scalar as it is written. */
  readonly variables: Readonly<Record<string, VariableValue>>;
}

export type VariableValue = string | readonly string[];

/** The entries in order; an entry that pipelines share by an anchor appears once. @throws TypeError if an entry is not valid */
export function findPipeEntries(yaml: string): readonly PipeEntry[] {
  // The failsafe schema keeps every scalar as it is written: 1.10 stays "1.10".
  const document = parseDocument(yaml, { schema: 'failsafe', merge: true });
  const [error] = document.errors;
  if (error !== undefined) throw new TypeError(error.message);
  const entries = new Map<object, PipeEntry>();
  collect(document.toJS(), undefined, entries);
  return [...entries.values()];
}

function collect(value: unknown, step: string | undefined, entries: Map<object, PipeEntry>): void {
  if (Array.isArray(value)) for (const item of value) collect(item, step, entries);
  if (!isMap(value) || entries.has(value)) return;
  const { pipe, variables = {}, name } = value;
  if (typeof pipe === 'string') {
    entries.set(value, { step, pipe, variables: readVariables(pipe, variables) });
    return;
  }
  const own = Array.isArray(value['script']) && typeof name === 'string' ? name : step;
  for (const item of Object.values(value)) collect(item, own, entries);
}

function readVariables(pipe: string, variables: unknown): PipeEntry['variables'] {
  if (!isMap(variables)) throw new TypeError(`${pipe}: its variables are not a map`);
  for (const [name, value] of Object.entries(variables)) {
    if (typeof value === 'string') continue;
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
      throw new TypeError(`${pipe}: ${name} is neither a string nor a list of strings`);
  }
  return variables as PipeEntry['variables'];
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
