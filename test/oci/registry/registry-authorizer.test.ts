/** Which hosts a registry may name for tokens: the password goes there. */

import { describe, expect, it } from '@jest/globals';
import { PipeError } from '../../../pipe/errors.ts';
import { fixedAuthorizer } from '../../../pipe/http/authorizer.ts';
import { basicCredential } from '../../../pipe/http/credentials.ts';
import { createRegistryAuthorizer } from '../../../pipe/oci/registry/registry-authorizer.ts';
import { type TestClient, testClient } from '../../http/test-client.ts';
import { startProxy } from '../../http/test-proxy.ts';
import { answer, serve } from '../../http/test-servers.ts';

const token = answer(200, '{"token":"t"}');

interface Asked extends AsyncDisposable {
  /** Answers a refusal with this challenge. */
  readonly challenge: (realm: string, scope?: string) => Promise<boolean>;
  readonly logged: readonly string[];
}

function authorizerFor(registry: string, httpProxy?: string): Asked {
  const logged: string[] = [];
  const clients: TestClient[] = [];
  const url = new URL(registry);
  let sent: string | undefined;
  const authorizer = createRegistryAuthorizer({
    registry: url,
    repositories: ['acme/app'],
    account: { username: 'user', password: 'word' },
    createHttp: (target, account) => {
      const http = testClient({
        authorizer: fixedAuthorizer(
          account === undefined ? [] : [basicCredential(target.origin, account.username, account.password)],
        ),
        proxies: { none: '', http: httpProxy },
      });
      clients.push(http);
      return http;
    },
    learn: () => undefined,
    debug: (message) => logged.push(message),
  });
  return {
    logged,
    async challenge(realm, scope) {
      const scopes = scope === undefined ? '' : `,scope="${scope}"`;
      const isRenewed = await authorizer.renew(url, sent, [`Bearer realm="${realm}"${scopes}`], 401);
      sent = await authorizer.headerFor(url);
      return isRenewed;
    },
    async [Symbol.asyncDispose]() {
      for (const http of clients) await http.close();
    },
  };
}

it('the host is logged once, and may change its path', async () => {
  await using realm = await serve(token, answer(200, '{"token":"other"}'));
  await using authorizer = authorizerFor('http://127.0.0.1:1');
  const { challenge, logged } = authorizer;
  expect([await challenge(realm.url('/token').href), await challenge(realm.url('/other').href)]).toEqual([true, true]);
  expect(realm.received.map(({ target }) => target.replace(/\?.*/, ''))).toEqual(['/token', '/other']);
  expect(logged).toEqual([`127.0.0.1:1 names ${realm.origin} for tokens`]);
});

it('another host within the same run is refused, and gets nothing', async () => {
  await using realm = await serve(token);
  await using other = await serve(token);
  await using authorizer = authorizerFor('http://127.0.0.1:1');
  const { challenge } = authorizer;
  await challenge(realm.url('/token').href);
  const refused = challenge(other.url('/token').href);
  await expect(refused).rejects.toThrow(PipeError);
  await expect(refused).rejects.toThrow(
    `127.0.0.1:1 first named ${realm.origin} for tokens, and now ${other.origin}: no password is sent there`,
  );
  expect(other.received).toEqual([]);
});

it.each(['http://127.0.0.1:1', 'http://registry.example'])(
  'plain http on another host is refused, and gets nothing: named by %s',
  async (registry) => {
    await using server = await serve(token);
    await using proxy = await startProxy({ to: server.origin });
    await using authorizer = authorizerFor(registry, proxy.url);
    const { challenge } = authorizer;
    await expect(challenge('http://tokens.example/token')).rejects.toThrow(
      `${new URL(registry).host} names http://tokens.example for tokens, where everything could be read on the way: it must be https`,
    );
    expect(proxy.seen).toEqual([]);
  },
);

it('a registry that is reached by plain http, as the user wants, may issue its own tokens', async () => {
  await using server = await serve(token);
  await using proxy = await startProxy({ to: server.origin });
  await using authorizer = authorizerFor('http://registry.example', proxy.url);
  const { challenge } = authorizer;
  expect(await challenge('http://registry.example/token')).toBe(true);
  expect(proxy.seen).toHaveLength(1);
});

describe('a token is asked for', () => {
  const ours = 'repository:acme/app:pull,push';

  it.each<[string, string, readonly string[]]>([
    ['what the run needs', '', []],
    ['nothing twice', 'repository:acme/app:pull', []],
    ['nothing twice, in whatever order', 'repository:acme/app:push,pull', []],
    ['more than the run knows of', 'repository:acme/app:pull,push,delete', ['repository:acme/app:pull,push,delete']],
    ['other repositories', 'repository:acme/base:pull', ['repository:acme/base:pull']],
    ['a repository with a longer name', 'repository:acme/app/base:pull', ['repository:acme/app/base:pull']],
    ['what is no repository', 'registry:catalog:*', ['registry:catalog:*']],
    ['what only looks like an action', 'pull,push', ['pull,push']],
    ['several scopes', 'a:b:c  repository:acme/app:pull d:e:f', ['a:b:c', 'd:e:f']],
  ])('for %s', async (_, scope, others) => {
    await using realm = await serve(token);
    await using authorizer = authorizerFor('http://127.0.0.1:1');
    const { challenge } = authorizer;
    await challenge(realm.url('/token').href, scope);
    const asked = realm.received.map(({ target }) => new URL(target, realm.origin).searchParams.getAll('scope'));
    expect(asked).toEqual([[ours, ...others]]);
  });
});
