/** Answers a registry's challenge: Basic, or a token from the realm that it names, renewed before and after it expires. */

import { NetworkError, PipeError } from '../../errors.ts';
import { readJson } from '../../http/answer.ts';
import type { Authorizer } from '../../http/authorizer.ts';
import { basicCredential } from '../../http/credentials.ts';
import { isLoopback } from '../../http/loopback.ts';
import type { Http } from '../../http/send.ts';
import { type Challenge, parseChallenges } from './challenge.ts';

export interface RegistryAccount {
  readonly username: string;
  readonly password: string;
}

export interface RegistryAuthorizerOptions {
  /** The registry's base URL: what is asked of it goes nowhere else but to the realm that it names. */
  readonly registry: URL;
  /** The one repository that tokens are asked for. */
  readonly repository: string;
  /** Nobody, where the registry asks for none. */
  readonly account: RegistryAccount | undefined;
  /** A client for the realm, with credentials for that origin alone. */
  readonly createRealmHttp: (realm: URL, account: RegistryAccount | undefined) => Http;
  /** Told of every token that the realm gives out, used or not. */
  readonly learn: (secret: string) => void;
  readonly now?: () => number;
}

/** Distribution's token specification: "if omitted, this defaults to 60 seconds". */
const defaultTokenSeconds = 60;
/** A token that ends within this is renewed before it is used: a large blob takes longer than that anyway. */
const marginMs = 10_000;
const maxTokenBytes = 1024 * 1024;

interface Grant {
  readonly header: string;
  /** When it should no longer be used; undefined for what does not expire. */
  readonly renewAt: number | undefined;
}

/** @see https://distribution.github.io/distribution/spec/auth/token/ */
export function createRegistryAuthorizer(options: RegistryAuthorizerOptions): Authorizer {
  const { registry, repository, account, createRealmHttp, learn, now = Date.now } = options;
  let grant: Grant | undefined;
  let realm: { readonly url: URL; readonly http: Http } | undefined;
  /** One request for a token at a time: all that wait for it share its answer. */
  let renewing: Promise<Grant> | undefined;

  return {
    async headerFor(url) {
      if (url.origin !== registry.origin) return undefined;
      if (grant?.renewAt !== undefined && now() >= grant.renewAt) await renewToken();
      return grant?.header;
    },
    async renew(url, sent, headers) {
      if (url.origin !== registry.origin) return false;
      // Somebody else has renewed it since this request was sent.
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
      throw new PipeError(`${registry.host} asks for a token, but not where to get it: it names no realm`);
    if (url.protocol === 'http:' && registry.protocol === 'https:' && !isLoopback(url)) {
      throw new PipeError(`${registry.host} asks to send the credentials to ${url.host} without encryption`);
    }
    const service = parameters.get('service');
    if (service !== undefined) url.searchParams.set('service', service);
    // Exactly what is needed, whatever the challenge names: it speaks of the one request that was refused.
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
    if (realm === undefined) throw new PipeError(`${registry.host}: a token is needed, and no realm is known`);
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
    // From receipt: the server's clock may be another one. A short-lived token is used for half its life at least.
    grant = { header: `Bearer ${value}`, renewAt: receivedAt + Math.max(seconds * 500, seconds * 1000 - marginMs) };
    return grant;
  }
}
