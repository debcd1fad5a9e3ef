/** Reads variables from the environment as Pipelines and `docker run -e` pass them: strings, booleans, and arrays in three forms. */

import type { Problems } from './problems.ts';
import { unexpandedName } from './unexpanded.ts';

/** `process.env`, or an object like it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** An array, or a single string that may stand for one item. */
export type ArrayValue =
  { readonly form: 'items'; readonly items: readonly string[] } | { readonly form: 'string'; readonly value: string };

/** A variable's value without surrounding white space; undefined if it is unset, empty or nothing but unresolved references. */
export function readText(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === undefined || value === '' || consistsOfReferences(value) ? undefined : value;
}

/** Pipelines passes a reference that it cannot resolve unchanged. */
function consistsOfReferences(text: string): boolean {
  return unexpandedName(text, 'ordinary in a password') !== undefined;
}

/** A boolean of YAML 1.1 (`true`, `yes`, `on`, …, in any case); undefined if unset or not a boolean. */
export function readBoolean(env: Environment, name: string, problems: Problems): boolean | undefined {
  const value = readText(env, name);
  if (value === undefined) return undefined;
  if (/^(?:true|yes|on)$/i.test(value)) return true;
  if (/^(?:false|no|off)$/i.test(value)) return false;
  problems.add(name, `must be of boolean type (true or false), not ${JSON.stringify(value)}`);
  return undefined;
}

/**
 * An array in any of its forms: `NAME_COUNT` with `NAME_0`, `NAME_1`, … (Pipelines), a YAML flow sequence of strings, or
 * any other string, which stands for itself.
 *
 * @see https://support.atlassian.com/bitbucket-cloud/docs/advanced-techniques-for-writing-pipes/ "Array variables"
 */
export async function readArray(env: Environment, name: string, problems: Problems): Promise<ArrayValue | undefined> {
  const counted = readCounted(env, name, problems);
  const text = env[name];
  const hasText = text !== undefined && text.trim() !== '' && !consistsOfReferences(text);
  if (counted !== undefined) {
    if (hasText) problems.add(name, `is set both as one value and as an array (${name}_COUNT): keep one of them`);
    return { form: 'items', items: counted };
  }
  if (!hasText) return undefined;
  const trimmed = text.trim();
  if (trimmed.startsWith('[') && trimmed.endsWith(']')) {
    const items = await readFlowSequence(trimmed);
    // `[1.0] notes [draft]` is a file name like any other.
    if (items !== undefined) return { form: 'items', items };
  }
  return { form: 'string', value: text };
}

/** A mistyped count may be a million. */
const maxMissing = 10;

function readCounted(env: Environment, name: string, problems: Problems): readonly string[] | undefined {
  const indices = Object.keys(env)
    .filter((key) => key.startsWith(`${name}_`) && /^\d+$/.test(key.slice(name.length + 1)) && env[key] !== undefined)
    .map((key) => Number(key.slice(name.length + 1)))
    .sort((a, b) => a - b);
  const countText = env[`${name}_COUNT`]?.trim();
  if (countText === undefined || countText === '') {
    if (indices.length === 0) return undefined;
    problems.add(`${name}_COUNT`, `required field, because ${name}_${indices[0]} is set`);
    return [];
  }
  if (!/^\d{1,6}$/.test(countText)) {
    problems.add(`${name}_COUNT`, `must be of integer type, not ${JSON.stringify(countText)}`);
    return [];
  }
  const count = Number(countText);
  const items: string[] = [];
  let missing = 0;
  for (let index = 0; index < count; index++) {
    const item = env[`${name}_${index}`];
    if (item !== undefined) items.push(item);
    else if (++missing <= maxMissing)
      problems.add(`${name}_${index}`, `required field, because ${name}_COUNT is ${count}`);
  }
  if (missing > maxMissing) problems.add(`${name}_COUNT`, `is ${count}, but ${missing} of these items are not set`);
  for (const index of indices) {
    if (index >= count) problems.add(`${name}_${index}`, `is beyond ${name}_COUNT, which is ${count}`);
  }
  return items;
}

async function readFlowSequence(text: string): Promise<readonly string[] | undefined> {
  // Loaded only if needed: loading the parser takes longer than reading all other variables.
  const { isScalar, isSeq, parseDocument } = await import('yaml');
  // The failsafe schema keeps every scalar as it is written: 1.10 stays "1.10".
  const document = parseDocument(text, { schema: 'failsafe' });
  if (document.errors.length > 0 || !isSeq(document.contents)) return undefined;
  const items: string[] = [];
  for (const item of document.contents.items) {
    if (!isScalar(item) || typeof item.value !== 'string') return undefined;
    items.push(item.value);
  }
  return items;
}
