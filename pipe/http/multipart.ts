/** A multipart/form-data body: fields, and then one file, streamed, with an exact length. */

import { randomBytes } from 'node:crypto';
import { bytesBody, concatBodies, type SizedBody } from '../io/body.ts';

export interface FormBody {
  readonly contentType: string;
  readonly body: SizedBody;
}

/** The name and the value of a field; a name may be repeated. */
export type FormField = readonly [name: string, value: string];

/** The file of a form. */
export interface FormFile {
  /** The form field's name. */
  readonly field: string;
  readonly filename: string;
  readonly content: SizedBody;
}

/**
 * The form with these fields, and with the file as its last part.
 *
 * @see RFC 7578, and https://html.spec.whatwg.org/#multipart-form-data for quotes and line breaks in names
 */
export function formBody(
  fields: readonly FormField[],
  { field, filename, content }: FormFile,
  boundary = newBoundary(),
): FormBody {
  const head = [
    ...fields.map(([name, value]) => `${partHead(boundary, name)}\r\n\r\n${value}\r\n`),
    `${partHead(boundary, field)}; filename="${escapeName(filename)}"\r\n`,
    'Content-Type: application/octet-stream\r\n\r\n',
  ];
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    body: concatBodies([bytesBody(head.join('')), content, bytesBody(`\r\n--${boundary}--\r\n`)]),
  };
}

/** The form that uploads `content` as the file `filename`, and nothing else. @param field the form field's name */
export function fileForm(field: string, filename: string, content: SizedBody, boundary?: string): FormBody {
  return formBody([], { field, filename, content }, boundary);
}

/** Whether a name has characters that servers are known to interpret differently. */
export function needsEscaping(name: string): boolean {
  return /["\r\n]|%(?:0A|0D|22)/i.test(name);
}

function partHead(boundary: string, name: string): string {
  return `--${boundary}\r\nContent-Disposition: form-data; name="${escapeName(name)}"`;
}

function escapeName(name: string): string {
  return name.replaceAll('\n', '%0A').replaceAll('\r', '%0D').replaceAll('"', '%22');
}

// 144 random bits: no file contains them by chance.
function newBoundary(): string {
  return `----pipe${randomBytes(18).toString('base64url')}`;
}
