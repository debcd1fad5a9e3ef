/** The only way to standard output: printable lines without secrets, the verdict, and a status line on a terminal. */

import { beginning } from './columns.ts';
import type { Scrub } from './scrub.ts';

/** The part of `process.stdout` that is used. */
export interface Stream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/**
 * Prints all output of the pipe. Everything is made printable here, whoever prints it and wherever it is from: text from a
 * server, a file or a variable cannot add a line, colour it, or pose as the verdict.
 */
export interface Output {
  /** Prints one line, and no more. */
  line(text: string, colour?: Colour): void;
  /** Prints whether the run succeeded, `✔` or `✖`, and these lines. No other line begins with these marks. */
  verdict(hasSucceeded: boolean, lines: readonly string[]): void;
  /** Shows a status line below all other output, on a terminal only; the empty string removes it. */
  status(text: string): void;
  readonly isTerminal: boolean;
  /** Columns available to a status line. */
  readonly width: number;
}

export type Colour = 'red' | 'green' | 'yellow' | 'none';

const codes: Readonly<Record<Colour, string>> = {
  red: '\u001B[31m',
  green: '\u001B[32m',
  yellow: '\u001B[33m',
  none: '',
};
const reset = '\u001B[0m';
const clearLine = '\r\u001B[K';

/** No message is longer; without a limit, a server could fill the log, and masking secrets takes memory. */
const maxLineCharacters = 32_000;
const tailCharacters = 4_000;

/**
 * An output that prints to `stream`, with `scrub` applied to everything. Pipes colour their log even without a terminal,
 * because Pipelines shows colours.
 *
 * @param stream a terminal if its `isTTY` is true; its `columns` limit the status line
 */
export function createOutput(stream: Stream, scrub: Scrub, isColoured: boolean): Output {
  const isTerminal = stream.isTTY === true;
  // A terminal of unknown width reports 0 or nothing. On some terminals, a character in the last column wraps.
  const width = (): number => Math.max(1, (stream.columns || 80) - 1);
  const safe = (text: string): string => escapeUnprintable(scrub(cut(text)));
  let shown = '';
  const status = (text: string): void => {
    if (!isTerminal || text === shown) return;
    shown = beginning(safe(text), width());
    stream.write(clearLine + shown);
  };
  const print = (lines: readonly string[], colour: Colour): void => {
    const below = shown;
    if (below !== '') stream.write(clearLine);
    stream.write(`${paint(lines.join('\n'), isColoured ? colour : 'none')}\n`);
    if (below !== '') stream.write(below);
  };
  return {
    isTerminal,
    get width() {
      return width();
    },
    line(text, colour = 'none') {
      print([withoutMark(safe(text))], colour);
    },
    verdict(hasSucceeded, [first = '', ...others]) {
      const mark = hasSucceeded ? '✔' : '✖';
      print(
        [`${mark} ${safe(first)}`, ...others.map((line) => withoutMark(safe(line)))],
        hasSucceeded ? 'green' : 'red',
      );
    },
    status,
  };
}

function paint(text: string, colour: Colour): string {
  return codes[colour] === '' ? text : `${codes[colour]}${text}${reset}`;
}

/** The marks of the verdict, and those that look like them. In a string, esbuild escapes them. */
const verdictMarks = '✓✔✅☑✕✖✗✘❌❎';
const leadingMark = new RegExp(String.raw`^([\s\p{Default_Ignorable_Code_Point}\u2800]*)([${verdictMarks}])`, 'u');

/** Escapes such a mark at the beginning of a line, even after invisible characters. */
function withoutMark(line: string): string {
  return line.replace(leadingMark, (_, before: string, mark: string) => before + escapeCharacter(mark));
}

const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const unprintableInLines = new RegExp(`(?!\\n)${unprintable.source}`, unprintable.flags);

/**
 * Makes a text a single line that is safe to print: unprintable characters are escaped, and what is longer than any message
 * is cut.
 */
export function printableLine(text: string): string {
  return escapeUnprintable(cut(text));
}

/** Keeps the end too: in a message that quotes something long, the problem follows. */
function cut(text: string): string {
  const more = text.length - maxLineCharacters;
  const head = maxLineCharacters - tailCharacters;
  return more > 0 ? `${text.slice(0, head)}… (${more} characters left out) …${text.slice(-tailCharacters)}` : text;
}

/**
 * Quotes a name if it would not be printable, so that its escapes can be told from its characters. The rest of a line or
 * message needs no such care: output and errors are made printable as a whole.
 */
export function printable(name: string): string {
  return name.search(unprintable) === -1 ? name : escapeUnprintable(JSON.stringify(name));
}

/** Escapes control and invisible formatting characters, line breaks among them, as in JSON. */
export function escapeUnprintable(text: string): string {
  return text.replaceAll(unprintable, escapeCharacter);
}

/** Does the same in a text of several lines, and keeps its line breaks. */
export function escapeUnprintableInLines(text: string): string {
  return text.replaceAll(unprintableInLines, escapeCharacter);
}

const shortEscapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeCharacter(character: string): string {
  // By UTF-16 code unit, because JSON has no longer escape.
  return (
    shortEscapes[character] ??
    character.replaceAll(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  );
}
