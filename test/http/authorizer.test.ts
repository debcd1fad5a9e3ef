import { describe, expect, it } from '@jest/globals';
import { type Authorizer, fixedAuthorizer } from '../../pipe/http/authorizer.ts';
import { discard } from '../../pipe/http/answer.ts';
import { bearerCredential } from '../../pipe/http/credentials.ts';
import { HttpError } from '../../pipe/errors.ts';
import { patternBody, testClient } from './test-client.ts';
import { patience } from '../patience.ts';
import { answer, serve } from './test-servers.ts';

/** Returns the tokens in turn, each until it gets a 401. */
function tokensInTurn(...tokens: readonly string[]): Authorizer & { readonly challenges: string[] } {
  let turn = 0;
  const challenges: string[] = [];
  return {
    challenges,
    headerFor: async () => await Promise.resolve(tokens[turn]),
    renew: async (_, sent, given) => {
      challenges.push(...given);
      if (sent === tokens[turn]) turn++;
      return await Promise.resolve(turn < tokens.length);
    },
  };
}

it('a fixed credential is sent to its origin only, and is not renewed', async () => {
  const authorizer = fixedAuthorizer([bearerCredential('http://127.0.0.1:1', 'token')]);
  expect(await authorizer.headerFor(new URL('http://127.0.0.1:1/x'))).toBe('Bearer token');
  expect(await authorizer.headerFor(new URL('http://127.0.0.1:2/x'))).toBeUndefined();
  expect(await authorizer.renew(new URL('http://127.0.0.1:1/x'), 'Bearer token', [], 401)).toBe(false);
});

describe('after a 401', () => {
  it('the request is sent again with the renewed token and a reopened body, without using up an attempt', async () => {
    const challenges = { 'www-authenticate': ['Basic realm="a"', 'Bearer realm="b"'] };
    await using server = await serve(answer(401, 'expired', challenges), answer(201));
    const authorizer = tokensInTurn('stale', 'fresh');
    await using http = testClient({ authorizer, policy: { retries: 0, baseMs: 1, capMs: 1, maxWaitMs: 1 } });
    const body = patternBody(3_000_000);
    await http.send({ method: 'PUT', url: server.url(), accept: [201], body }, discard);
    expect(server.received.map(({ headers }) => headers.authorization)).toEqual(['stale', 'fresh']);
    expect(server.received.at(-1)?.body).toHaveLength(3_000_000);
    expect(authorizer.challenges).toEqual(['Basic realm="a"', 'Bearer realm="b"']);
    expect(body.opened).toBe(2);
  });

  it('the request fails after two renewals, or if there is no other token', async () => {
    for (const [tokens, requests] of [
      [['a', 'b', 'c', 'd', 'e'], 3],
      [['a'], 1],
    ] as const) {
      await using server = await serve(answer(401, 'no'));
      await using http = testClient({ authorizer: tokensInTurn(...tokens) });
      await expect(http.send({ method: 'GET', url: server.url(), accept: [200] }, discard)).rejects.toBeInstanceOf(
        HttpError,
      );
      expect(server.received).toHaveLength(requests);
    }
  });
});

it('a body of unknown length is sent whole, with chunked encoding', async () => {
  await using server = await serve(answer(202));
  await using http = testClient();
  const pattern = patternBody(2_500_000);
  await http.send(
    { method: 'PATCH', url: server.url(), accept: [202], body: { length: undefined, open: () => pattern.open() } },
    discard,
  );
  expect(server.received).toMatchObject([{ isComplete: true, headers: { 'transfer-encoding': 'chunked' } }]);
  expect(server.received[0]?.body).toHaveLength(2_500_000);
});

it('getting a token may take longer than the timeout for progress', async () => {
  await using server = await serve(answer(200));
  const timeoutMs = patience(100);
  const slow: Authorizer = {
    headerFor: async () => {
      await new Promise((resolve) => setTimeout(resolve, timeoutMs * 1.5));
      return 'token';
    },
    renew: async () => await Promise.resolve(false),
  };
  await using http = testClient({ authorizer: slow, timeoutMs });
  await http.send({ method: 'GET', url: server.url(), accept: [200] }, discard);
  expect(server.received).toHaveLength(1);
});
