/** A file as the one part of a multipart/form-data body, streamed, with an exact length. */

import { randomBytes } from 'node:crypto';
import { bytesBody, concatBodies, type SizedBody } from '../../io/body.ts';

export interface FormBody {
  readonly contentType: string;
  readonly body: SizedBody;
}

/**
 * @param field the form field's name
 * @see RFC 7578, and for names with quotes and line breaks https://html.spec.whatwg.org/#multipart-form-data
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

/** Whether a name has characters that servers are known to read in different ways. */
export function needsEscaping(name: string): boolean {
  return /["\r\n]|%(?:0A|0D|22)/i.test(name);
}

function escapeName(name: string): string {
  return name.replaceAll('\n', '%0A').replaceAll('\r', '%0D').replaceAll('"', '%22');
}

// 144 random bits: no file holds it but by being made from it.
function newBoundary(): string {
  return `----pipe${randomBytes(18).toString('base64url')}`;
}
