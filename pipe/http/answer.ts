/** An HTTP answer whose status was accepted, and ways to read its body within limits. */

import { InputError, PipeError, UnexpectedAnswerError } from '../errors.ts';
import { readWhole } from '../io/bounded-read.ts';
import { parseJson } from '../io/json.ts';
import { printable } from '../toolkit/stdout.ts';
import { printableUrl } from './printable-url.ts';

export interface Answer {
  readonly status: number;
  /** The URL that answered, which a redirect may have changed. */
  readonly url: URL;
  /** The first value of a header. */
  readonly header: (name: string) => string | undefined;
  /** All values of a header that may be repeated. */
  readonly headerValues: (name: string) => readonly string[];
  /** Can be read once; throws if the connection ends early. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** The whole body. @throws PipeError beyond `maxBytes` @throws UnexpectedAnswerError if it is compressed */
export async function readBytes(answer: Answer, maxBytes: number): Promise<Buffer> {
  refuseEncoded(answer);
  const bytes = await readWhole(answer.body, maxBytes);
  if (bytes === undefined) throw new PipeError(`the answer from ${answer.url.host} is longer than ${maxBytes} bytes`);
  return bytes;
}

/** The pipe asks for no encoding, but RFC 9110, 12.5.3, lets a server choose one nevertheless. */
function refuseEncoded({ header, status, url }: Answer): void {
  const encoding = header('content-encoding') ?? 'identity';
  if (encoding === 'identity') return;
  throw new UnexpectedAnswerError(
    `${printableUrl(url)} answered ${status} with a body in the encoding ${printable(encoding)}, which was not asked for`,
    { status, isForeign: true },
  );
}

/** The whole body as a string, decoded as UTF-8. @throws PipeError beyond `maxBytes` */
export async function readText(answer: Answer, maxBytes: number): Promise<string> {
  return (await readBytes(answer, maxBytes)).toString('utf8');
}

/** The whole body as JSON. @throws UnexpectedAnswerError if it is not JSON @throws PipeError beyond `maxBytes` */
export async function readJson(answer: Answer, maxBytes: number): Promise<unknown> {
  return parseAnswer(answer, await readBytes(answer, maxBytes), 'JSON', (document) => document);
}

/**
 * Parses an answer's body as a JSON document of an expected shape.
 *
 * @param bytes the whole body
 * @param what the document, for messages: `a listing of downloads`
 * @param read extracts the values from the document, and throws an InputError if they are missing; see io/json.ts
 * @throws UnexpectedAnswerError if the body is not JSON or has another shape
 */
export function parseAnswer<T>(answer: Answer, bytes: Uint8Array, what: string, read: (document: unknown) => T): T {
  refuseEncoded(answer);
  const { url, status } = answer;
  try {
    return read(parseJson(bytes, 'it'));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new UnexpectedAnswerError(
      `${printableUrl(url)} answered ${status} with something that is not ${what}: ${error.message}`,
      { status, isForeign: true },
      { cause: error },
    );
  }
}

/** More than this is not worth reading: a new connection takes less time. */
const maxDiscardedBytes = 1024 * 1024;

/** Reads and discards the body, so that the connection can serve the next request; closes it if the body is long. */
export async function discard(answer: Answer): Promise<void> {
  let length = 0;
  for await (const chunk of answer.body) {
    length += chunk.length;
    if (length > maxDiscardedBytes) break;
  }
}
