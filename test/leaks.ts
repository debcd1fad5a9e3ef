/** Finds a secret, or a piece of one, in a text, in any encoding. Independent of the code that it checks. */

import { expect } from '@jest/globals';

/** A piece of a secret this long is a leak. A shorter secret leaks only as a whole. */
const pieceLength = 12;
/** Of a secret of at least 16 characters, so is a shorter piece that cannot be a word. */
const shortPiece = /^(?=.*(?:[a-z]\d|\d[a-z]))[!#-&(-*,-[\]-~]{8}$/i;
/** Escapes within escapes within escapes. */
const maxDepth = 3;

type Reader = readonly [way: string, read: (text: string) => string];

const names: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  equals: '=',
  plus: '+',
  sol: '/',
  lowbar: '_',
  newline: '\n',
};

/** Each reverses one way to escape a text. */
const unescapes: readonly Reader[] = [
  ['URL', (text) => text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (run) => fromHex(run.replaceAll('%', '')))],
  [
    'JSON',
    (text) =>
      text.replaceAll(
        /\\(?:u([0-9a-f]{4})|x([0-9a-f]{2})|([^]))/gi,
        (_, unit?: string, byte?: string, letter?: string) =>
          letter === undefined ? codeUnit(unit ?? byte ?? '', 16) : /[nrtbf]/.test(letter) ? ' ' : letter,
      ),
  ],
  [
    'HTML',
    (text) =>
      text
        .replaceAll(/&#(\d{1,6});/g, (_, decimal: string) => codeUnit(decimal, 10))
        .replaceAll(/&#x([0-9a-f]{1,5});/gi, (_, hex: string) => codeUnit(hex, 16))
        .replaceAll(/&([a-z]+);/gi, (whole, name: string) => names[name.toLowerCase()] ?? whole),
  ],
];

/** Each decodes everything in a text that may be encoded. */
const decodings: readonly Reader[] = [
  ...[0, 1, 2, 3].map((skip): Reader => [
    'base64',
    (text) =>
      (text.match(/[\w+/-]{8,}/g) ?? []).map((run) => Buffer.from(run.slice(skip), 'base64').toString()).join('\n'),
  ]),
  ...[0, 1].map((skip): Reader => [
    'hex',
    (text) =>
      (text.match(/(?:(?:0x)?[0-9a-f]{1,2}[:, -]{0,2}){6,}/gi) ?? [])
        .map((run) => fromHex(run.replaceAll(/0x|[:, -]/gi, '').slice(skip)))
        .join('\n'),
  ]),
];

/** The end of a longer token is enough to find it. */
const maxIssuedCharacters = 100;

/**
 * Fails the test if `output` contains a secret of the environment, or one that a server issued. Short ones are ignored: they
 * may be words of the log.
 */
export function expectNoLeaks(
  output: string,
  env: Readonly<Record<string, string | undefined>>,
  issued: readonly string[] = [],
): void {
  const given = Object.entries(env).flatMap(([name, value = '']) => [
    ...(/TOKEN|PASSWORD/.test(name) ? [[name, value] as const] : []),
    ...[...value.matchAll(/:\/\/[^\s/:@]*:([^\s/@]+)@/g)].flatMap(([, password = '']) => [
      [`a password in ${name}`, password] as const,
      [`a password in ${name}`, decodeURIComponent(password)] as const,
    ]),
  ]);
  const others = issued.map((secret) => ['a secret that a server issued', secret.slice(-maxIssuedCharacters)] as const);
  for (const [name, value] of [...given, ...others]) {
    if (value.length >= pieceLength) expect({ name, leaks: findLeaks(output, value) }).toEqual({ name, leaks: [] });
  }
}

/** The encodings in which `secret`, or a piece of it, occurs in `text`. */
export function findLeaks(text: string, secret: string): readonly string[] {
  const hasPiece = searchFor(secret);
  const hasSqueezedPiece = searchFor(squeeze(secret));
  const ways = new Set<string>();
  const look = (way: string, read: string): void => {
    if (hasPiece(read)) ways.add(way);
    else if (hasSqueezedPiece(squeeze(read))) ways.add(`${way}, wrapped`);
  };
  for (const [way, read] of allReadings(text)) look(way, read);
  return [...ways];
}

let latest: { readonly text: string; readonly read: readonly (readonly [way: string, read: string])[] } | undefined;

/** The readings of the latest text are kept: most texts are searched for several secrets in turn. */
function allReadings(text: string): readonly (readonly [way: string, read: string])[] {
  if (latest?.text === text) return latest.read;
  const read = readings(text).flatMap(([way, plain]) => {
    const squeezed = squeeze(plain);
    return [
      [way, plain] as const,
      ...decodings.flatMap(([code, decode]) => [
        [`${way} ${code}`, decode(plain)] as const,
        [`${way} ${code}, wrapped`, decode(squeezed)] as const,
      ]),
    ];
  });
  latest = { text, read };
  return read;
}

/** The text as it is, and as it reads after undoing escapes in any order. */
function readings(text: string): readonly (readonly [way: string, read: string])[] {
  const known = new Map<string, string>([[text, 'raw']]);
  let latest = [...known];
  for (let depth = 0; depth < maxDepth; depth++) {
    const found = latest.flatMap(([read, way]) =>
      unescapes.map(([name, undo]) => [undo(read), way === 'raw' ? name : `${way}, ${name}`] as const),
    );
    latest = [...new Map(found.filter(([read]) => !known.has(read)))];
    for (const [read, way] of latest) known.set(read, way);
  }
  return [...known].map(([read, way]) => [way, read]);
}

/** Returns whether a text contains any piece of the secret. Each piece contains one of a few halves: those are searched first. */
function searchFor(secret: string): (text: string) => boolean {
  if (secret.length <= pieceLength) return (text) => text.includes(secret);
  const half = 4;
  const starts = Array.from({ length: secret.length - half + 1 }, (_, start) => start);
  const halves = starts.filter((start) => start % half === 0).map((start) => secret.slice(start, start + half));
  const ofLength = (length: number): readonly string[] =>
    starts.map((start) => secret.slice(start, start + length)).filter((piece) => piece.length === length);
  const pieces = [
    ...ofLength(pieceLength),
    ...(secret.length < 16 ? [] : ofLength(8).filter((piece) => shortPiece.test(piece))),
  ];
  return (text) => halves.some((part) => text.includes(part)) && pieces.some((piece) => text.includes(piece));
}

/** Removes line breaks from wrapping, and both spaces and the `+` that stands for them in forms. */
function squeeze(text: string): string {
  return text.replaceAll(/[\s+]+/g, '');
}

function fromHex(digits: string): string {
  return Buffer.from(digits, 'hex').toString();
}

function codeUnit(digits: string, base: number): string {
  return String.fromCharCode(Number.parseInt(digits, base));
}
