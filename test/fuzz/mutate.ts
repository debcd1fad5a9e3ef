/** Damages valid inputs a little, so that they get past the first check. */

import type { Random } from './random.ts';

/** Values that JSON permits and that readers do not expect; some break conversions to a string or a prototype. */
const oddValues = [
  null,
  [null],
  [],
  [[]],
  {},
  '',
  ' ',
  'x',
  true,
  false,
  0,
  -1,
  0.5,
  1e308,
  2 ** 53,
  'constructor',
  '__proto__',
  '\n✔ Uploaded',
  '\u009B1A\u001B[2K',
  '\uD800',
  { toString: 1, valueOf: null },
  { length: 1e9 },
  JSON.parse('{"then": 1}') as unknown,
  { toJSON: 1 },
  JSON.parse('{"__proto__": {"a": 1}}') as unknown,
  [1, '2', { three: [4] }],
] as const;

/** A copy of a JSON value with a few changes anywhere in it. */
export function mutateJson(value: unknown, random: Random): unknown {
  let result = structuredClone(value);
  for (let count = 1 + random.below(3); count > 0; count--) result = changeAnywhere(result, random);
  return result;
}

function changeAnywhere(value: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null || random.chance(0.15)) return changeValue(value, random);
  if (Array.isArray(value)) {
    const index = random.below(value.length + 1);
    const changed =
      index === value.length || random.chance(0.2) ? oddValue(random) : changeAnywhere(value[index], random);
    return random.chance(0.1) ? value.toSpliced(index, 1) : value.toSpliced(index, 1, changed);
  }
  const entries = Object.entries(value);
  const index = random.below(entries.length + 1);
  const [name = random.pick(['toString', '__proto__', 'length', 'then', 'x']), item] = entries[index] ?? [];
  const change = random.below(10);
  const changed: readonly [string, unknown][] =
    change === 0
      ? []
      : change === 1
        ? [[mutateText(name, random), item]]
        : change === 2
          ? [[name, oddValue(random)]]
          : [[name, changeAnywhere(item, random)]];
  return Object.fromEntries(entries.toSpliced(index, 1, ...changed));
}

function changeValue(value: unknown, random: Random): unknown {
  if (typeof value === 'string' && random.chance(0.7)) return mutateText(value, random);
  if (typeof value === 'number' && random.chance(0.5)) return random.pick([value + 1, -value, value * 1e15, value / 3]);
  return random.chance(0.1) ? [value] : oddValue(random);
}

function oddValue(random: Random): unknown {
  const depth = random.chance(0.02) ? 1 + random.below(200) : 0;
  let value = random.pick<unknown>(oddValues);
  for (let level = 0; level < depth; level++) value = random.chance(0.5) ? [value] : { a: value };
  return value;
}

const words = [
  '\0',
  '\n',
  '\r\n',
  '\t',
  ' ',
  '"',
  "'",
  '\\',
  '/',
  '//',
  '../',
  '..',
  '.',
  '-',
  '--',
  ':',
  '@',
  '=',
  ',',
  ';',
  '*',
  '**',
  '?',
  '!',
  '[',
  ']',
  '{',
  '}',
  '{a,b}',
  '{1..999999999}',
  '(',
  ')',
  '<',
  '>',
  '</',
  '<!--',
  '<![CDATA[',
  '<?xml',
  '<!DOCTYPE a [<!ENTITY e "e">]>',
  '&e;',
  '&#0;',
  '&amp;',
  '$',
  '${',
  '${project.version}',
  '%',
  '%00',
  '%2e%2e%2f',
  '#',
  '0',
  '-1',
  '1e999',
  '999999999999999999999',
  'NaN',
  'null',
  'true',
  '__proto__',
  'constructor',
  'sha256:',
  'http://',
  'file://',
  '\u001B[31m',
  '\u0085',
  '\u009B',
  '\u202E',
  '\u2028',
  '\uFEFF',
  '\uFFFD',
  '\uD800',
  '✔ ',
  'é',
  '漢',
  '🎉',
];

/** The text with a few changes. */
export function mutateText(text: string, random: Random): string {
  let result = text;
  for (let count = 1 + random.below(4); count > 0; count--) {
    const start = random.below(result.length + 1);
    const end = Math.min(result.length, start + random.below(random.chance(0.8) ? 4 : 64));
    const part = result.slice(start, end);
    const replacement = random.pick([
      () => '',
      () => random.pick(words),
      () => random.pick(words) + part,
      () => part + part,
      () => part.repeat(random.chance(0.1) ? 1 + random.below(3000) : 3),
      () => random.pick(words).repeat(random.chance(0.1) ? 1 + random.below(3000) : 3),
      () => String.fromCharCode(random.below(random.chance(0.8) ? 0x100 : 0x1_00_00)),
      () => part.toUpperCase(),
      () => Array.from(part).toReversed().join(''),
    ])();
    result = result.slice(0, start) + replacement + result.slice(end);
  }
  return result;
}

/** The bytes with a few changes. */
export function mutateBytes(bytes: Buffer, random: Random): Buffer {
  let result: Buffer = Buffer.from(bytes);
  for (let count = 1 + random.below(4); count > 0; count--) {
    const at = random.below(result.length + 1);
    const length = Math.min(result.length - at, random.below(random.chance(0.7) ? 9 : 1025));
    const splice = (inserted: Uint8Array, removed = length): Buffer =>
      Buffer.concat([result.subarray(0, at), inserted, result.subarray(at + removed)]);
    const noise = (): Buffer => Buffer.from(Array.from({ length: Math.max(1, length) }, () => random.below(256)));
    result = random.pick([
      () => splice(Buffer.of(random.below(256)), 1),
      () => splice(Buffer.of(random.pick([0, 0xff, 0x7f, 0x80, 0x20, 0x30, 0x37])), 1),
      () => splice(Buffer.alloc(length, random.pick([0, 0xff, 0x20, 0x39]))),
      () => splice(noise()),
      () => splice(noise(), 0),
      () => splice(Buffer.alloc(0)),
      () => splice(result.subarray(at, at + length), 0),
      () => result.subarray(0, at),
      () => swapBlocks(result, random),
    ])();
  }
  return result;
}

/** Repeats, drops or exchanges blocks of 512 bytes, of which tar archives are made. */
function swapBlocks(bytes: Buffer, random: Random): Buffer {
  const blocks = Array.from({ length: Math.ceil(bytes.length / 512) }, (_, index) =>
    bytes.subarray(index * 512, (index + 1) * 512),
  );
  if (blocks.length === 0) return bytes;
  const block = random.pick(blocks);
  return Buffer.concat(blocks.toSpliced(random.below(blocks.length), random.below(2), block));
}
