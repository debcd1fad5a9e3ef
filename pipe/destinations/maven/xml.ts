/** XML as in POMs and metadata: elements and text, without document types or custom entities. */

import { parseXml, XmlDocumentType, XmlElement, XmlText } from '@rgrove/parse-xml';
import { PipeError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';

/** An element, without its attributes, comments and processing instructions. */
export interface Element {
  readonly name: string;
  /** The text directly in the element, trimmed. */
  readonly text: string;
  readonly children: readonly Element[];
}

/** More than any POM or metadata needs: a metadata file of 10,000 versions has 0.4 MB. */
export const maxXmlBytes = 4 * 1024 * 1024;

/**
 * Tags, attributes, entities, and unusual characters: what the parser takes up to 500 bytes of memory for, however short it
 * is in the document. A metadata file of 50,000 versions has as many tags.
 */
const maxMarkup = 100_000;
/** For a document with a character outside of Unicode's first plane, the parser makes a table of all characters. */
const maxTableCharacters = 1024 * 1024;

/** A document that is not valid XML, or is not accepted. The message has the reason, not the document's name. */
export class XmlError extends PipeError {
  override readonly name = 'XmlError';
}

/**
 * How exactly a document is read. `lenient` reads what Maven reads in POMs: white space before the declaration, HTML
 * entities, Java's names of encodings, and bytes or characters that are not valid. What is outside of ASCII may then be
 * read wrongly; a document that is written again must be read strictly.
 */
export type Reading = 'strict' | 'lenient';

/** Parses a document into its root element. @throws XmlError */
export function parseElement(bytes: Uint8Array, reading: Reading = 'strict'): Element {
  if (bytes.length > maxXmlBytes) throw new XmlError(`it is larger than ${maxXmlBytes / 1024 / 1024} MB`);
  const isLenient = reading === 'lenient';
  const text = isLenient ? decodeLeniently(bytes) : decode(bytes);
  if (!isLenient && text.length > maxTableCharacters && /[\ud800-\udbff]/.test(text))
    throw new XmlError(`it has unusual characters, and is larger than ${maxTableCharacters / 1024 / 1024} MB`);
  // POMs and metadata never have one, but every entity attack does. The parser itself does not process it.
  const documentType = 'it has a document type (DOCTYPE), which is not allowed';
  try {
    const document = parseXml(text, { preserveDocumentType: true, ignoreUndefinedEntities: isLenient });
    if (document.children.some((node) => node instanceof XmlDocumentType)) throw new XmlError(documentType);
    if (document.root === null) throw new XmlError('it has no root element');
    return toElement(document.root);
  } catch (error) {
    if (error instanceof XmlError) throw error;
    if (/<!DOCTYPE/i.test(text)) throw new XmlError(documentType, { cause: error });
    // The parser is recursive.
    if (error instanceof RangeError) throw new XmlError('its elements are nested too deeply', { cause: error });
    // An excerpt follows on further lines.
    const [problem = ''] = (error as Error).message.split('\n', 1);
    throw new XmlError(`it is not valid XML: ${printable(problem)}`, { cause: error });
  }
}

/** The first child of that name; undefined if there is none. */
export function childOf(element: Element | undefined, name: string): Element | undefined {
  return element?.children.find((child) => child.name === name);
}

/** The text of the first child of that name; undefined if there is none, or it is empty. */
export function childText(element: Element | undefined, name: string): string | undefined {
  return childOf(element, name)?.text || undefined;
}

/** The children of that name of the first child `parent`, as in `<versions><version/>…</versions>`. */
export function childrenOf(element: Element | undefined, parent: string, name: string): readonly Element[] {
  return childOf(element, parent)?.children.filter((child) => child.name === name) ?? [];
}

/** The lines of an element and its children, indented by two spaces for each level, as Maven writes them. */
export function formatElement({ name, text, children }: Element, indent = ''): readonly string[] {
  if (children.length === 0) return [`${indent}<${name}>${escapeText(text)}</${name}>`];
  return [
    `${indent}<${name}>`,
    ...children.flatMap((child) => formatElement(child, `${indent}  `)),
    `${indent}</${name}>`,
  ];
}

/** An element that contains only text. */
export function leaf(name: string, text: string): Element {
  return { name, text, children: [] };
}

function toElement({ name, children }: XmlElement): Element {
  const text = children.map((child) => (child instanceof XmlText ? child.text : '')).join('');
  return {
    name,
    text: text.trim(),
    children: children.filter((child) => child instanceof XmlElement).map(toElement),
  };
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** @throws XmlError if a byte is not valid in the encoding */
function decode(bytes: Uint8Array): string {
  const encoding = markedEncoding(bytes) ?? declaredEncoding(bytes) ?? 'utf-8';
  try {
    return checkMarkup(new TextDecoder(encoding, { fatal: true }).decode(bytes));
  } catch (error) {
    if (error instanceof XmlError) throw error;
    throw new XmlError(`it cannot be decoded as ${encoding}`, { cause: error });
  }
}

/** What is not valid becomes U+FFFD, as Java reads it, and so does what is outside of Unicode's first plane. */
function decodeLeniently(bytes: Uint8Array): string {
  const encoding = markedEncoding(bytes) ?? guessedEncoding(bytes) ?? declaredEncoding(bytes) ?? 'utf-8';
  let decoder: TextDecoder;
  try {
    decoder = new TextDecoder(encoding);
  } catch {
    // ISO8859_1, Cp1252 and others in Java: supersets of ASCII, as a declaration that can be read shows.
    decoder = new TextDecoder('windows-1252');
  }
  return checkMarkup(decoder.decode(bytes)).trimStart().replaceAll(unusualCharacter, '\ufffd');
}

/** The document, if there is not too much of what `maxMarkup` limits. @throws XmlError */
function checkMarkup(text: string): string {
  let count = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    const isMarkup = unit === 0x3c || unit === 0x3d || unit === 0x26;
    const isUnusual = (unit < 0x20 && !/\s/.test(String.fromCharCode(unit))) || (unit >= 0xd800 && unit < 0xe000);
    if (isMarkup || isUnusual || unit > 0xfffd) count++;
  }
  if (count > maxMarkup) throw new XmlError(`it has more than ${maxMarkup} tags, attributes and entities`);
  return text;
}

/** All but the characters of XML 1.0, section 2.2, that are in Unicode's first plane. */
const unusualCharacter = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}]/gu;

/** By the byte order mark (XML 1.0, section 4.3.3 and appendix F). */
function markedEncoding([first, second]: Uint8Array): string | undefined {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  return first === 0xef ? 'utf-8' : undefined;
}

/** UTF-16 without a byte order mark, which begins with `<` and a NUL (XML 1.0, appendix F). */
function guessedEncoding([first, second]: Uint8Array): string | undefined {
  if (first === 0x3c && second === 0) return 'utf-16le';
  return first === 0 && second === 0x3c ? 'utf-16be' : undefined;
}

function declaredEncoding(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.subarray(0, 200)).toString('latin1');
  return /^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(start)?.[1];
}
