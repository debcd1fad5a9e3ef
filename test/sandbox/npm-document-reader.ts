/** Reads a document that publishes a version as it arrives: the tarball in it is decoded while streaming, and never held in memory. */
import { Refusal } from './answers.ts';
import { npmError } from './npm-answers.ts';

const attachments = '"_attachments":';
const data = '"data":"';
/** Limit for everything except the tarball. */
const maxTextBytes = 32 * 1024 * 1024;
const quote = 0x22;

export class NpmDocumentReader {
  readonly #onContent: (decoded: Buffer) => Promise<void> | undefined;
  #before = '';
  #after = '';
  #state: 'before' | 'data' | 'after' = 'before';
  #rest = '';
  #isPadded = false;

  constructor(onContent: (decoded: Buffer) => Promise<void> | undefined) {
    this.#onContent = onContent;
  }

  /** As latin1, so that every byte is one character. */
  read(chunk: Buffer): Promise<void> | undefined {
    if (this.#state === 'before') return this.#readBefore(chunk);
    return this.#state === 'data' ? this.#readData(chunk) : this.#readAfter(chunk);
  }

  /** The document with an empty string in place of the tarball. */
  finish(): unknown {
    if (this.#state !== 'after') throw refuse('no tarball in the document');
    try {
      return JSON.parse(Buffer.from(this.#before + this.#after, 'latin1').toString());
    } catch {
      throw refuse('not JSON');
    }
  }

  #readBefore(chunk: Buffer): Promise<void> | undefined {
    const from = Math.max(0, this.#before.length - attachments.length - 200);
    this.#before += chunk.toString('latin1');
    this.#checkLength();
    const start = this.#before.indexOf(attachments, from);
    const found = start < 0 ? -1 : this.#before.indexOf(data, start);
    if (found < 0) return undefined;
    const end = found + data.length;
    const content = Buffer.from(this.#before.slice(end), 'latin1');
    this.#before = this.#before.slice(0, end);
    this.#state = 'data';
    return this.#readData(content);
  }

  #readData(chunk: Buffer): Promise<void> | undefined {
    const end = chunk.indexOf(quote);
    const text = this.#rest + chunk.toString('latin1', 0, end < 0 ? chunk.length : end);
    const whole = end < 0 ? text.length - (text.length % 4) : text.length;
    this.#rest = text.slice(whole);
    if (end >= 0) {
      this.#state = 'after';
      this.#after = chunk.toString('latin1', end);
    }
    const encoded = text.slice(0, whole);
    if (encoded === '') return undefined;
    const decoded = Buffer.from(encoded, 'base64');
    if (this.#isPadded || decoded.toString('base64') !== encoded) throw refuse('the tarball is not in base64');
    this.#isPadded = encoded.endsWith('=');
    return this.#onContent(decoded);
  }

  #readAfter(chunk: Buffer): undefined {
    this.#after += chunk.toString('latin1');
    this.#checkLength();
    return undefined;
  }

  #checkLength(): void {
    if (this.#before.length + this.#after.length > maxTextBytes) throw refuse('more metadata than any package has');
  }
}

function refuse(violation: string): Refusal {
  return new Refusal(npmError(400, 'bad request'), violation);
}
