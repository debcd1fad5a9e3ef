/** Reads JSON that others wrote: within limits, and only in the shape that is expected. */

import { InputError } from '../errors.ts';
import { jsonProblem } from './json-problem.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** Documents of images go some ten levels deep. */
const maxDepth = 100;

/** @param where names the document in messages. @throws InputError */
export function parseJson(bytes: Uint8Array, where: string): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new InputError(`${where} is not valid UTF-8`, { cause: error });
  }
  if (depthOf(text) > maxDepth) throw new InputError(`${where} is nested more than ${maxDepth} levels deep`);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const problem = jsonProblem(error);
    throw new InputError(`${where} is not valid JSON: ${problem.message}`, { cause: problem });
  }
}

/** By hand: a regular expression takes quadratic time on what is no JSON. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let isInText = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (isInText) {
      if (character === '\\') index++;
      else if (character === '"') isInText = false;
    } else if (character === '"') isInText = true;
    else if (character === '[' || character === '{') deepest = Math.max(deepest, ++depth);
    else if (character === ']' || character === '}') depth--;
  }
  return deepest;
}

/** Whether it is an object: neither a list nor null. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function asObject(value: unknown, where: string): JsonObject {
  if (!isRecord(value)) throw wrong(value, where, 'an object');
  return value;
}

export function asList(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(value, where, 'a list');
  return value;
}

/** As writers in Go have it, to whom an empty list is also `null` or nothing. */
export function asListOrNothing(value: unknown, where: string): readonly unknown[] {
  return value === undefined || value === null ? [] : asList(value, where);
}

export function asText(value: unknown, where: string): string {
  if (typeof value !== 'string' || value === '') throw wrong(value, where, 'a text');
  return value;
}

export function asOptionalText(value: unknown, where: string): string | undefined {
  return value === undefined || value === null || value === '' ? undefined : asText(value, where);
}

function wrong(value: unknown, where: string, wanted: string): InputError {
  return new InputError(value === undefined ? `${where} is missing` : `${where} is not ${wanted}`);
}
