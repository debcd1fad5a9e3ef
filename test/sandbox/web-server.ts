/** What is public without an account: the tags of a pipe's repository, which say whether there is a newer version. */
import { json, Refusal, text } from './answers.ts';
import type { Exchange } from './exchange.ts';

export const versionListPath = '/2.0/repositories/acme/pipe/refs/tags';

const tags = { values: ['9.9.9', '9.10.0-rc1', '0.1.0'].map((name) => ({ name })) };

export async function serveWeb(exchange: Exchange): Promise<void> {
  if (exchange.path !== versionListPath || exchange.method !== 'GET') {
    throw new Refusal(text(404, 'Resource not found'), 'no such resource');
  }
  if (exchange.request.headers.authorization !== undefined) exchange.violate('credentials for a public resource');
  await exchange.respond(json(200, tags));
}
