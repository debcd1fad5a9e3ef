/** A server that fails every request, and repeats in each reason the credentials that it was sent, written in another way. */

import { answer, type Reaction, serve, type TestServer } from './http/test-servers.ts';
import { waysToWrite } from './ways-to-write.ts';

export interface EchoServer extends TestServer {
  /** What it says next; it says each thing once. */
  readonly left: number;
}

/** Reasons are cut here. */
const cutAt = 500;
const filler = 'the request was refused, and this is what it said; '.repeat(13);

/**
 * @param secrets what it knows of the client, beside the `Authorization` that comes
 * @param token what it gives out as a registry that asks for a token; undefined for a server that takes any credentials
 */
export async function startEchoServer(secrets: readonly string[], token?: string): Promise<EchoServer> {
  const written = secrets.flatMap((secret) => waysToWrite(secret).map(([, text]) => text));
  let answered = 0;
  const react: Reaction = async (exchange) => {
    const { url = '', headers } = exchange.request;
    const { authorization = '' } = headers;
    if (url.startsWith('/token'))
      return await answer(200, JSON.stringify({ token, refresh_token: `${token}-r` }))(exchange);
    if (token !== undefined && !authorization.startsWith('Bearer ')) {
      const challenge = `Bearer realm="http://${headers.host}/token",service="echo"`;
      return await answer(401, reason(authorization, 0), { 'www-authenticate': challenge })(exchange);
    }
    const value = written[answered] ?? authorization;
    const body = reason(value, answered++);
    // What is said once need not be asked for again.
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

/** With the value across the cut, in one of the shapes that errors have. */
function reason(value: string, index: number): string {
  const shown = Math.floor((Math.min(cutAt - 20, value.length) * (index % 9)) / 8);
  const text = `${filler.slice(0, cutAt - shown)} ${value} (from ${index})`;
  if (index % 3 === 0) return text;
  return index % 3 === 1
    ? JSON.stringify({ errors: [{ code: 'DENIED', message: text }] })
    : `<html><title>${text}</title>`;
}
