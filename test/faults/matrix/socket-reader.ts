/** Reads a connection's bytes at the pace at which they are asked for, so that a fault can strike between any two. */

import type { Duplex } from 'node:stream';

/** The client has closed or reset the connection. */
export class ClientGone extends Error {}

export interface SocketReader {
  /** Everything up to and with `end`; undefined if the client ends the connection before its first byte. */
  until(end: string): Promise<Buffer | undefined>;
  /** This many bytes, in pieces. @throws ClientGone */
  take(bytes: number): AsyncGenerator<Buffer>;
}

export function createSocketReader(socket: Duplex): SocketReader {
  let unread: Buffer = Buffer.alloc(0);

  /** @returns false at the end */
  async function fill(): Promise<boolean> {
    for (;;) {
      const chunk = socket.read() as Buffer | null;
      if (chunk !== null) {
        unread = unread.length === 0 ? chunk : Buffer.concat([unread, chunk]);
        return true;
      }
      if (socket.readableEnded || socket.destroyed) return false;
      await nextEvent(socket);
    }
  }

  return {
    async until(end) {
      for (;;) {
        const at = unread.indexOf(end);
        if (at >= 0) {
          const found = unread.subarray(0, at + end.length);
          unread = unread.subarray(at + end.length);
          return found;
        }
        if (await fill()) continue;
        if (unread.length === 0) return undefined;
        throw new ClientGone();
      }
    },
    async *take(bytes) {
      for (let left = bytes; left > 0;) {
        if (unread.length === 0 && !(await fill())) throw new ClientGone();
        const piece = unread.subarray(0, left);
        unread = unread.subarray(piece.length);
        left -= piece.length;
        yield piece;
      }
    },
  };
}

async function nextEvent(socket: Duplex): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      socket.off('readable', done).off('end', done).off('close', done);
      resolve();
    };
    socket.on('readable', done).on('end', done).on('close', done);
  });
}
