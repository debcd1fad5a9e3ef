/** The only way to standard output: whole lines without secrets, and a status line on a terminal. */

import type { Scrub } from './scrub.ts';

/** The part of `process.stdout` that is used. */
export interface Stream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Prints all output of the pipe. */
export interface Output {
  /** Prints one or more lines. */
  line(text: string): void;
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

/**
 * An output that prints to `stream`, with `scrub` applied to everything.
 *
 * @param stream a terminal if its `isTTY` is true; its `columns` limit the status line
 */
export function createOutput(stream: Stream, scrub: Scrub): Output {
  const isTerminal = stream.isTTY === true;
  // A terminal of unknown width reports 0 or nothing. On some terminals, a character in the last column wraps.
  const width = (): number => Math.max(1, (stream.columns || 80) - 1);
  let shown = '';
  const status = (text: string): void => {
    if (!isTerminal || text === shown) return;
    shown = scrub(text).slice(0, width());
    stream.write(clearLine + shown);
  };
  return {
    isTerminal,
    get width() {
      return width();
    },
    line(text) {
      const below = shown;
      if (below !== '') stream.write(clearLine);
      stream.write(`${scrub(text)}\n`);
      if (below !== '') stream.write(below);
    },
    status,
  };
}

/** Wraps a text in a colour. Pipes colour their log even without a terminal, because Pipelines shows colours. */
export function paint(colour: Colour, text: string, isColoured: boolean): string {
  return isColoured && codes[colour] !== '' ? `${codes[colour]}${text}${reset}` : text;
}

/**
 * Makes a name safe for one line of output: control and invisible formatting characters are escaped, so that no file
 * name can start a new line, colour the log or reverse the text.
 */
export function printable(name: string): string {
  return /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(name)
    ? JSON.stringify(name).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, escapeCharacter)
    : name;
}

function escapeCharacter(character: string): string {
  // By UTF-16 code unit, because JSON has no longer escape.
  return character.replaceAll(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
