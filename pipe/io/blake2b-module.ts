/**
 * BLAKE2b's compression function as a WebAssembly module. JavaScript has no fast integers of 64 bits: in halves of 32 bits, it takes
 * more than ten times as long.
 *
 * @see RFC 7693, section 3, and https://www.w3.org/TR/wasm-core-1/, section 5 (the binary format)
 */

/** Where the memory has what, in bytes: the state and the initialization vector, of 64 bytes each, and then the input. */
export const memoryPositions = { state: 0, vector: 64, input: 128 } as const;
/** One page. */
export const memoryBytes = 64 * 1024;

/** What an instance of the module exports. */
export interface Blake2bExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  /**
   * Adds blocks of the memory to the state: from the one at `from` up to the one that ends at `to`.
   *
   * @param length the number of all bytes up to the end of the first of these blocks
   * @param finality -1 for the last block of all, otherwise 0
   */
  compress(this: void, from: number, to: number, length: bigint, finality: bigint): void;
}

/** The instructions in use. Those without a type in their name are of i64. */
const opcodes = {
  loop: 0x03,
  end: 0x0b,
  branchIf: 0x0d,
  get: 0x20,
  set: 0x21,
  tee: 0x22,
  load: 0x29,
  store: 0x37,
  constantI32: 0x41,
  constant: 0x42,
  lessI32: 0x49,
  addI32: 0x6a,
  add: 0x7c,
  xor: 0x85,
  rotate: 0x8a,
} as const;
const typeCodes = { i32: 0x7f, i64: 0x7e, function: 0x60, none: 0x40 } as const;
const sectionIds = { types: 1, functions: 3, memories: 5, exports: 7, code: 10 } as const;
/** The exponent of the alignment to 8 bytes. */
const alignmentExponent = 3;
/** The 128 bytes of a block, in signed LEB128. */
const blockBytesCode = [0x80, 0x01] as const;

/** The parameters of `compress`, and where its local variables begin: the work vector and the message, of 16 numbers each. */
const locals = { from: 0, to: 1, length: 2, finality: 3, work: 4, message: 20 } as const;

/** The four numbers of the work vector that each step of a round mixes (RFC 7693, section 3.2). */
const mixedNumbers = ['048c', '159d', '26ae', '37bf', '05af', '16bc', '278d', '349e'].map(digitsOf);

/** The message schedule (RFC 7693, section 2.7), a row for each round; the last two repeat the first two. */
const messageSchedule = [
  '0123456789abcdef',
  'ea489fd61c02b753',
  'b8c052fdae367194',
  '7931dcbe265a40f8',
  '905724afe1bc683d',
  '2c6a0b834d75fe19',
  'c51fed4a0763928b',
  'db7ec13950f4862a',
  '6fe9b308c2d714a5',
  'a2847615fb9e3cd0',
  '0123456789abcdef',
  'ea489fd61c02b753',
].map(digitsOf);

/** The module, of 6 kB. */
export function blake2bModule(): Uint8Array {
  const parameters = [typeCodes.i32, typeCodes.i32, typeCodes.i64, typeCodes.i64];
  const body = Uint8Array.from(compressBody());
  return Buffer.concat([
    Buffer.from('\0asm\u0001\0\0\0'),
    ...wasmSection(sectionIds.types, [1, typeCodes.function, parameters.length, ...parameters, 0]),
    ...wasmSection(sectionIds.functions, [1, 0]),
    ...wasmSection(sectionIds.memories, [1, 0, memoryBytes / 65_536]),
    ...wasmSection(sectionIds.exports, [2, ...wasmName('memory'), 2, 0, ...wasmName('compress'), 0, 0]),
    ...wasmSection(sectionIds.code, [1, ...unsignedLeb128(body.length)], body),
  ]);
}

/** RFC 7693, section 3.2, for one block after another; before it, the local variables. */
function compressBody(): readonly number[] {
  const { loop, end, branchIf, get, set, tee, load, store, constantI32, constant, lessI32, addI32, add, xor } = opcodes;
  const { from, to, length, finality, work, message } = locals;
  const code: number[] = [1, 32, typeCodes.i64, loop, typeCodes.none];
  for (let index = 0; index < 16; index++)
    code.push(get, from, load, alignmentExponent, 8 * index, set, message + index);
  for (let index = 0; index < 8; index++) {
    const [low, high, at] = [work + index, work + 8 + index, 8 * index];
    code.push(constantI32, 0, load, alignmentExponent, memoryPositions.state + at, set, low);
    code.push(constantI32, 0, load, alignmentExponent, memoryPositions.vector + at);
    if (index === 4) code.push(get, length, xor);
    if (index === 6) code.push(get, finality, xor);
    code.push(set, high);
  }
  for (const row of messageSchedule)
    for (const [step, numbers] of mixedNumbers.entries()) mix(code, numbers, row.slice(2 * step, 2 * step + 2));
  for (let index = 0; index < 8; index++) {
    const [low, high, at] = [work + index, work + 8 + index, memoryPositions.state + 8 * index];
    code.push(constantI32, 0, constantI32, 0, load, alignmentExponent, at);
    code.push(get, low, xor, get, high, xor, store, alignmentExponent, at);
  }
  code.push(get, length, constant, ...blockBytesCode, add, set, length);
  code.push(get, from, constantI32, ...blockBytesCode, addI32, tee, from, get, to, lessI32, branchIf, 0, end, end);
  return code;
}

/** RFC 7693, section 3.1, line by line. */
function mix(code: number[], numbers: readonly number[], words: readonly number[]): void {
  const { get, set, tee, constant, add, xor, rotate } = opcodes;
  const [a = 0, b = 0, c = 0, d = 0] = numbers.map((number) => locals.work + number);
  const [x = 0, y = 0] = words.map((word) => locals.message + word);
  code.push(get, a, get, b, add, get, x, add, tee, a);
  code.push(get, d, xor, constant, 32, rotate, tee, d);
  code.push(get, c, add, tee, c);
  code.push(get, b, xor, constant, 24, rotate, tee, b);
  code.push(get, a, add, get, y, add, tee, a);
  code.push(get, d, xor, constant, 16, rotate, tee, d);
  code.push(get, c, add, tee, c);
  code.push(get, b, xor, constant, 63, rotate, set, b);
}

function digitsOf(text: string): readonly number[] {
  return Array.from(text, (digit) => Number.parseInt(digit, 16));
}

function wasmSection(id: number, content: readonly number[], rest = new Uint8Array(0)): readonly Uint8Array[] {
  return [Uint8Array.of(id, ...unsignedLeb128(content.length + rest.length), ...content), rest];
}

function wasmName(text: string): readonly number[] {
  return [text.length, ...Buffer.from(text)];
}

/** A number in LEB128. */
function unsignedLeb128(value: number): readonly number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...unsignedLeb128(Math.floor(value / 128))];
}
