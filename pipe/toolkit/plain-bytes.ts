/** The bytes that a text stands for, whichever escapes it is written in: URL, JSON, HTML, and any of them inside another. */

/** Bytes, each with the part of the text that stands for it. */
export interface PlacedBytes {
  readonly bytes: Uint8Array;
  /** Of each byte: its part of the text begins here … */
  readonly starts: Uint32Array;
  /** … and ends before this. */
  readonly ends: Uint32Array;
}

/** Whether the text may hold an escape at all; otherwise it stands for its own bytes. */
export function mayHoldEscapes(text: string): boolean {
  return /[%&\\]|0[xX]/.test(text);
}

/**
 * Reads escapes from the inside out until none is left, so that a text means the same however often it was escaped. It is
 * read once: each character is put on a stack, and whenever the top of the stack is an escape, what it stands for takes its place.
 */
export function plainBytes(text: string): PlacedBytes {
  const stack = new ByteStack(3 * text.length);
  for (let index = 0; index < text.length; index++) {
    const end = index + 1;
    stack.pushCharacter(text.charCodeAt(index), index, end);
    for (let escape = escapeAtTop(stack); escape !== undefined; escape = escapeAtTop(stack)) {
      const start = stack.pop(escape.length);
      if (escape.isByte) stack.push(escape.value, start, end);
      else stack.pushCharacter(escape.value, start, end);
    }
  }
  return stack.placed();
}

/** Bytes so far, the last one on top. */
class ByteStack {
  readonly #bytes: Uint8Array;
  readonly #starts: Uint32Array;
  readonly #ends: Uint32Array;
  #length = 0;
  /** Where something was last put that an escape may begin with. */
  #introducedAt = -Infinity;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
    this.#starts = new Uint32Array(capacity);
    this.#ends = new Uint32Array(capacity);
  }

  /** The byte so far down, 1 for the top; -1 below the bottom. */
  at(down: number): number {
    return down > this.#length ? -1 : (this.#bytes[this.#length - down] ?? -1);
  }

  get mayEndEscape(): boolean {
    return this.#length - this.#introducedAt <= maxEscapeLength;
  }

  push(byte: number, start: number, end: number): void {
    this.#bytes[this.#length] = byte;
    this.#starts[this.#length] = start;
    this.#ends[this.#length] = end;
    if (byte === percent || byte === ampersand || byte === backslash || byte === zero)
      this.#introducedAt = this.#length;
    this.#length++;
  }

  /** @returns where the first of the bytes taken off began */
  pop(count: number): number {
    this.#length -= count;
    return this.#starts[this.#length] ?? 0;
  }

  /** A code point, or a unit of UTF-16: the second half of a pair is joined to the first. */
  pushCharacter(code: number, start: number, end: number): void {
    const isSecondHalf = code >= 0xdc_00 && code <= 0xdf_ff && this.at(3) === 0xed && (this.at(2) & 0xf0) === 0xa0;
    if (isSecondHalf) {
      const high = ((this.at(2) & 0x0f) << 6) | (this.at(1) & 0x3f);
      this.#pushCodePoint(0x1_00_00 + (high << 10) + (code & 0x3_ff), this.pop(3), end);
    } else this.#pushCodePoint(code, start, end);
  }

  /** As UTF-8. */
  #pushCodePoint(code: number, start: number, end: number): void {
    if (code < 0x80) {
      this.push(code, start, end);
      return;
    }
    const more = code < 0x8_00 ? 1 : code < 0x1_00_00 ? 2 : 3;
    this.push(([0xc0, 0xe0, 0xf0][more - 1] ?? 0) | (code >> (6 * more)), start, end);
    for (let left = more - 1; left >= 0; left--) this.push(0x80 | ((code >> (6 * left)) & 0x3f), start, end);
  }

  placed(): PlacedBytes {
    return {
      bytes: this.#bytes.subarray(0, this.#length),
      starts: this.#starts.subarray(0, this.#length),
      ends: this.#ends.subarray(0, this.#length),
    };
  }
}

interface Escape {
  /** Bytes that it takes up. */
  readonly length: number;
  /** Of UTF-8, or else a character. */
  readonly isByte: boolean;
  readonly value: number;
}

