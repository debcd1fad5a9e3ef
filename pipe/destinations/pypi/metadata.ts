/**
 * Reads core metadata, METADATA in a wheel and PKG-INFO in a source distribution, as Python's `packaging` and twine do: headers
 * of an email, and the description as its body.
 *
 * @see https://packaging.python.org/en/latest/specifications/core-metadata/
 */

import { InputError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';
import { isProjectName } from './names.ts';
import { canonicalVersion } from './version.ts';

/** The metadata of a distribution. */
export interface CoreMetadata {
  readonly name: string;
  readonly version: string;
  readonly metadataVersion: string;
  /** The values by header, in lower case, in the order of the document; `description` may be the body. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** About headers that are left out. */
  readonly warnings: readonly string[];
}

/** Headers that may be there once. */
const single = [
  'metadata-version',
  'name',
  'version',
  'summary',
  'description',
  'description-content-type',
  'keywords',
  'home-page',
  'download-url',
  'author',
  'author-email',
  'maintainer',
  'maintainer-email',
  'license',
  'license-expression',
  'requires-python',
] as const;

/** Headers that may be repeated. */
const repeated = [
  'platform',
  'supported-platform',
  'classifier',
  'requires',
  'provides',
  'obsoletes',
  'requires-dist',
  'provides-dist',
  'obsoletes-dist',
  'requires-external',
  'project-url',
  'provides-extra',
  'dynamic',
  'license-file',
  'import-name',
  'import-namespace',
] as const;

const known: ReadonlySet<string> = new Set([...single, ...repeated]);

/** Those of the specification, and 2.0, which old builders wrote. */
const metadataVersion = /^(?:1\.[0-2]|2\.\d+)$/;
const metadataAdvice =
  'Correct it where the metadata comes from (pyproject.toml, setup.cfg or setup.py), and build the package anew with current tools (pip install -U build; python -m build). A file that was edited by hand must keep the headers Metadata-Version, Name and Version.';
const lineBreak = /\r\n|\r|\n/;
/** One that the specification gives or will give, in ASCII, as Python's email package recognises it. */
const header = /^([!-9;-~]+):[ \t]*(.*)$/s;

/**
 * Reads a document.
 *
 * @param where names the document in messages
 * @throws InputError naming every problem: it is not UTF-8, lacks a required header, repeats one that must be there once, or has a
 *   name or version that is not valid
 */
export function readMetadata(bytes: Uint8Array, where: string): CoreMetadata {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new InputError(`${where} is not valid UTF-8: build the package anew`, { cause: error });
  }
  const { headers, body } = parse(text);
  if (body !== '') headers.set('description', [...(headers.get('description') ?? []), body]);
  const problems: string[] = [];
  for (const name of single)
    if ((headers.get(name)?.length ?? 0) > 1) problems.push(`has several values for ${headerName(name)}`);
  const required = (name: (typeof single)[number]): string => {
    const value = headers.get(name)?.[0]?.trim() ?? '';
    if (value === '') problems.push(`has no ${headerName(name)}`);
    return value;
  };
  const found = {
    metadataVersion: required('metadata-version'),
    name: required('name'),
    version: required('version'),
  };
  if (found.metadataVersion !== '' && !metadataVersion.test(found.metadataVersion))
    problems.push(`has the Metadata-Version ${JSON.stringify(found.metadataVersion)}, which no index knows`);
  if (found.name !== '' && !isProjectName(found.name))
    problems.push(
      `has the Name ${JSON.stringify(found.name)}, which is not valid: use letters, digits, "-", "_" and "."`,
    );
  if (found.version !== '' && canonicalVersion(found.version) === undefined)
    problems.push(`has the Version ${JSON.stringify(found.version)}, which is not valid (PEP 440; for example 1.2.3)`);
  if (lineBreak.test(headers.get('summary')?.[0] ?? ''))
    problems.push('has a Summary of several lines, which indexes refuse');
  const labels = (headers.get('project-url') ?? []).map((value) => value.split(',', 1)[0]?.trim());
  if (new Set(labels).size < labels.length) problems.push('has two Project-URLs with the same label');
  if (problems.length > 0)
    throw new InputError(
      problems.map((problem) => `${where} ${problem}`),
      { advice: metadataAdvice },
    );
  const unknown = [...headers.keys()].filter((name) => !known.has(name));
  for (const name of unknown) headers.delete(name);
  return {
    ...found,
    headers,
    warnings: unknown.map(
      (name) => `${where} has the unknown header ${printable(headerName(name))}, which is left out`,
    ),
  };
}

/** Headers end at the first line that is neither a header nor its continuation: an empty line, or else the body's first. */
function parse(text: string): { readonly headers: Map<string, readonly string[]>; readonly body: string } {
  const headers = new Map<string, string[]>();
  let last: string[] | undefined;
  for (let position = 0; position < text.length;) {
    const { line, end } = lineAt(text, position);
    const isContinuation = /^[ \t]/.test(line);
    const [, name, value = ''] = isContinuation ? [] : (header.exec(line) ?? []);
    if (isContinuation && last !== undefined) last.push(`${last.pop() ?? ''}\n${line}`);
    else if (name !== undefined) {
      const key = name.toLowerCase();
      last = headers.get(key) ?? [];
      last.push(value);
      headers.set(key, last);
    } else return { headers, body: text.slice(line === '' ? end : position) };
    position = end;
  }
  return { headers, body: '' };
}

/** The line that begins at `position`, without its end, and where the next one begins. */
function lineAt(text: string, position: number): { readonly line: string; readonly end: number } {
  let index = position;
  while (index < text.length && text[index] !== '\n' && text[index] !== '\r') index++;
  const line = text.slice(position, index);
  return { line, end: index + (text.startsWith('\r\n', index) ? 2 : 1) };
}

/** `requires-dist` as the specification writes it: `Requires-Dist`. */
function headerName(name: string): string {
  return name.replaceAll(/(?:^|-)[a-z]/g, (start) => start.toUpperCase()).replace(/-Url$/, '-URL');
}
