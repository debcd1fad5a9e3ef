/** A file as the only part of a multipart/form-data body, streamed, with an exact length. */

import { randomBytes } from 'node:crypto';
import { bytesBody, concatBodies, type SizedBody } from '../io/body.ts';

export interface FormBody {
  readonly contentType: string;
  readonly body: SizedBody;
}

/**
 * The form that uploads `content` as the file `filename`.
 *
 * @param field the form field's name
 * @see RFC 7578, and https://html.spec.whatwg.org/#multipart-form-data for quotes and line breaks in names
 */
export function fileForm(field: string, filename: string, content: SizedBody, boundary = newBoundary()): FormBody {
  const head =
    `--${boundary}\r\n` +
    `Content-Disposition: form-data; name="${escapeName(field)}"; filename="${escapeName(filename)}"\r\n` +
    'Content-Type: application/octet-stream\r\n\r\n';
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    body: concatBodies([bytesBody(head), content, bytesBody(`\r\n--${boundary}--\r\n`)]),
  };
}

/** Whether a name has characters that servers are known to interpret differently. */
export function needsEscaping(name: string): boolean {
  return /["\r\n]|%(?:0A|0D|22)/i.test(name);
}

function escapeName(name: string): string {
  return name.replaceAll('\n', '%0A').replaceAll('\r', '%0D').replaceAll('"', '%22');
}

// 144 random bits: no file contains them by chance.
function newBoundary(): string {
  return `----pipe${randomBytes(18).toString('base64url')}`;
}
