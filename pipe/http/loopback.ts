/** Recognises URLs that stay on this machine, where plain http exposes nothing. */

/** In the form that `URL` normalises to: `[::ffff:7f00:1]` is 127.0.0.1 in IPv6. */
const loopbackHost = /^(?:localhost\.?|127(?:\.\d{1,3}){3}|\[::1\]|\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\])$/;

/** Whether the host is `localhost` or a loopback address (RFC 1122, 3.2.1.3; RFC 4291, 2.5.3); does not resolve names. */
export function isLoopback(url: URL): boolean {
  return loopbackHost.test(url.hostname);
}
