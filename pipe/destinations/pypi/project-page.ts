/**
 * Reads a project's page in a simple index: its files, with their hashes, from JSON or HTML.
 *
 * @see https://packaging.python.org/en/latest/specifications/simple-repository-api/ (PEP 503 and PEP 691)
 */

import { InputError } from '../../errors.ts';
import { asList, asObject, asString, isRecord } from '../../io/json.ts';

/** A file, as an index lists it. */
export interface IndexFile {
  /** Without the hash at its end. */
  readonly url: URL;
  /** Lower-case hexadecimal digits; undefined if the index gives no SHA-256. */
  readonly sha256: string | undefined;
}

/** The files of a project by name. */
export type ProjectFiles = ReadonlyMap<string, IndexFile>;

/** The forms of a page that can be read, as `Accept` names them, the best first. */
export const pageTypes = [
  'application/vnd.pypi.simple.v1+json',
  'application/vnd.pypi.simple.v1+html;q=0.2',
  'text/html;q=0.1',
].join(', ');

/** Whether a page of this type is JSON. */
export function isJsonPage(contentType: string): boolean {
  return /^application\/(?:[\w.]+\+)?json\b/i.test(contentType);
}

/** Reads a JSON document. @param base the URL of the page @throws InputError if it is not a project's page */
export function readJsonPage(document: unknown, base: URL): ProjectFiles {
  const { meta, files } = asObject(document, 'it');
  const version = isRecord(meta) ? meta['api-version'] : undefined;
  if (typeof version !== 'string' || !version.startsWith('1.')) throw new InputError('its meta.api-version is not 1');
  return new Map(
    asList(files, 'files').map((value, index) => {
      const { filename, url, hashes } = asObject(value, `files[${index}]`);
      const sha256 = isRecord(hashes) ? hashes['sha256'] : undefined;
      const file = fileOf(asString(url, `files[${index}].url`), base);
      if (file === undefined) throw new InputError(`files[${index}].url is not a web address`);
      const digest = typeof sha256 === 'string' ? toSha256(sha256) : undefined;
      return [asString(filename, `files[${index}].filename`), { url: file.url, sha256: digest }];
    }),
  );
}

const href = /\shref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/i;
/** What the specification puts into the page, or into its title: a sign-in page has neither. */
const marks = /<meta\s[^<>]*pypi:repository-version|<(?:title|h1)>[^<]*\blinks\b/i;
const distribution = /\.(?:whl|tar\.gz|tgz|tar\.bz2|tar\.xz|zip|egg|exe|msi|rpm|deb|dmg)$/i;

/** Reads an HTML page. @param base the URL of the page @throws InputError if it is not a project's page */
export function readHtmlPage(text: string, base: URL): ProjectFiles {
  const files = new Map<string, IndexFile>();
  for (const tag of anchorTags(text)) {
    const [, quoted, single, bare] = href.exec(tag) ?? [];
    const file = fileOf(unescaped(quoted ?? single ?? bare ?? ''), base);
    const name = file === undefined ? undefined : lastSegment(file.url);
    if (file !== undefined && name !== undefined && distribution.test(name)) files.set(name, file);
  }
  if (files.size === 0 && !marks.test(text))
    throw new InputError('it has no file, and nothing that such a page begins with');
  return files;
}

/**
 * The tags of links, outside comments. A pattern for a whole tag would try the rest of the page again from each tag that is not
 * closed.
 */
function* anchorTags(text: string): Generator<string> {
  const start = /<a\s|<!--(?:-?>)?/gi;
  const next = /[>"']/g;
  const commentEnd = /--!?>/g;
  for (let found = start.exec(text); found !== null; found = start.exec(text)) {
    if (found[0].startsWith('<!')) {
      // Browsers take `<!-->` and `<!--->` for whole comments.
      if (found[0].endsWith('>')) continue;
      commentEnd.lastIndex = start.lastIndex;
      if (commentEnd.exec(text) === null) return;
      start.lastIndex = commentEnd.lastIndex;
      continue;
    }
    next.lastIndex = start.lastIndex;
    for (let mark = next.exec(text); mark?.[0] !== '>'; mark = next.exec(text)) {
      if (mark === null) return;
      const end = text.indexOf(mark[0], next.lastIndex);
      if (end === -1) return;
      next.lastIndex = end + 1;
    }
    yield text.slice(found.index, next.lastIndex);
    start.lastIndex = next.lastIndex;
  }
}

/** The file of a link, with `#sha256=…`; undefined if it is not a web address. */
function fileOf(address: string, base: URL): IndexFile | undefined {
  const url = URL.parse(address, base.href);
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined;
  const sha256 = toSha256(/[#&]sha256=([0-9a-f]+)/i.exec(url.hash)?.[1] ?? '');
  url.hash = '';
  return { url, sha256 };
}

function lastSegment({ pathname }: URL): string | undefined {
  try {
    return decodeURIComponent(pathname.replace(/^.*\//, ''));
  } catch {
    return undefined;
  }
}

function toSha256(digits: string): string | undefined {
  return /^[0-9a-f]{64}$/i.test(digits) ? digits.toLowerCase() : undefined;
}

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  quot: '"',
  lt: '<',
  gt: '>',
  '#39': "'",
  '#x27': "'",
  '#43': '+',
};

function unescaped(text: string): string {
  return text.replaceAll(/&(#?\w+);/g, (whole, name: string) => entities[name] ?? whole);
}
