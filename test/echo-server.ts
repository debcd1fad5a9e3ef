/** A server that fails every request, and echoes the client's credentials in each reason, each time in another encoding. */

import { answer, type Reaction, serve, type TestServer } from './http/test-servers.ts';
import { waysToWrite } from './ways-to-write.ts';

export interface EchoServer extends TestServer {
  /** How many encodings it has yet to send; it sends each once. */
  readonly left: number;
}

/** The pipe truncates reasons to this many characters. */
const cutAt = 500;
const filler = 'the request was refused for the following reason; '.repeat(13);

/**
 * @param secrets the secrets to echo, in addition to each request's `Authorization`
 * @param token the token that it grants as a registry; undefined for a server that accepts any credentials
 */
export async function startEchoServer(secrets: readonly string[], token?: string): Promise<EchoServer> {
  const written = secrets.flatMap((secret) => waysToWrite(secret).map(([, text]) => text));
  let answered = 0;
  const react: Reaction = async (exchange) => {
    const { url = '', headers } = exchange.request;
    const authorization = headers.authorization ?? headers['x-octopus-apikey']?.toString() ?? '';
    if (url.startsWith('/token'))
      return await answer(200, JSON.stringify({ token, refresh_token: `${token}-r` }))(exchange);
    if (token !== undefined && !authorization.startsWith('Bearer ')) {
      const challenge = `Bearer realm="http://${headers.host}/token",service="echo"`;
      return await answer(401, reason(authorization, 0), { 'www-authenticate': challenge })(exchange);
    }
    const value = written[answered] ?? authorization;
    const body = reason(value, answered++);
    // 503 makes the client retry; 400 ends the run once every encoding was sent.
    return await answer(answered <= written.length ? 503 : 400, body, {
      'x-request-id': value.replaceAll(/[^\u0021-\u007E]/g, ''),
    })(exchange);
  };
  const server = await serve(react);
  return {
    ...server,
    get left() {
      return Math.max(0, written.length - answered);
    },
  };
}

/** A reason in one of several error formats, in which truncation cuts through the value. */
function reason(value: string, index: number): string {
  const shown = Math.floor((Math.min(cutAt - 20, value.length) * (index % 9)) / 8);
  const text = `${filler.slice(0, cutAt - shown)} ${value} (from ${index})`;
  if (index % 3 === 0) return text;
  return index % 3 === 1
    ? JSON.stringify({ errors: [{ code: 'DENIED', message: text }] })
    : `<html><title>${text}</title>`;
}
