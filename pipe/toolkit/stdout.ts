/** The one way to standard output: whole lines without secrets, and a status line on a terminal. */

import type { Scrub } from './scrub.ts';

/** What `process.stdout` offers, as far as it is used. */
export interface Stream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Where everything that the pipe says is printed. */
export interface Output {
  /** Prints one line, or several. */
  line(text: string): void;
  /** Shows a text below everything else, on a terminal only; the empty text takes it away. */
  status(text: string): void;
  readonly isTerminal: boolean;
  /** Columns that a status has. */
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
 * @param stream a terminal where its `isTTY` is true; its `columns` bound the status line
 */
export function createOutput(stream: Stream, scrub: Scrub): Output {
  const isTerminal = stream.isTTY === true;
  // A terminal that does not know its width says 0, or nothing. A character in the last column would wrap on some.
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

/** Wraps a text in a colour. Pipes colour their log without a terminal too: Pipelines shows it. `NO_COLOR` turns it off. */
export function paint(colour: Colour, text: string, isColoured: boolean): string {
  return isColoured && codes[colour] !== '' ? `${codes[colour]}${text}${reset}` : text;
}

/**
 * A name for one line of output: control and invisible formatting characters are escaped, so that no file name
 * can start a line of its own, colour the log or write backwards.
 */
export function printable(name: string): string {
  return /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(name)
    ? JSON.stringify(name).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, escapeCharacter)
    : name;
}

function escapeCharacter(character: string): string {
  // By code units: JSON knows no longer escape.
  return character.replaceAll(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
