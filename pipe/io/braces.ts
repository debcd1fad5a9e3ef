/** Expands `{a,b}` and `{1..3}` in a glob into one glob for each alternative, as bash does. */

import { InputError } from '../errors.ts';
import { printable } from '../toolkit/stdout.ts';

/** More than anyone writes; without a limit, 25 pairs such as `{a,b}` in a row would be 33 million globs. */
const maxAlternatives = 10_000;

const shownCharacters = 100;

/** The longest that Node.js matches; a path has at most 4,096 bytes. */
export const maxGlobCharacters = 64 * 1024;

const range = /^(?:(-?\d{1,15})\.\.(-?\d{1,15})|([A-Za-z])\.\.([A-Za-z]))(?:\.\.(-?\d{1,15}))?$/;

/**
 * The globs that a glob stands for, in order; the glob itself if it has no braces. Braces without a comma or a range are
 * ordinary characters, and so are those of `${NAME}`.
 *
 * @throws InputError if there are more than 10,000, or the glob is longer than any that can be matched
 */
export function expandBraces(glob: string): readonly string[] {
  if (glob.length > maxGlobCharacters)
    throw new InputError(
      `${printable(glob.slice(0, shownCharacters))}… is ${glob.length} characters long, but a glob has at most ${maxGlobCharacters}`,
    );
  // From left to right: each step replaces the first braces in every alternative, which may contain further ones.
  const done: string[] = [];
  const pending = [{ before: '', rest: glob }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { before, rest } = next;
    const found = firstBraces(rest);
    if (found === undefined) done.push(before + rest);
    else {
      const head = before + rest.slice(0, found.start);
      const tail = rest.slice(found.end);
      for (const alternative of found.alternatives.toReversed())
        pending.push({ before: head, rest: alternative + tail });
    }
    if (done.length + pending.length > maxAlternatives) throw tooMany(glob);
  }
  return done;
}

/** Whether there is white space next to a brace or a comma, as in `{a, b}`, where it is part of a name. */
export function hasSpacedAlternatives(glob: string): boolean {
  return /\{\s|\{[^{}]*(?:\s,|,\s|\s\})/.test(glob);
}

function tooMany(glob: string): InputError {
  return new InputError(
    `${printable(glob)} stands for more than ${maxAlternatives.toLocaleString('en')} patterns: use * or fewer braces`,
  );
}

interface Braces {
  readonly start: number;
  readonly end: number;
  readonly alternatives: readonly string[];
}

/** The first braces that stand for alternatives. */
function firstBraces(glob: string): Braces | undefined {
  for (let start = glob.indexOf('{'); start !== -1; start = glob.indexOf('{', start + 1)) {
    if (glob[start - 1] === '$') continue;
    const commas: number[] = [];
    const end = closingBrace(glob, start, commas);
    if (end === undefined) continue;
    const edges = [start, ...commas, end];
    const inside = edges.slice(1).map((edge, index) => glob.slice((edges[index] ?? 0) + 1, edge));
    const alternatives = inside.length > 1 ? inside : rangeOf(inside[0] ?? '', glob);
    if (alternatives !== undefined) return { start, end: end + 1, alternatives };
  }
  return undefined;
}

/** @param commas receives the commas between these braces themselves */
function closingBrace(glob: string, start: number, commas: number[]): number | undefined {
  let depth = 0;
  for (let index = start; index < glob.length; index++) {
    if (glob[index] === '{') depth++;
    else if (glob[index] === ',' && depth === 1) commas.push(index);
    else if (glob[index] === '}' && --depth === 0) return index;
  }
  return undefined;
}

/** `1..3`, `01..10` (keeps the width), `a..e`, each with an optional step. */
function rangeOf(text: string, glob: string): readonly string[] | undefined {
  const match = range.exec(text);
  if (match === null) return undefined;
  const [, firstNumber, lastNumber, firstLetter = '', lastLetter = '', stepText] = match;
  const isNumeric = firstNumber !== undefined && lastNumber !== undefined;
  const first = isNumeric ? Number(firstNumber) : firstLetter.charCodeAt(0);
  const last = isNumeric ? Number(lastNumber) : lastLetter.charCodeAt(0);
  const step = Math.abs(Number(stepText ?? 1)) || 1;
  const count = Math.floor(Math.abs(last - first) / step) + 1;
  if (count > maxAlternatives) throw tooMany(glob);
  const isPadded = [firstNumber, lastNumber].some((number) => /^-?0\d/.test(number ?? ''));
  const width = isPadded ? Math.max(firstNumber?.length ?? 0, lastNumber?.length ?? 0) : 0;
  return Array.from({ length: count }, (_, index) => {
    const value = first + Math.sign(last - first) * step * index;
    if (!isNumeric) return String.fromCharCode(value);
    return value < 0 ? `-${String(-value).padStart(width - 1, '0')}` : String(value).padStart(width, '0');
  });
}
