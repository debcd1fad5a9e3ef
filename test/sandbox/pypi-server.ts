/** A Python index as documented by Bitbucket, below the workspace's path: takes uploads, and shows projects and files. */
import { missingScopes, Refusal, text, type Answer } from './answers.ts';
import type { Exchange } from './exchange.ts';
import { sendPage } from './pypi-pages.ts';
import type { PypiContext } from './pypi-store.ts';
import { receivePackage } from './pypi-upload.ts';
import { decodeSegment, splitPath } from './request-path.ts';
import { authenticateForPackages, packageScopes } from './tokens.ts';

export async function servePypi(exchange: Exchange, pypi: PypiContext): Promise<void> {
  const { workspace, options } = pypi;
  const { pathname } = splitPath(exchange.path);
  authorize(exchange, pypi, exchange.method === 'GET' ? 'read' : 'write');
  if (exchange.method === 'POST') {
    if (pathname === `/${workspace}`) return receivePackage(exchange, pypi);
    throw new Refusal(text(404, 'Not Found'), 'an upload to another address');
  }
  if (exchange.method !== 'GET') throw new Refusal(text(405, 'Method Not Allowed'), 'method not allowed');
  const [, directory, project = ''] = new RegExp(`^/${workspace}/(\\+?simple)/([^/]*)/$`).exec(pathname) ?? [];
  if (directory !== undefined) {
    if (!/^[a-z0-9-]+$/.test(project)) throw new Refusal(text(404, 'Not Found'), 'a name that is not normalized');
    if (directory !== (options.pagesPath ?? 'simple')) throw new Refusal(text(404, 'Not Found'));
    return sendPage(exchange, pypi, project);
  }
  const [, name] = new RegExp(`^/${workspace}/files/([^/]+)$`).exec(pathname) ?? [];
  if (name === undefined) throw new Refusal(text(404, 'Not Found'), 'no such resource');
  return sendFile(exchange, pypi, decodeSegment(name));
}

function authorize(exchange: Exchange, { options }: PypiContext, access: 'read' | 'write'): void {
  const { authorization } = exchange.request.headers;
  if (options.authentication === 'none') {
    if (authorization !== undefined) exchange.violate('credentials for nobody');
    return;
  }
  const refusal = text(401, 'Unauthorized');
  const refused: Answer = { ...refusal, headers: { ...refusal.headers, 'www-authenticate': 'Basic realm="packages"' } };
  const identity = authenticateForPackages(authorization);
  if (identity === 'malformed') throw new Refusal(refused, 'malformed Authorization');
  if (identity === 'anonymous' || identity === 'invalid') throw new Refusal(refused);
  if (!identity.scopes.includes(packageScopes[access]))
    throw new Refusal(missingScopes(packageScopes[access], identity.scopes));
}

async function sendFile(exchange: Exchange, { projects }: PypiContext, name: string): Promise<void> {
  const found = [...projects.values()].map((files) => files.get(name)).find((file) => file !== undefined);
  if (found === undefined || !found.content.kept) throw new Refusal(text(404, 'Not Found'));
  await exchange.respond({
    status: 200,
    headers: { 'content-type': 'application/octet-stream' },
    body: found.content,
  });
}
