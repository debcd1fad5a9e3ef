/** Reads JSON from outside, within limits and with a checked shape. Messages never quote its contents. */

import { InputError } from '../errors.ts';
import { collectGarbage } from './flat-heap.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** A document has more values than can be held in memory. */
export class TooManyValuesError extends InputError {}

/** Documents of images and packages are about ten levels deep. */
const maxDepth = 100;
/**
 * A value takes up to 300 bytes of memory, however short it is in the document: 2 MB of `{"a":[]},{"b":[]},…` take 60.
 * The short description of an npm package has about 40 values for each version.
 */
const maxValues = 250_000;
const manyValues = 25_000;

/**
 * Parses a JSON document.
 *
 * @param document bytes, whose UTF-8 is checked, or a string
 * @param where names the document in messages
 * @throws InputError if it is not valid UTF-8 or JSON, or nested too deeply; TooManyValuesError
 * @see RFC 8259
 */
export function parseJson(document: Uint8Array | string, where: string): unknown {
  const text = typeof document === 'string' ? document : decode(document, where);
  const { depth, values } = measureJson(text);
  if (depth > maxDepth) throw new InputError(`${where} is nested more than ${maxDepth} levels deep`);
  if (values > maxValues) throw new TooManyValuesError(`${where} has more than ${maxValues} values`);
  try {
    if (values > manyValues) collectGarbage();
    return JSON.parse(text) as unknown;
  } catch (error) {
    // Without its cause, whose message quotes the document.
    throw new InputError(`${where} is not valid JSON: ${problemOf(error)}`);
  }
}

/** Parses a string that may be JSON. @returns undefined if it is not */
export function tryParseJson(text: string): unknown {
  try {
    return parseJson(text, 'it');
  } catch {
    return undefined;
  }
}

function decode(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new InputError(`${where} is not valid UTF-8`, { cause: error });
  }
}

/** The message of `JSON.parse`, without the quoted part of the document, which may contain part of a secret. */
function problemOf(error: unknown): string {
  // Such as `Unexpected token '<', "<html><hea"... is not valid JSON`.
  return (error as Error).message.replace(/, (?:\.\.\.)?"[^]*$/, '');
}

/**
 * The depth of nesting, and the number of values; empty objects and lists count twice. A loop, because a regular expression
 * takes quadratic time on input that is not JSON.
 */
function measureJson(text: string): { readonly depth: number; readonly values: number } {
  let depth = 0;
  let deepest = 0;
  let values = 1;
  let isInString = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (isInString) {
      if (character === '\\') index++;
      else if (character === '"') isInString = false;
    } else if (character === '"') isInString = true;
    else if (character === ',') values++;
    else if (character === '[' || character === '{') {
      values++;
      deepest = Math.max(deepest, ++depth);
    } else if (character === ']' || character === '}') depth--;
  }
  return { depth: deepest, values };
}

/** Whether the value is an object, and neither an array nor null. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value, if it is an object. @param where names it in messages. @throws InputError */
export function asObject(value: unknown, where: string): JsonObject {
  if (!isRecord(value)) throw wrong(value, where, 'an object');
  return value;
}

/** The value, if it is a list. @param where names it in messages. @throws InputError */
export function asList(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(value, where, 'a list');
  return value;
}

/** The value, if it is a list; empty if it is missing or null, as Go writes an empty list. @throws InputError */
export function asListOrEmpty(value: unknown, where: string): readonly unknown[] {
  return value === undefined || value === null ? [] : asList(value, where);
}

/** The value, if it is a non-empty string. @param where names it in messages. @throws InputError */
export function asString(value: unknown, where: string): string {
  if (value === '') throw new InputError(`${where} is empty`);
  if (typeof value !== 'string') throw wrong(value, where, 'a string');
  return value;
}

/** The same; undefined if it is missing, null or empty. @throws InputError */
export function asOptionalString(value: unknown, where: string): string | undefined {
  return value === undefined || value === null || value === '' ? undefined : asString(value, where);
}

function wrong(value: unknown, where: string, wanted: string): InputError {
  return new InputError(value === undefined ? `${where} is missing` : `${where} is not ${wanted}`);
}
