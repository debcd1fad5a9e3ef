/**
 * Signs in with OpenID Connect: exchanges the step's own token for an access token of the server.
 *
 * @see https://octopus.com/docs/octopus-rest-api/openid-connect, and RFC 8693 (OAuth 2.0 Token Exchange)
 */

import { HttpError, InputError, UnexpectedAnswerError } from '../../errors.ts';
import { parseAnswer, readBytes } from '../../http/answer.ts';
import type { Authorizer } from '../../http/authorizer.ts';
import type { Http } from '../../http/send.ts';
import { bytesBody } from '../../io/body.ts';
import { asObject, asString } from '../../io/json.ts';
import type { OctopusAccount } from './account.ts';

type ServiceAccount = Extract<OctopusAccount, { readonly scheme: 'OpenID Connect' }>;

const maxAnswerBytes = 64 * 1024;

/**
 * The authorizer of a service account. An access token is asked for when it is first needed, and again when it has expired.
 *
 * @param http a client without credentials
 * @param learn is told each access token before it is used, so that it appears in no output
 */
export function serviceAccountAuthorizer(
  http: Http,
  server: URL,
  account: ServiceAccount,
  learn: (token: string) => void,
): Authorizer {
  let asked: Promise<string> | undefined;
  const token = async (): Promise<string> => {
    asked ??= exchangeToken(http, server, account).then((issued) => {
      learn(issued);
      return issued;
    });
    return await asked;
  };
  return {
    headerFor: async (url) => (url.origin === server.origin ? `Bearer ${await token()}` : undefined),
    async renew(url, sent, _challenges, status) {
      if (status !== 401 || url.origin !== server.origin || sent === undefined) return false;
      // Another request may have renewed it meanwhile.
      if (sent === `Bearer ${await token()}`) asked = undefined;
      return sent !== `Bearer ${await token()}`;
    },
  };
}

/** @throws HttpError, NetworkError, StalledError; UnexpectedAnswerError if an answer is not that of an Octopus server */
async function exchangeToken(http: Http, server: URL, { serviceAccount, idToken }: ServiceAccount): Promise<string> {
  const subject = `the service account ${serviceAccount}`;
  const endpoint = await http.send(
    {
      subject,
      method: 'GET',
      url: new URL('.well-known/openid-configuration', server),
      accept: [200],
      headers: { accept: 'application/json' },
    },
    async (answer) =>
      parseAnswer(answer, await readBytes(answer, maxAnswerBytes), 'an OpenID configuration', (document) =>
        asString(asObject(document, 'it')['token_endpoint'], 'token_endpoint'),
      ),
  );
  const url = URL.parse(endpoint, server);
  // The step's token goes to the server that it is for, and to nobody else.
  if (url === null || url.origin !== server.origin)
    throw new UnexpectedAnswerError(`${subject}: the server's token_endpoint is on another server`, {
      status: 200,
      isForeign: true,
    });
  const body = bytesBody(
    JSON.stringify({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      audience: serviceAccount,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      subject_token: idToken,
    }),
  );
  const headers = { accept: 'application/json', 'content-type': 'application/json' };
  return await http.send({ subject, method: 'POST', url, accept: [200], headers, body }, async (answer) =>
    parseAnswer(answer, await readBytes(answer, maxAnswerBytes), 'an access token', readAccessToken),
  );
}

/** @throws InputError if it is none that a header can have (RFC 6750, section 2.1) */
function readAccessToken(document: unknown): string {
  const token = asString(asObject(document, 'it')['access_token'], 'access_token');
  if (!/^[\x21-\x7E]+$/.test(token)) throw new InputError('access_token has characters that a token cannot have');
  return token;
}

/** Whether the failure is that of the exchange of tokens, not of the request that needed one. */
export function isSignInFailure(error: unknown): error is HttpError {
  return error instanceof HttpError && error.refusal.subject?.startsWith('the service account ') === true;
}
