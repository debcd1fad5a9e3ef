/** Answers a registry's challenge with Basic, or with a token from the realm, which is renewed when it expires. */

import { HttpError, NetworkError, PipeError, UnexpectedAnswerError } from '../../errors.ts';
import { discard, readJson } from '../../http/answer.ts';
import type { Authorizer } from '../../http/authorizer.ts';
import { basicCredential } from '../../http/credentials.ts';
import { keepEncrypted } from '../../http/keep-encrypted.ts';
import { isLoopback } from '../../http/loopback.ts';
import type { Http } from '../../http/send.ts';
import { type Challenge, parseChallenges } from './challenge.ts';

/** Credentials for Basic and for the realm. */
export interface RegistryAccount {
  readonly username: string;
  readonly password: string;
}

/** What an authorizer needs. */
export interface RegistryAuthorizerOptions {
  /** The registry's base URL. Credentials go to this origin and to the realm that it names, and nowhere else. */
  readonly registry: URL;
  /** The repositories to publish to: tokens are requested for all of them. */
  readonly repositories: readonly string[];
  /** Others of the same registry, to read from. A run can do without them: tokens are requested without, if they are refused. */
  readonly sources?: readonly string[];
  /** Undefined for anonymous access. */
  readonly account: RegistryAccount | undefined;
  /** A client for the realm, or for the registry's first question, with credentials only for the origin of `url`. */
  readonly createHttp: (url: URL, account: RegistryAccount | undefined) => Http;
  /** Called with every token that the realm issues, used or not, so that it is never logged. */
  readonly learn: (secret: string) => void;
  /** Logs which host issues tokens, once. */
  readonly debug: (message: string) => void;
  readonly now?: () => number;
}

/** Distribution's token specification: "if omitted, this defaults to 60 seconds". */
const defaultTokenSeconds = 60;
/** A token is renewed if it expires within this time: sending a large blob takes longer. */
const marginMs = 10_000;
/** Several times as much as any server accepts in a header. */
const maxTokenBytes = 128 * 1024;
const maxRedirects = 5;

interface Grant {
  readonly header: string;
  /** Milliseconds since the epoch; undefined if it does not expire. */
  readonly renewAt: number | undefined;
}

/**
 * An authorizer for one registry. It sends no credentials before the registry asks for them.
 *
 * Its methods throw a PipeError if the challenge is unusable or names another host than before, and a NetworkError if the realm issues no token.
 *
 * @see https://distribution.github.io/distribution/spec/auth/token/
 */
