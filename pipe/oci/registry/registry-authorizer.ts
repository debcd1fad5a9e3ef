/** Answers a registry's challenge with Basic, or with a token from the realm, which is renewed when it expires. */

import { NetworkError, PipeError } from '../../errors.ts';
import { readJson } from '../../http/answer.ts';
import type { Authorizer } from '../../http/authorizer.ts';
import { basicCredential } from '../../http/credentials.ts';
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
  /** The only repository that tokens are requested for. */
  readonly repository: string;
  /** Undefined for anonymous access. */
  readonly account: RegistryAccount | undefined;
  /** A client for the realm, with credentials only for that origin. */
  readonly createRealmHttp: (realm: URL, account: RegistryAccount | undefined) => Http;
  /** Called with every token that the realm issues, used or not, so that it is never logged. */
  readonly learn: (secret: string) => void;
  readonly now?: () => number;
}

/** Distribution's token specification: "if omitted, this defaults to 60 seconds". */
const defaultTokenSeconds = 60;
/** A token is renewed if it expires within this time: sending a large blob takes longer. */
const marginMs = 10_000;
const maxTokenBytes = 1024 * 1024;

interface Grant {
  readonly header: string;
  /** Milliseconds since the epoch; undefined if it does not expire. */
  readonly renewAt: number | undefined;
}

/**
 * An authorizer for one repository. It sends no credentials before the registry asks for them.
 *
 * Its methods throw a PipeError if the challenge is unusable, and a NetworkError if the realm issues no token.
 *
 * @see https://distribution.github.io/distribution/spec/auth/token/
 */
export function createRegistryAuthorizer(options: RegistryAuthorizerOptions): Authorizer {
  const { registry, repository, account, createRealmHttp, learn, now = Date.now } = options;
  let grant: Grant | undefined;
  let realm: { readonly url: URL; readonly http: Http } | undefined;
  /** The token request under way: everything that needs a token shares its answer. */
  let renewing: Promise<Grant> | undefined;

  return {
    async headerFor(url) {
      if (url.origin !== registry.origin) return undefined;
      if (grant?.renewAt !== undefined && now() >= grant.renewAt) await renewToken();
      return grant?.header;
    },
    async renew(url, sent, headers) {
      if (url.origin !== registry.origin) return false;
      // Another request has renewed it in the meantime.
      if (grant !== undefined && grant.header !== sent) return true;
      const challenges = parseChallenges(headers);
      const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
      if (bearer !== undefined || realm !== undefined) {
        if (bearer !== undefined) setRealm(bearer);
        const before = grant?.header;
        return (await renewToken()).header !== before;
      }
      const basic =
        account !== undefined && (challenges.length === 0 || challenges.some(({ scheme }) => scheme === 'basic'));
      if (!basic || grant !== undefined) return false;
      grant = {
        header: basicCredential(registry.origin, account.username, account.password).authorization,
        renewAt: undefined,
      };
      return true;
    },
  };

  function setRealm({ parameters }: Challenge): void {
    const url = URL.parse(parameters.get('realm') ?? '');
    if (url === null || !/^https?:$/.test(url.protocol))
      throw new PipeError(
        `${registry.host} asks for a token, but does not say where to get one: its challenge has no valid realm`,
      );
    if (url.protocol === 'http:' && registry.protocol === 'https:' && !isLoopback(url)) {
      throw new PipeError(`${registry.host} asks for the credentials to be sent to ${url.host} without encryption`);
    }
    const service = parameters.get('service');
    if (service !== undefined) url.searchParams.set('service', service);
    // What the whole push needs: the scope in the challenge covers only the request that was refused.
    url.searchParams.set('scope', `repository:${repository}:pull,push`);
    if (realm?.url.href === url.href) return;
    realm = { url, http: createRealmHttp(url, account) };
  }

  async function renewToken(): Promise<Grant> {
    renewing ??= requestToken().finally(() => {
      renewing = undefined;
    });
    return await renewing;
  }

  async function requestToken(): Promise<Grant> {
    if (realm === undefined) throw new PipeError(`${registry.host}: a token is needed, but no realm is known`);
    const answer = await realm.http.send(
      { method: 'GET', url: realm.url, accept: [200], headers: { accept: 'application/json' } },
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
