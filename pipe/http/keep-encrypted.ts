/** Follows the addresses that servers name without ever leaving https for plain http. */

import { PipeError } from '../errors.ts';

/**
 * Checks an address that a server named, in a `Location` or as a realm. Behind a gateway that terminates TLS, servers
 * often name their own host in plain http: then https is used.
 *
 * @param from the URL of the server that named it
 * @returns the address to use
 * @throws PipeError if it is plain http on another host although `from` is https, or neither http nor https
 */
export function keepEncrypted(from: URL, to: URL): URL {
  if (to.protocol === 'https:' || (to.protocol === 'http:' && from.protocol !== 'https:')) return to;
  if (to.protocol !== 'http:')
    throw new PipeError(`${from.host} names the address ${to.protocol}…, which is neither https nor http`);
  const secure = new URL(to);
  secure.protocol = 'https:';
  if (to.port === '') secure.port = from.port;
  if (secure.host === from.host) return secure;
  if (secure.hostname === from.hostname) return secure;
  throw new PipeError(
    `${from.host} is reached by https, but sends the pipe on to http://${to.host}, where everything could be read on the way: correct the address that the server or its gateway gives out`,
  );
}
