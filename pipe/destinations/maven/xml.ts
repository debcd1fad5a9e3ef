/** XML as POMs and metadata have it: elements and text, without document types, entities of their own, or surprises. */

import { parseXml, XmlDocumentType, XmlElement, XmlText } from '@rgrove/parse-xml';
import { PipeError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';

/** An element; attributes, comments and processing instructions are not kept. */
export interface Element {
  readonly name: string;
  /** The text right in it, without white space around it. */
  readonly text: string;
  readonly children: readonly Element[];
}

/** Nothing that describes an artifact is longer: a metadata file of 10,000 versions has 0.4 MB. */
export const maxXmlBytes = 4 * 1024 * 1024;
/** A document that is not XML, or of a kind that is not read. The message says why, and not where. */
export class XmlError extends PipeError {
  override readonly name = 'XmlError';
}

/** The root element. @throws XmlError */
export function parseElement(bytes: Uint8Array): Element {
  if (bytes.length > maxXmlBytes) throw new XmlError(`it is longer than ${maxXmlBytes / 1024 / 1024} MB`);
  const text = decode(bytes);
  // No POM and no metadata has one, and every attack by entities does. The parser itself reads none of it.
  const documentType = 'it has a document type (DOCTYPE), which is never read';
  try {
    const document = parseXml(text, { preserveDocumentType: true });
    if (document.children.some((node) => node instanceof XmlDocumentType)) throw new XmlError(documentType);
    if (document.root === null) throw new XmlError('it has no element');
    return toElement(document.root);
  } catch (error) {
    if (error instanceof XmlError) throw error;
    if (/<!DOCTYPE/i.test(text)) throw new XmlError(documentType, { cause: error });
    // The parser calls itself for each level.
    if (error instanceof RangeError) throw new XmlError('its elements are nested too deeply', { cause: error });
    // The message goes on with an excerpt, on lines of its own.
    const [problem = ''] = (error as Error).message.split('\n', 1);
    throw new XmlError(`it is not XML: ${printable(problem)}`, { cause: error });
  }
}

/** The first child of that name. */
export function childOf(element: Element | undefined, name: string): Element | undefined {
  return element?.children.find((child) => child.name === name);
}

/** The text of the first child of that name; undefined where there is none, or nothing in it. */
export function childText(element: Element | undefined, name: string): string | undefined {
  return childOf(element, name)?.text || undefined;
}

/** The children of that name of the first child `parent`, as in `<versions><version/>…</versions>`. */
export function childrenOf(element: Element | undefined, parent: string, name: string): readonly Element[] {
  return childOf(element, parent)?.children.filter((child) => child.name === name) ?? [];
}

/** Lines of an element and all that is in it, each level two spaces further in, as Maven writes them. */
export function formatElement({ name, text, children }: Element, indent = ''): readonly string[] {
  if (children.length === 0) return [`${indent}<${name}>${escapeText(text)}</${name}>`];
  return [
    `${indent}<${name}>`,
    ...children.flatMap((child) => formatElement(child, `${indent}  `)),
    `${indent}</${name}>`,
  ];
}

/** An element that holds text. */
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

/** XML 1.0, 4.3.3 and appendix F: by the byte order mark, else by the declaration, else UTF-8. */
function decode(bytes: Uint8Array): string {
  const declared = /^<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(
    Buffer.from(bytes.subarray(0, 200)).toString('latin1'),
  )?.[1];
  const [first, second] = bytes;
  const marked =
    first === 0xff && second === 0xfe
      ? 'utf-16le'
      : first === 0xfe && second === 0xff
        ? 'utf-16be'
        : first === 0xef
          ? 'utf-8'
          : undefined;
  const encoding = marked ?? declared ?? 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (error) {
    throw new XmlError(`it is not text in ${encoding}`, { cause: error });
  }
}
