/** A failure of a proxy, apart from failures of the server behind it. */

/** The proxy refused, or could not be reached; then `cause` is the failure of the connection to it. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';
  /** The proxy's host and port. */
  readonly proxy: string;
  /** `PROXY_407` for a status; undefined if the cause has a code. Not called `code`, which undici would act upon. */
  readonly proxyCode: string | undefined;

  /** @param message what it did, after its name: `answered 407` */
  constructor(proxy: URL, message: string, proxyCode: string | undefined, options?: ErrorOptions) {
    super(message, options);
    this.proxy = proxy.host;
    this.proxyCode = proxyCode;
  }
}