const [zero, ampersand, percent, hash, semicolon, backslash] = Array.from('0&%#;\\', (character) =>
  character.charCodeAt(0),
) as [number, number, number, number, number, number];
const [letterU, letterX] = [0x75, 0x78];
/** The longest names of HTML are not among those that are known. */
const maxEscapeLength = 12;

/**
 * `%3D` · `\x3D` · `\u003D`, and `%u003D` as JavaScript's `escape` has it · `\n` and its like · `&#61;` `&#x3D;` `&amp;` · the `0x` of `0x3D`,
 * which goes, so that the digits of a list of bytes come together.
 */
function escapeAtTop(stack: ByteStack): Escape | undefined {
  if (!stack.mayEndEscape) return undefined;
  const top = stack.at(1);
  if (top === semicolon) return entityAtTop(stack);
  const digit = hexDigit(top);
  if (digit === undefined) return stack.at(2) === backslash && isWhiteEscape(top) ? white : undefined;
  const second = hexDigit(stack.at(2));
  if (second !== undefined) {
    const value = second * 16 + digit;
    if (stack.at(3) === percent) return { length: 3, isByte: true, value };
    const isX = (stack.at(3) | 0x20) === letterX;
    if (isX && stack.at(4) === backslash) return { length: 4, isByte: true, value };
    const [third, fourth] = [hexDigit(stack.at(3)), hexDigit(stack.at(4))];
    const isU = stack.at(5) === letterU && (stack.at(6) === backslash || stack.at(6) === percent);
    if (isU && third !== undefined && fourth !== undefined)
      return { length: 6, isByte: false, value: fourth * 4096 + third * 256 + value };
    return undefined;
  }
  if (stack.at(2) === backslash && isWhiteEscape(top)) return white;
  const isAfter0x = (stack.at(2) | 0x20) === letterX && stack.at(3) === zero;
  return isAfter0x ? { length: 3, isByte: true, value: top } : undefined;
}

const white: Escape = { length: 2, isByte: true, value: 0x20 };

/** What stands for white space or a control character after a backslash: b, f, n, r, t, v. */
function isWhiteEscape(byte: number): boolean {
  return byte === 0x6e || byte === 0x72 || byte === 0x74 || byte === 0x62 || byte === 0x66 || byte === 0x76;
}

/** Of HTML's names those of ASCII characters: letters of other alphabets are rarely in a secret. */
const entities: Readonly<Record<string, string>> = Object.fromEntries(
  [
    'amp& lt< gt> quot" QUOT" apos\' nbsp\u00A0 excl! num# dollar$ percnt% lpar( rpar) ast* plus+ comma, period. sol/ colon: semi; equals=',
    'quest? commat@ lsqb[ lbrack[ bsol\\ rsqb] rbrack] Hat^ lowbar_ UnderBar_ grave` lcub{ lbrace{ verbar| vert| rcub} rbrace} Tab\t NewLine\n',
  ]
    .join(' ')
    .match(/[A-Za-z]+[^]/g)
    ?.map((pair) => [pair.slice(0, -1), pair.slice(-1)]) ?? [],
);

function entityAtTop(stack: ByteStack): Escape | undefined {
  let length = 2;
  while (length < maxEscapeLength && stack.at(length) !== ampersand) {
    const byte = stack.at(length);
    if (byte !== hash && !isAlphanumeric(byte)) return undefined;
    length++;
  }
  if (stack.at(length) !== ampersand) return undefined;
  const name = Array.from({ length: length - 2 }, (_, index) => String.fromCharCode(stack.at(length - 1 - index))).join(
    '',
  );
  const [, decimal, hex] = /^#(?:(\d{1,7})|[xX]([0-9A-Fa-f]{1,6}))$/.exec(name) ?? [];
  const value =
    decimal === undefined && hex === undefined
      ? Object.hasOwn(entities, name)
        ? entities[name]?.charCodeAt(0)
        : undefined
      : Number.parseInt(decimal ?? hex ?? '', decimal === undefined ? 16 : 10);
  return value === undefined || value > 0x10_ff_ff ? undefined : { length, isByte: false, value };
}

/** Whether the byte is an ASCII letter or digit. */
export function isAlphanumeric(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
}

function hexDigit(byte: number): number | undefined {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return byte > 0x40 && lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : undefined;
}
