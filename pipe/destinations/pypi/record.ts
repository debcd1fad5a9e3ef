/**
 * RECORD, the list of a wheel's files with their hashes.
 *
 * @see https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-record-file
 */

import { InputError } from '../../errors.ts';
import type { Algorithm } from '../../io/hashes.ts';

/** What RECORD says of a file. */
export interface RecordedFile {
  /** Undefined if there is none, as for RECORD itself. */
  readonly hash: { readonly algorithm: Extract<Algorithm, `sha${string}`>; readonly hex: string } | undefined;
  /** In bytes; undefined if it is not given. */
  readonly size: number | undefined;
}

const algorithms = ['sha256', 'sha384', 'sha512'] as const;

/*
 * record = *(path "," [hash] "," [size] line-end), as in Python's csv module
 * field  = *(any character but quote, comma and line break) / quote *(any character but quote / quote quote) quote
 */
// Without a choice for each character, of which an engine keeps track: a name of 10 MB would be too long for it.
const field = /(?:"([^"]*(?:""[^"]*){0,1000})"|([^",\r\n]*))(,|\r\n|\n|\r|$)/y;

/**
 * Reads RECORD.
 *
 * @param where names it in messages
 * @returns the files by path
 * @throws InputError if it is not valid, lists a file twice, or has a hash that a wheel must not have (PEP 427)
 */
export function readRecord(bytes: Uint8Array, where: string): ReadonlyMap<string, RecordedFile> {
  const files = new Map<string, RecordedFile>();
  const text = Buffer.from(bytes).toString('utf8');
  for (const [row, fields] of rowsOf(text, where)) {
    const [path = '', hash = '', size = ''] = fields;
    if (fields.length === 1 && path === '') continue;
    const line = `${where}, row ${row}`;
    if (fields.length > 3 || path === '') throw new InputError(`${line} is not "path,hash,size": build the wheel anew`);
    if (files.has(path)) throw new InputError(`${line} lists ${path} again: build the wheel anew`);
    if (size !== '' && !/^\d{1,15}$/.test(size)) throw new InputError(`${line} has the size ${JSON.stringify(size)}`);
    files.set(path, {
      hash: hash === '' ? undefined : readHash(hash, line),
      size: size === '' ? undefined : Number(size),
    });
  }
  return files;
}

/** `sha256=` and base64 without padding, with the alphabet of URLs. */
function readHash(text: string, line: string): RecordedFile['hash'] {
  const [, name, value = ''] = /^(\w+)=([A-Za-z0-9_-]+)=*$/.exec(text) ?? [];
  const algorithm = algorithms.find((each) => each === name);
  if (algorithm === undefined)
    throw new InputError(`${line} has the hash ${JSON.stringify(text)}: a wheel must have SHA-256 or better (PEP 427)`);
  return { algorithm, hex: Buffer.from(value, 'base64url').toString('hex') };
}

function* rowsOf(text: string, where: string): Generator<readonly [row: number, fields: readonly string[]]> {
  let fields: string[] = [];
  let row = 1;
  for (field.lastIndex = 0; field.lastIndex < text.length;) {
    const found = field.exec(text);
    if (found === null) throw new InputError(`${where} is not valid CSV in row ${row}: build the wheel anew`);
    const [, quoted, plain = '', end] = found;
    fields.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === ',') {
      if (field.lastIndex === text.length) fields.push('');
      else continue;
    }
    yield [row++, fields];
    fields = [];
  }
}
