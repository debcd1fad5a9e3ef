/** The client's side of SOCKS5 (RFC 1928), with a user name and password (RFC 1929). */

import { once } from 'node:events';
import { isIPv4, isIPv6, type Socket } from 'node:net';
import { ProxyError } from './proxy-error.ts';

const version = 5;
const methods = { none: 0, password: 2 } as const;
const addressTypes = { ipv4: 1, name: 3, ipv6: 4 } as const;

/** RFC 1928, section 6. The codes tell whether a retry may help, as the status of an HTTP proxy does. */
const replies: Readonly<Record<number, { readonly words: string; readonly code: string }>> = {
  1: { words: 'failed', code: 'PROXY_502' },
  2: { words: 'does not allow this connection', code: 'PROXY_403' },
  3: { words: 'cannot reach the network of the host', code: 'PROXY_502' },
  4: { words: 'cannot reach the host', code: 'PROXY_502' },
  5: { words: 'was refused by the host', code: 'PROXY_502' },
  6: { words: 'cannot reach the host in time', code: 'PROXY_504' },
  7: { words: 'does not support connections', code: 'PROXY_501' },
  8: { words: 'does not support this type of address', code: 'PROXY_501' },
};

/**
 * Asks the proxy for a connection to a host, whose name the proxy resolves.
 *
 * @throws ProxyError if it refuses; the socket's error, or an AbortError, if the connection ends
 */
export async function connectBySocks(
  socket: Socket,
  { host, port }: { readonly host: string; readonly port: number },
  proxy: URL,
): Promise<void> {
  const read = reader(socket);
  const user = Buffer.from(decodeURIComponent(proxy.username));
  const password = Buffer.from(decodeURIComponent(proxy.password));
  const offered = [methods.none, ...(user.length > 0 ? [methods.password] : [])];
  socket.write(Buffer.from([version, offered.length, ...offered]));
  const [answered, method] = await read(2);
  if (answered !== version) throw new ProxyError(proxy, 'does not speak SOCKS5', 'PROXY_SOCKS');
  if (method === methods.password && user.length > 0) {
    const [userLength, passwordLength] = [user, password].map((bytes) => Math.min(bytes.length, 255));
    socket.write(
      Buffer.concat([
        Buffer.of(1, userLength ?? 0),
        user.subarray(0, 255),
        Buffer.of(passwordLength ?? 0),
        password.subarray(0, 255),
      ]),
    );
    const [, status] = await read(2);
    if (status !== 0) throw new ProxyError(proxy, 'does not accept the user name and password', 'PROXY_407');
  } else if (method !== methods.none)
    throw new ProxyError(proxy, 'requires another user name and password, or another way to log in', 'PROXY_407');
  socket.write(Buffer.concat([Buffer.of(version, 1, 0), addressOf(host), Buffer.of(port >> 8, port & 255)]));
  const [, reply = 0, , type] = await read(4);
  if (reply !== 0) {
    const { words, code } = replies[reply] ?? { words: `answered with the error ${reply}`, code: 'PROXY_SOCKS' };
    throw new ProxyError(proxy, words, code);
  }
  // The address that the proxy connects from, and its port: of no use here, but they must be read.
  const length = type === addressTypes.ipv6 ? 16 : type === addressTypes.name ? ((await read(1))[0] ?? 0) : 4;
  await read(length + 2);
}

function addressOf(host: string): Buffer {
  if (isIPv4(host)) return Buffer.from([addressTypes.ipv4, ...host.split('.').map(Number)]);
  if (isIPv6(host)) return Buffer.from([addressTypes.ipv6, ...ipv6Bytes(host)]);
  const name = Buffer.from(host);
  return Buffer.concat([Buffer.of(addressTypes.name, name.length), name]);
}

function ipv6Bytes(host: string): readonly number[] {
  // `URL` gives the compressed form, without an IPv4 part.
  const [before = '', after] = new URL(`http://[${host}]`).hostname.slice(1, -1).split('::');
  const groups = (part: string | undefined): readonly string[] => (part ? part.split(':') : []);
  const zeros = 8 - groups(before).length - groups(after).length;
  const all = [
    ...groups(before),
    ...Array.from({ length: after === undefined ? 0 : zeros }, () => '0'),
    ...groups(after),
  ];
  return all.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 255]);
}

/** Reads exactly this many bytes. Nothing follows the proxy's last answer: the server waits for the client to speak. */
function reader(socket: Socket): (length: number) => Promise<Buffer> {
  const ended = new AbortController();
  socket.once('close', () => ended.abort());
  let unread = Buffer.alloc(0);
  return async (length) => {
    while (unread.length < length) {
      // All there is: a stream that holds fewer bytes than are asked for says "readable" again and again.
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) await once(socket, 'readable', { signal: ended.signal });
      else unread = Buffer.concat([unread, chunk]);
    }
    const bytes = unread.subarray(0, length);
    unread = unread.subarray(length);
    return bytes;
  };
}
