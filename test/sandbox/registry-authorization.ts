/** Authorization for packages, and the challenge if it is missing: RFC 9110, section 11, and the rules of registry tokens. */
import { Refusal } from './answers.ts';
import type { Exchange } from './exchange.ts';
import { registryError, registryStandardAnswer } from './registry-answers.ts';
import type { RegistryContext } from './registry-context.ts';
import type { RegistryBehaviour } from './registry-options.ts';
import type { PackageAction } from './registry-tokens.ts';
import { authenticateForPackages, packageScopes, tokens as secrets, type PackagesIdentity } from './tokens.ts';

/** The access allowed in a repository. */
export type Grant = (name: string) => ReadonlySet<PackageAction>;

export interface Wanted {
  readonly name: string;
  readonly actions: readonly PackageAction[];
}

/** The service of the tokens: not the registry's host, so that clients that confuse the two fail. */
export const service = 'packages.sandbox.example';

const nothing: ReadonlySet<PackageAction> = new Set();
const everything: ReadonlySet<PackageAction> = new Set(['pull', 'push']);

/** @param wanted undefined for the ping @throws Refusal with a challenge or a denial */
export function authorize(exchange: Exchange, registry: RegistryContext, wanted: Wanted | undefined): Grant {
  const { behaviour } = registry;
  if (behaviour.authentication === 'none') return () => everything;
  const { authorization } = exchange.request.headers;
  const [, bearer] = /^bearer (.*)$/i.exec(authorization ?? '') ?? [];
  const takesBearer = behaviour.authentication === 'bearer';
  if (bearer !== undefined && takesBearer) return authorizeBearer(registry, wanted, bearer);
  const takesBasic = !takesBearer || behaviour.challenges === 'joined' || behaviour.challenges === 'separate';
  const identity = authenticateForPackages(authorization);
  if (identity === 'malformed') throw challenge(registry, wanted, { violation: 'malformed Authorization' });
  if (identity === 'invalid' || (identity !== 'anonymous' && !takesBasic)) throw challenge(registry, wanted);
  const { strangerStatus } = behaviour;
  if (identity === 'anonymous' && wanted !== undefined && strangerStatus !== undefined)
    throw new Refusal(registryStandardAnswer(strangerStatus));
  // With tokens, anonymous clients get one too.
  if (identity === 'anonymous' && (takesBearer || behaviour.anonymous === 'nothing')) throw challenge(registry, wanted);
  const grant = grantTo(registry, identity);
  if (wanted === undefined || wanted.actions.every((action) => grant(wanted.name).has(action))) return grant;
  throw identity === 'anonymous' ? challenge(registry, wanted) : denial(registry, wanted);
}

function authorizeBearer(registry: RegistryContext, wanted: Wanted | undefined, text: string): Grant {
  const token = registry.tokens.find(text);
  if (token === undefined) {
    const isSecret = Object.values<string>({ ...secrets }).includes(text);
    throw challenge(registry, wanted, {
      error: 'invalid_token',
      ...(isSecret && { violation: "Bearer with something else than the token server's token" }),
    });
  }
  const grant: Grant = (name) => token.granted.get(name) ?? nothing;
  const { otherScope } = registry.behaviour;
  if (wanted !== undefined && otherScope !== undefined && !token.scopes.includes(otherScope))
    throw challenge(registry, wanted, { error: 'insufficient_scope' });
  if (wanted === undefined || wanted.actions.every((action) => grant(wanted.name).has(action))) return grant;
  const requested = token.requested.get(wanted.name) ?? nothing;
  const wasRequested = wanted.actions.every((action) => requested.has(action));
  throw wasRequested ? denial(registry, wanted) : challenge(registry, wanted, { error: 'insufficient_scope' });
}

export function grantTo(
  { behaviour, store, workspace }: RegistryContext,
  identity: PackagesIdentity | 'anonymous',
): Grant {
  return (name) => {
    const repository = store.repositories.get(name);
    if (repository === undefined && !name.startsWith(`${workspace}/`)) return nothing;
    if (identity === 'anonymous') {
      if (behaviour.anonymous === 'nothing') return nothing;
      return behaviour.anonymous === 'pull' ? new Set<PackageAction>(['pull']) : everything;
    }
    if (!identity.coversWorkspace && repository?.ofOtherRepository === true) return nothing;
    const actions: PackageAction[] = [];
    if (identity.scopes.includes(packageScopes.read)) actions.push('pull');
    if (identity.scopes.includes(packageScopes.write)) actions.push('push');
    return new Set(actions);
  };
}

export function challenge(
  registry: RegistryContext,
  wanted: Wanted | undefined,
  { error, violation }: { readonly error?: string; readonly violation?: string } = {},
): Refusal {
  const { challengeStatus, otherScope } = registry.behaviour;
  const scopes = wanted === undefined ? [] : [`repository:${wanted.name}:${wanted.actions.join(',')}`, otherScope];
  const scope = scopes.filter((each) => each !== undefined).join(' ') || undefined;
  const detail = wanted?.actions.map((Action) => ({ Type: 'repository', Class: '', Name: wanted.name, Action }));
  const answer = registryError(challengeStatus, 'UNAUTHORIZED', 'authentication required', detail);
  const headers = { ...answer.headers, 'www-authenticate': challenges(registry, scope, error) };
  return new Refusal({ ...answer, headers }, violation);
}

function challenges(
  { behaviour, origins }: RegistryContext,
  scope: string | undefined,
  error: string | undefined,
): string | readonly string[] {
  const basic = String.raw`Basic realm="Sandbox \"packages\", Inc.", charset="UTF-8"`;
  if (behaviour.authentication === 'basic') return basic;
  const realm = `${origins().auth}/token`;
  const rest = `${scope === undefined ? '' : `,scope="${scope}"`}${error === undefined ? '' : `,error="${error}"`}`;
  const bearer = `Bearer realm="${realm}",service="${service}"${rest}`;
  const oddScope = scope === undefined ? '' : `SCOPE = "${scope}" , `;
  const forms: Readonly<Record<RegistryBehaviour['challenges'], string | readonly string[]>> = {
    plain: bearer,
    odd: `bEARER ${oddScope}error_description="a \\"token\\", please",, Service=${service} , rEALM="${realm}"`,
    joined: `Negotiate, ${basic}, ${bearer}`,
    separate: [basic, bearer],
  };
  return forms[behaviour.challenges];
}

function denial(registry: RegistryContext, wanted: Wanted): Refusal {
  if (registry.behaviour.denialStatus === 401) return challenge(registry, wanted, { error: 'insufficient_scope' });
  return new Refusal(registryError(403, 'DENIED', 'requested access to the resource is denied', { name: wanted.name }));
}
