/** Who may use Bitbucket's REST API for what. */
import { invalidToken, missingScopes, noSuchRepository, Refusal } from './answers.ts';
import type { Exchange } from './exchange.ts';
import { authenticate, type Access } from './tokens.ts';

/** @throws Refusal unless the request has a token with the scope for it */
export function authorize(exchange: Exchange, access: Access): void {
  const identity = authenticate(exchange.request.headers.authorization);
  if (identity === 'malformed') throw new Refusal(invalidToken, 'malformed Authorization');
  if (identity === 'invalid') throw new Refusal(invalidToken);
  if (identity === 'anonymous') throw new Refusal(noSuchRepository);
  const required = identity.scopeNames[access];
  if (!identity.scopes.includes(required)) throw new Refusal(missingScopes(required, identity.scopes));
  if (!identity.seesRepository) throw new Refusal(noSuchRepository);
}
