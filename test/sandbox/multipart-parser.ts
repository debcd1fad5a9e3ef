/** A streaming reader of multipart/form-data that accepts what correct clients send and nothing else. */

export interface MultipartPart {
  readonly name: string;
  /** Absent if the part is a plain field; may be empty. */
  readonly filename: string | undefined;
  readonly contentType: string | undefined;
}

export interface MultipartHandlers {
  onPart(part: MultipartPart): void;
  /** Gets a view of the bytes written; never empty. */
  onData(chunk: Buffer): void;
  onPartEnd(): void;
}

export class MultipartError extends Error {}

const maxHeaderBytes = 16 * 1024;
const crlf = Buffer.from('\r\n');
const dashes = Buffer.from('--');
const headerEnd = Buffer.from('\r\n\r\n');
const nothing = Buffer.alloc(0);

/** RFC 2046, section 5.1.1: 1 to 70 of these characters, the last of which is not a space. */
const boundaryGrammar = /^[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]$/;

/** The boundary in a Content-Type; undefined if that is not multipart/form-data. @throws MultipartError if it has no boundary */
export function multipartBoundary(contentType: string | undefined): string | undefined {
  const [type, ...parameters] = (contentType ?? '').split(';');
  if (type?.trim().toLowerCase() !== 'multipart/form-data') return undefined;
  const values = parameters
    .map((parameter) => /^\s*boundary=(?:"([^"\\]*)"|([!#$%&'*+.^_`|~0-9A-Za-z-]*))\s*$/i.exec(parameter))
    .filter((match) => match !== null)
    .map((match) => match[1] ?? match[2] ?? '');
  const [boundary] = values;
  if (boundary === undefined || values.length > 1 || !boundaryGrammar.test(boundary)) {
    throw new MultipartError(`no usable boundary in Content-Type ${contentType}`);
  }
  return boundary;
}

/**
 * RFC 2046, section 5.1.1, without the parts that RFC 7578 clients do not use (preamble, epilogue, transport padding):
 *
 *     body      = "--" boundary part *(delimiter part) delimiter "--" [CRLF]
 *     part      = CRLF 1*(header CRLF) CRLF *OCTET
 *     delimiter = CRLF "--" boundary
 */
export class MultipartParser {
  readonly #delimiter: Buffer;
  readonly #handlers: MultipartHandlers;
  #state: 'start' | 'after delimiter' | 'headers' | 'data' | 'epilogue' = 'start';
  #rest: Buffer = nothing;
  #epilogueBytes = 0;

