/** Signed URLs, as issued by object stores (Bitbucket keeps downloads in one). */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const validSeconds = 15 * 60;

export class SignedUrls {
  readonly #key = randomBytes(32);
  /** Every signature. */
  readonly issued: string[] = [];

  /** The path with a query, which differs each time. */
  sign(path: string): string {
    const expires = String(Math.floor(Date.now() / 1000) + validSeconds);
    const nonce = randomBytes(8).toString('hex');
    const signature = this.#signature(path, nonce, expires);
    this.issued.push(signature);
    const query = new URLSearchParams({ Nonce: nonce, Expires: expires, Signature: signature });
    return `${path}?${query.toString()}`;
  }

  verify(path: string, query: URLSearchParams): boolean {
    const expires = query.get('Expires') ?? '';
    const expected = Buffer.from(this.#signature(path, query.get('Nonce') ?? '', expires));
    const actual = Buffer.from(query.get('Signature') ?? '');
    return (
      actual.length === expected.length && timingSafeEqual(actual, expected) && Number(expires) >= Date.now() / 1000
    );
  }

  /** Base64, which a client breaks if it decodes and encodes the query incorrectly. */
  #signature(...values: readonly string[]): string {
    return createHmac('sha256', this.#key).update(values.join('\n')).digest('base64');
  }
}
