/** Reads JSON that others wrote: within limits, and only in the shape that is expected. No message quotes its contents. */

import { InputError } from '../errors.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** Documents of images and packages go some ten levels deep. */
const maxDepth = 100;

/**
 * @param document a string if its encoding is known to be right, or does not matter
 * @param where names the document in messages
 * @throws InputError if it is not valid UTF-8 or JSON, or nested too deeply
 * @see RFC 8259
 */
export function parseJson(document: Uint8Array | string, where: string): unknown {
  const text = typeof document === 'string' ? document : decode(document, where);
  if (depthOf(text) > maxDepth) throw new InputError(`${where} is nested more than ${maxDepth} levels deep`);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    // Without its cause, whose message quotes the document.
    throw new InputError(`${where} is not valid JSON: ${problemOf(error)}`);
  }
}

/** The same for what may be JSON, or anything else. @returns undefined for anything else */
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

/** What `JSON.parse` says, without the part of the document that it quotes, which may hold a part of a secret. */
function problemOf(error: unknown): string {
  // Such as `Unexpected token '<', "<html><hea"... is not valid JSON`.
  return (error as Error).message.replace(/, (?:\.\.\.)?"[^]*$/, '');
}

/** By hand: a regular expression takes quadratic time on what is not JSON. */
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

/** The value, if it is a string that is not empty. @param where names it in messages. @throws InputError */
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
