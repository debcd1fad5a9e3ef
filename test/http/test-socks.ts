/** A SOCKS5 proxy on loopback (RFC 1928) that connects every client to one server, whatever host it asks for. */

import { connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';

export interface TestSocks extends AsyncDisposable {
  readonly host: string;
  /** `host:port` of each request, and the credentials before it. */
  readonly seen: readonly string[];
}

export interface SocksOptions {
  /** The server's origin. */
  readonly to?: string;
  /** The `user:password` that it requires. */
  readonly credentials?: string;
  /** The reply to a request; default 0, which is success. */
  readonly reply?: number;
  /** Answers this, and then closes. */
  readonly says?: string;
  /** Sends every byte on its own. */
  readonly isSlow?: boolean;
  /** The address in its reply is a name, or an IPv6 address. */
  readonly bound?: 'name' | 'ipv6';
}

export async function startSocks(options: SocksOptions = {}): Promise<TestSocks> {
  const { to, credentials, reply = 0, says, isSlow = false, bound } = options;
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  const serve = async (client: Socket): Promise<void> => {
    let unread = Buffer.alloc(0);
    const read = async (length: number): Promise<Buffer> => {
      while (unread.length < length) {
        const chunk = client.read() as Buffer | null;
        if (chunk === null) await once(client, 'readable');
        else unread = Buffer.concat([unread, chunk]);
      }
      const bytes = unread.subarray(0, length);
      unread = unread.subarray(length);
      return bytes;
    };
    const write = async (bytes: readonly number[]): Promise<void> => {
      for (const part of isSlow ? bytes.map((byte) => [byte]) : [bytes]) {
        client.write(Buffer.from(part));
        await new Promise(setImmediate);
      }
    };
    const [, count = 0] = await read(2);
    const offered = [...(await read(count))];
    if (says !== undefined) return void client.end(says);
    const method = credentials === undefined ? 0 : offered.includes(2) ? 2 : 255;
    await write([5, method]);
    let who = '';
    if (method === 2) {
      const user = await read((await read(2))[1] ?? 0);
      const password = await read((await read(1))[0] ?? 0);
      who = `${user.toString()}:${password.toString()}@`;
      await write([1, who === `${credentials}@` ? 0 : 1]);
    }
    const type = (await read(4))[3];
    const address = await read(type === 3 ? ((await read(1))[0] ?? 0) : type === 4 ? 16 : 4);
    const port = (await read(2)).readUInt16BE();
    seen.push(`${who}${type === 3 ? address.toString() : address.toString('hex')}:${port}`);
    const own = bound === 'name' ? [3, 3, 97, 98, 99] : bound === 'ipv6' ? [4, ...Buffer.alloc(16)] : [1, 0, 0, 0, 0];
    if (reply !== 0 || to === undefined) {
      await write([5, reply, 0, ...own, 0, 0]);
      return void client.end();
    }
    const target = new URL(to);
    const server = connect(Number(target.port), target.hostname);
    sockets.add(server.on('error', () => client.destroy()));
    await once(server, 'connect');
    await write([5, 0, 0, ...own, 0, 0]);
    client.pipe(server).pipe(client);
  };
  const server = createServer((client) => {
    sockets.add(client.on('error', () => undefined));
    serve(client).catch(() => client.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as { readonly port: number };
  return {
    host: `127.0.0.1:${port}`,
    seen,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await once(server.close(), 'close');
    },
  };
}