export function createRegistryAuthorizer(options: RegistryAuthorizerOptions): Authorizer {
  const { registry, repositories, sources = [], account, createHttp, learn, debug, now = Date.now } = options;
  let grant: Grant | undefined;
  let realm: { readonly url: URL; readonly http: Http } | undefined;
  /** The token request under way, or the one that failed: everything that needs a token shares its result. */
  let renewing: Promise<Grant> | undefined;
  let asking: Promise<readonly Challenge[]> | undefined;
  let checking: Promise<void> | undefined;
  /** What the whole push needs, since a challenge names only what the refused request needs; then what else was named. */
  const scopes = new Set(repositories.map((repository) => `repository:${repository}:pull,push`));
  let sourceScopes = sources
    .filter((source) => !repositories.includes(source))
    .map((source) => `repository:${source}:pull`);

  return {
    async headerFor(url) {
      if (url.origin !== registry.origin) return undefined;
      if (grant?.renewAt !== undefined && now() >= grant.renewAt) await renewToken();
      return grant?.header;
    },
    async renew(url, sent, headers, status) {
      if (url.origin !== registry.origin) return false;
      const given = parseChallenges(headers);
      // Other refusals question the credentials only if there were none.
      if (status !== 401 && given.length === 0 && sent !== undefined) {
        if (status === 404 && asking !== undefined && realm === undefined) await (checking ??= checkPassword());
        return false;
      }
      // Another request has renewed it in the meantime.
      if (grant !== undefined && grant.header !== sent) return true;
      const isUnasked = given.length === 0 && sent === undefined && account !== undefined;
      const challenges = isUnasked ? await (asking ??= askForChallenges()) : given;
      const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
      if (bearer !== undefined || (realm !== undefined && (status === 401 || given.length > 0))) {
        if (bearer !== undefined) setRealm(bearer);
        const before = grant?.header;
        return (await renewToken()).header !== before;
      }
      if (account === undefined || grant !== undefined) return false;
      // A registry that refuses access without any challenge may still accept a password; a 404 is just an answer.
      const offersBasic =
        challenges.length === 0 ? status !== 404 : challenges.some(({ scheme }) => scheme === 'basic');
      if (!offersBasic) return false;
      grant = {
        header: basicCredential(registry.origin, account.username, account.password).authorization,
        renewAt: undefined,
      };
      return true;
    },
  };

  /** Some registries challenge only here, and answer strangers as if nothing else existed. Asked once. */
  async function askForChallenges(): Promise<readonly Challenge[]> {
    try {
      return await createHttp(registry, undefined).send(
        { method: 'GET', url: new URL('/v2/', registry), accept: [200, 401, 403, 404] },
        async (answer) => {
          await discard(answer);
          return parseChallenges(answer.headerValues('www-authenticate'));
        },
      );
    } catch (error) {
      if (error instanceof HttpError || error instanceof UnexpectedAnswerError) return [];
      throw error;
    }
  }

  /** A registry that hides everything from strangers may tell only here that the password is wrong. @throws HttpError if it does */
  async function checkPassword(): Promise<void> {
    try {
      await createHttp(registry, account).send(
        { method: 'GET', url: new URL('/v2/', registry), accept: [200, 403, 404] },
        discard,
      );
    } catch (error) {
      if (!(error instanceof PipeError) || (error instanceof HttpError && error.refusal.status === 401)) throw error;
    }
  }

  function setRealm({ parameters }: Challenge): void {
    const named = URL.parse(parameters.get('realm') ?? '');
    if (named === null || !/^https?:$/.test(named.protocol))
      throw new PipeError(
        `${registry.host} asks for a token, but does not say where to get one: its challenge has no valid realm`,
      );
    const url = keepEncrypted(registry, named);
    checkRealm(url);
    const service = parameters.get('service');
    if (service !== undefined) url.searchParams.set('service', service);
    for (const scope of (parameters.get('scope') ?? '').split(' ')) if (isOther(scope)) scopes.add(scope);
    url.searchParams.delete('scope');
    for (const scope of [...scopes, ...sourceScopes]) url.searchParams.append('scope', scope);
    if (realm?.url.href === url.href) return;
    realm = { url, http: createHttp(url, account) };
    renewing = undefined;
  }

  /** The password goes there: over an encrypted line, unless it is the registry itself or this machine, and to one host. */
  function checkRealm(url: URL): void {
    if (url.protocol !== 'https:' && url.origin !== registry.origin && !isLoopback(url))
      throw new PipeError(
        `${registry.host} names ${url.origin} for tokens, where everything could be read on the way: it must be https`,
      );
    if (realm === undefined) {
      debug(`${registry.host} names ${url.origin} for tokens`);
      return;
    }
    if (realm.url.origin !== url.origin)
      throw new PipeError(
        `${registry.host} first named ${realm.url.origin} for tokens, and now ${url.origin}: no password is sent there`,
      );
  }

  /** Whether a scope is not part of what is asked for anyway. */
  function isOther(scope: string): boolean {
    const isAskedFor = (repository: string, actions: RegExp): boolean => {
      const prefix = `repository:${repository}:`;
      return scope.startsWith(prefix) && actions.test(scope.slice(prefix.length));
    };
    const isOurs = repositories.some((repository) => isAskedFor(repository, /^(?:pull|push|,)*$/));
    return scope !== '' && !isOurs && !sources.some((source) => isAskedFor(source, /^pull$/));
  }

  async function renewToken(): Promise<Grant> {
    // A failure has used up its attempts, so it is not repeated.
    renewing ??= requestGrant().then((granted) => {
      renewing = undefined;
      return granted;
    });
    return await renewing;
  }

  /** Most realms grant what they can; some refuse everything if they have to refuse one scope. */
  async function requestGrant(): Promise<Grant> {
    try {
      return await requestToken();
    } catch (error) {
      const isRefused = error instanceof HttpError && [400, 401, 403, 404].includes(error.refusal.status);
      if (!isRefused || sourceScopes.length === 0 || realm === undefined) throw error;
      debug(`${error.message}. Asking without access to ${sources.join(', ')}`);
      for (const scope of sourceScopes) realm.url.searchParams.delete('scope', scope);
      sourceScopes = [];
      return await requestToken();
    }
  }

  async function requestToken(): Promise<Grant> {
    if (realm === undefined) throw new PipeError(`${registry.host}: a token is needed, but no realm is known`);
    const answer = await realm.http.send(
      {
        method: 'GET',
        url: realm.url,
        accept: [200],
        headers: { accept: 'application/json' },
        redirects: maxRedirects,
      },
      (received) => readJson(received, maxTokenBytes),
    );
    const receivedAt = now();
    const {
      token,
      access_token: accessToken,
      refresh_token: refreshToken,
      expires_in: expiresIn,
    } = (answer ?? {}) as Readonly<Record<string, unknown>>;
    for (const granted of [token, accessToken, refreshToken]) if (typeof granted === 'string') learn(granted);
    const value = [token, accessToken].find(
      (candidate) => typeof candidate === 'string' && /^[\u0021-\u007E]+$/.test(candidate),
    );
    if (typeof value !== 'string') throw new NetworkError(`${realm.url.host} answered without a token`, 'NO_TOKEN');
    const seconds = typeof expiresIn === 'number' && expiresIn > 0 ? expiresIn : defaultTokenSeconds;
    // Counted from receipt: the server's clock may differ. A short-lived token is used for at least half its lifetime.
    grant = { header: `Bearer ${value}`, renewAt: receivedAt + Math.max(seconds * 500, seconds * 1000 - marginMs) };
    return grant;
  }
}