  constructor(boundary: string, handlers: MultipartHandlers) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`);
    this.#handlers = handlers;
  }

  /** Whether the last delimiter has been read: at most a CRLF may follow. */
  get finished(): boolean {
    return this.#state === 'epilogue';
  }

  /** How many bytes may still follow the last delimiter. */
  get epilogueLeft(): number {
    return 2 - this.#epilogueBytes - this.#rest.length;
  }

  write(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = nothing;
    while (bytes.length > 0) {
      const used = this.#step(bytes);
      if (used === 0) {
        this.#rest = bytes;
        return;
      }
      bytes = bytes.subarray(used);
    }
  }

  /** To be called at the end of the body. */
  end(): void {
    if (!this.finished) throw new MultipartError('the body ends before its last boundary');
    if (this.#rest.length > 0) throw new MultipartError('the body does not end with its last boundary');
  }

  /** How many of the bytes were processed; 0 if more are needed first. */
  #step(bytes: Buffer): number {
    if (this.#state === 'start') return this.#readStart(bytes);
    if (this.#state === 'after delimiter') return this.#readAfterDelimiter(bytes);
    if (this.#state === 'headers') return this.#readHeaders(bytes);
    if (this.#state === 'data') return this.#readData(bytes);
    return this.#readEpilogue(bytes);
  }

  #readStart(bytes: Buffer): number {
    const opening = this.#delimiter.subarray(crlf.length);
    const length = Math.min(bytes.length, opening.length);
    if (!bytes.subarray(0, length).equals(opening.subarray(0, length))) {
      throw new MultipartError('the body does not begin with its boundary');
    }
    if (length < opening.length) return 0;
    this.#state = 'after delimiter';
    return length;
  }

  #readAfterDelimiter(bytes: Buffer): number {
    if (bytes.length < 2) return 0;
    const next = bytes.subarray(0, 2);
    if (next.equals(crlf)) this.#state = 'headers';
    else if (next.equals(dashes)) this.#state = 'epilogue';
    else throw new MultipartError('a boundary is followed by neither CRLF nor "--"');
    return 2;
  }

  #readHeaders(bytes: Buffer): number {
    const end = bytes.indexOf(headerEnd);
    if (end > maxHeaderBytes || (end < 0 && bytes.length > maxHeaderBytes)) {
      throw new MultipartError("a part's header is too long");
    }
    if (end < 0) return 0;
    this.#handlers.onPart(parsePartHeader(bytes.subarray(0, end)));
    this.#state = 'data';
    return end + headerEnd.length;
  }

  #readData(bytes: Buffer): number {
    const end = bytes.indexOf(this.#delimiter);
    if (end >= 0) {
      if (end > 0) this.#handlers.onData(bytes.subarray(0, end));
      this.#handlers.onPartEnd();
      this.#state = 'after delimiter';
      return end + this.#delimiter.length;
    }
    const length = bytes.length - this.#delimiterBegun(bytes);
    if (length > 0) this.#handlers.onData(bytes.subarray(0, length));
    return length;
  }

  /** How many of the last bytes may be the beginning of a delimiter. */
  #delimiterBegun(bytes: Buffer): number {
    const carriageReturn = 0x0d;
    let start = bytes.indexOf(carriageReturn, Math.max(0, bytes.length - this.#delimiter.length + 1));
    while (start >= 0) {
      const length = bytes.length - start;
      if (bytes.compare(this.#delimiter, 0, length, start) === 0) return length;
      start = bytes.indexOf(carriageReturn, start + 1);
    }
    return 0;
  }

  #readEpilogue(bytes: Buffer): number {
    if (this.#epilogueBytes + bytes.length > 2) throw new MultipartError('bytes follow the last boundary');
    if (bytes.length < 2) {
      if (bytes[0] !== crlf[0]) throw new MultipartError('bytes follow the last boundary');
      return 0;
    }
    if (!bytes.equals(crlf)) throw new MultipartError('bytes follow the last boundary');
    this.#epilogueBytes += 2;
    return 2;
  }
}

function parsePartHeader(bytes: Buffer): MultipartPart {
  const fields = new Map<string, string>();
  for (const line of decodeUtf8(bytes).split('\r\n')) {
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/s.exec(line) ?? [];
    // oxlint-disable-next-line no-control-regex -- control characters are rejected
    if (name === undefined || value === undefined || /[\u0000-\u0008\u000a-\u001f\u007f]/.test(value)) {
      throw new MultipartError(`a part's header has a malformed line: ${JSON.stringify(line)}`);
    }
    const key = name.toLowerCase();
    // RFC 7578, section 4.8: header fields other than these (and the deprecated transfer encoding) must not be sent.
    if (key !== 'content-disposition' && key !== 'content-type') {
      throw new MultipartError(`a part has the header ${name}`);
    }
    if (fields.has(key)) throw new MultipartError(`a part has the header ${name} twice`);
    fields.set(key, value);
  }
  const contentType = fields.get('content-type');
  if (contentType !== undefined && !/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:;.*)?$/.test(contentType)) {
    throw new MultipartError(`a part has the Content-Type ${JSON.stringify(contentType)}`);
  }
  return { ...parseDisposition(fields.get('content-disposition')), contentType };
}

/**
 *     disposition = "form-data" *(";" SP name "=" (token | DQUOTE *(CHAR | "\" DQUOTE) DQUOTE))
 *
 * Inside the quotes, %22, %0D and %0A stand for a quote, CR and LF (WHATWG HTML, "multipart/form-data encoding
 * algorithm"). Nothing else is decoded, except `\"` as a quote (curl --form-escape).
 */
function parseDisposition(value: string | undefined): { name: string; filename: string | undefined } {
  if (value === undefined) throw new MultipartError('a part has no Content-Disposition');
  const malformed = new MultipartError(`malformed Content-Disposition ${JSON.stringify(value)}`);
  if (!/^form-data(?:;|$)/i.test(value)) throw malformed;
  const parameters = new Map<string, string>();
  const grammar = /; ?([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:"((?:\\"|[^"])*)"|([!#$&'*+.^_`|~0-9A-Za-z-]+))/y;
  grammar.lastIndex = 'form-data'.length;
  while (grammar.lastIndex < value.length) {
    const [, name, quoted, token] = grammar.exec(value) ?? [];
    if (name === undefined) throw malformed;
    const key = name.toLowerCase();
    // RFC 7578, section 4.2: `filename*` must not be used.
    if ((key !== 'name' && key !== 'filename') || parameters.has(key)) throw malformed;
    parameters.set(key, token ?? decodeQuoted(quoted ?? ''));
  }
  const name = parameters.get('name');
  if (name === undefined) throw malformed;
  return { name, filename: parameters.get('filename') };
}

function decodeQuoted(quoted: string): string {
  const characters: Readonly<Record<string, string>> = { '\\"': '"', '%22': '"', '%0D': '\r', '%0A': '\n' };
  return quoted.replaceAll(/\\"|%22|%0D|%0A/g, (found) => characters[found] ?? found);
}

function decodeUtf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new MultipartError("a part's header is not UTF-8");
  }
}
