/** Sends bytes that no HTTP client would send, and reports how the connection ended. */
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  readonly text: string;
  /** `open`: the time limit was reached. */
  readonly ended: 'FIN' | 'RST' | 'open';
}

/** Keeps its side open until the server closes the connection, or for this long. */
export function sendRaw(url: string, bytes: string | Buffer, timeoutMs = 60_000): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const socket = connectTo(url);
    let text = '';
    const finish = (ended: RawAnswer['ended']): void => {
      clearTimeout(timer);
      resolve({ text, ended });
      socket.destroy();
    };
    const timer = setTimeout(() => finish('open'), timeoutMs);
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    socket.on('error', () => finish('RST'));
    socket.on('end', () => finish('FIN'));
    socket.write(bytes);
  });
}

export function connectTo(url: string): Socket {
  const { hostname, port } = new URL(url);
  return connect(Number(port), hostname);
}
