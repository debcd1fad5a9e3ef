/** Measures text in the columns of a terminal, and cuts and pads it: some characters take two columns, others none. */

import { eastAsianWidth } from 'get-east-asian-width';
import type { Scrub } from './scrub.ts';

/** Logs are read in windows of this width. Only URLs and digests may be wider. */
export const maxColumns = 80;

/** Those of a log line, without its level. */
export const maxInfoColumns = maxColumns - 'INFO: '.length;

const ascii = /^[ -~]*$/;
/** As `printable` writes them. One for half of a character is followed by one for the other half. */
const escapes = /(\\ud[89ab][\da-f]{2}\\ud[c-f][\da-f]{2}|\\u[\da-f]{4}|\\.)/u;
/** What is drawn as a single emoji, however many characters it consists of. */
const emoji = /\p{Emoji_Presentation}|\p{Regional_Indicator}|\uFE0F/u;
/** What is drawn over the character before it, or not at all; the second and third part of a Korean syllable. */
const withoutWidth = /[\p{Mn}\p{Me}\p{Default_Ignorable_Code_Point}\u1160-\u11FF\uD7B0-\uD7FF]/u;

let segmenter: Intl.Segmenter | undefined;

/** The columns of a printable text. */
export function widthOf(text: string): number {
  return ascii.test(text) ? text.length : sum(piecesOf(text).map(widthOfPiece));
}

/** The text, with spaces after it up to so many columns. */
export function padded(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - widthOf(text)));
}

/** The beginning of the text that fits in so many columns. */
export function beginning(text: string, columns: number): string {
  return widthOf(text) <= columns ? text : fitting(piecesOf(text), columns).join('');
}

/**
 * Leaves out the middle of a long name: extensions are at its end.
 *
 * @param scrub applied first: what is left of a secret would not be recognised
 */
export function shortened(name: string, columns: number, scrub: Scrub): string {
  const text = scrub(name);
  if (widthOf(text) <= columns) return text;
  const pieces = piecesOf(text);
  const head = Math.floor((columns - 1) / 2);
  const tail = fitting(pieces.toReversed(), columns - 1 - head).toReversed();
  return `${fitting(pieces, head).join('')}…${tail.join('')}`;
}

/**
 * A line about something that has a name: `before`, the name, shortened if the line would be too long, and `after`. If `after`
 * is too long alone, as with a digest, the name is not shortened.
 *
 * @param columns those of the line
 */
export function aroundName(
  [before, name, after]: readonly [before: string, name: string, after: string],
  columns: number,
  scrub: Scrub,
): string {
  const room = columns - widthOf(before) - widthOf(after);
  return before + (room < 1 ? name : shortened(name, room, scrub)) + after;
}

/** As many pieces as fit. */
function fitting(pieces: readonly string[], columns: number): readonly string[] {
  let width = 0;
  const end = pieces.findIndex((piece) => (width += widthOfPiece(piece)) > columns);
  return end === -1 ? pieces : pieces.slice(0, end);
}

/** What a reader sees as one character, and escapes: none of them may be cut in half. */
function piecesOf(text: string): readonly string[] {
  return text.split(escapes).flatMap((part, index) => (index % 2 === 1 || part === '' ? [part] : graphemesOf(part)));
}

function graphemesOf(text: string): readonly string[] {
  if (ascii.test(text)) return text.split('');
  // Creating it takes 10 ms, and most names need none.
  segmenter ??= new Intl.Segmenter();
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

function widthOfPiece(piece: string): number {
  if (ascii.test(piece)) return piece.length;
  if (emoji.test(piece)) return 2;
  return sum(
    Array.from(piece, (character) =>
      withoutWidth.test(character) ? 0 : eastAsianWidth(character.codePointAt(0) ?? 0),
    ),
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
