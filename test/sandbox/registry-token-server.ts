/** The token server exchanges Basic credentials for a short-lived token: `GET /token?service=…&scope=repository:NAME:ACTIONS`. */
import { json, Refusal } from './answers.ts';
import type { Exchange } from './exchange.ts';
import { registryError } from './registry-answers.ts';
import { grantTo, service } from './registry-authorization.ts';
import type { RegistryContext } from './registry-context.ts';
import type { PackageAction, PackageScopes } from './registry-tokens.ts';
import { splitPath } from './request-path.ts';
import { authenticateForPackages } from './tokens.ts';

const knownKeys = ['service', 'scope', 'account', 'client_id', 'offline_token'];

export async function serveTokens(exchange: Exchange, registry: RegistryContext): Promise<void> {
  const { behaviour } = registry;
  const { pathname, query } = splitPath(exchange.path);
  if (pathname !== '/token') throw badRequest(404, 'no such resource');
  if (exchange.method !== 'GET') throw badRequest(405, 'method not allowed');
  exchange.takeFaultOnceAuthorized();
  const { authorization, accept = '*/*' } = exchange.request.headers;
  if (/^bearer /i.test(authorization ?? '')) exchange.violate('Bearer at the token server');
  if (!/\*\/\*|application\/json/.test(accept)) exchange.violate(`Accept: ${accept}`);
  const identity = authenticateForPackages(authorization);
  if (identity === 'malformed') throw unauthorized('malformed Authorization');
  if (identity === 'invalid' || (identity === 'anonymous' && behaviour.anonymous === 'nothing')) throw unauthorized();
  for (const key of query.keys()) if (!knownKeys.includes(key)) exchange.violate(`unknown query key ${key}`);
  if (query.getAll('service').join() !== service) throw badRequest(400, `service is ${query.getAll('service').join()}`);

  const requested = parseScopes(exchange, query.getAll('scope'));
  const grant = grantTo(registry, identity);
  const granted: PackageScopes = new Map(
    [...requested].map(([name, actions]) => [name, actions.intersection(grant(name))]),
  );
  const token = registry.tokens.create(
    { scopes: query.getAll('scope').flatMap((value) => value.split(' ')), requested, granted },
    behaviour.tokenSeconds,
  );
  const issuedAt = new Date(Date.now() - behaviour.tokenAgeSeconds * 1000);
  await exchange.respond(
    json(
      200,
      {
        ...(behaviour.tokenField !== 'access_token' && { token }),
        ...(behaviour.tokenField !== 'token' && { access_token: token }),
        ...(behaviour.tokenExpiry && { expires_in: Math.ceil(behaviour.tokenSeconds) }),
        issued_at: issuedAt.toISOString(),
      },
      { 'cache-control': 'no-store' },
    ),
  );
}

/** Several scopes, in one value or in several. */
function parseScopes(exchange: Exchange, values: readonly string[]): PackageScopes {
  const scopes = new Map<string, ReadonlySet<PackageAction>>();
  for (const scope of values.flatMap((value) => value.split(' '))) {
    const [, name, list = ''] = /^repository:([^:\s]+):([a-z,*]+)$/.exec(scope) ?? [];
    if (name === undefined) throw badRequest(400, `the scope ${JSON.stringify(scope)}`);
    const actions = new Set(list.split(','));
    const known = (['pull', 'push'] as const).filter((action) => actions.has(action));
    if (known.length < actions.size) exchange.violate(`more in ${scope} than a push needs`);
    scopes.set(name, new Set(known));
  }
  return scopes;
}

function unauthorized(violation?: string): Refusal {
  const answer = registryError(401, 'UNAUTHORIZED', 'incorrect username or password');
  return new Refusal(
    { ...answer, headers: { ...answer.headers, 'www-authenticate': 'Basic realm="Sandbox tokens"' } },
    violation,
  );
}

function badRequest(status: number, violation: string): Refusal {
  return new Refusal(registryError(status, 'INVALID_REQUEST', violation), violation);
}
