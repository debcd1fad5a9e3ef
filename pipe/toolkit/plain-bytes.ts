/** Decodes escapes in a text to the bytes that they stand for: URL, JSON and HTML escapes, also nested. */

/** Bytes, each with the range of the text that it was decoded from. */
export interface PlacedBytes {
  readonly bytes: Uint8Array;
  /** For each byte, the start of its range in the text. */
  readonly starts: Uint32Array;
  /** For each byte, the end of its range, exclusive. */
  readonly ends: Uint32Array;
}

/** Whether the text may contain an escape; if not, it needs no decoding. */
export function mayHoldEscapes(text: string): boolean {
  return /[%&\\]|0[xX]/.test(text);
}

/**
 * Decodes escapes from the inside out until none is left, so that the result is the same however often the text was
 * escaped. One pass: each character is pushed on a stack, and an escape at the top of the stack is replaced by its value.
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

/** The bytes decoded so far, the last one on top. */
class ByteStack {
  readonly #bytes: Uint8Array;
  readonly #starts: Uint32Array;
  readonly #ends: Uint32Array;
  #length = 0;
  /** The index of the last byte that may begin an escape. */
  #introducedAt = -Infinity;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
    this.#starts = new Uint32Array(capacity);
    this.#ends = new Uint32Array(capacity);
  }

  /** The byte at this depth, 1 for the top; -1 below the bottom. */
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

  /** @returns the start in the text of the lowest byte removed */
  pop(count: number): number {
    this.#length -= count;
    return this.#starts[this.#length] ?? 0;
  }

  /** Pushes a code point or a UTF-16 code unit; the second half of a surrogate pair is joined to the first. */
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
  /** Its length in bytes. */
  readonly length: number;
  /** Whether the value is a byte of UTF-8; otherwise it is a character. */
  readonly isByte: boolean;
  readonly value: number;
}

const [zero, ampersand, percent, hash, semicolon, backslash] = Array.from('0&%#;\\', (character) =>
  character.charCodeAt(0),
) as [number, number, number, number, number, number];
const [letterU, letterX] = [0x75, 0x78];
/** Enough for all escapes that are decoded; longer HTML names are not. */
const maxEscapeLength = 12;

/**
 * `%3D` · `\x3D` · `\u003D`, and `%u003D` of JavaScript's `escape` · `\n` and the like · `&#61;` `&#x3D;` `&amp;` · the `0x` of `0x3D`,
 * which is removed, so that the digits in a list of bytes become adjacent.
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

/** Whether this letter after a backslash means white space or a control character: b, f, n, r, t, v. */
function isWhiteEscape(byte: number): boolean {
  return byte === 0x6e || byte === 0x72 || byte === 0x74 || byte === 0x62 || byte === 0x66 || byte === 0x76;
}

/** HTML's names of ASCII characters: secrets rarely contain others. */
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
