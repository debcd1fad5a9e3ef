/** Who may do what on the sandbox's Octopus server: API keys, access tokens, and the exchange of a step's token for one. */
import { randomBytes } from 'node:crypto';
import { json, Refusal, type Answer } from './answers.ts';
import type { Exchange } from './exchange.ts';
import { tokens } from './tokens.ts';

export type Permission =
  'BuiltInFeedPush' | 'BuiltInFeedAdminister' | 'BuildInformationPush' | 'BuildInformationAdminister' | 'FeedView';

const push: readonly Permission[] = ['BuiltInFeedPush', 'BuildInformationPush', 'FeedView'];
const all: readonly Permission[] = [...push, 'BuiltInFeedAdminister', 'BuildInformationAdminister'];

const permissionsByKey = new Map<string, readonly Permission[]>([
  [tokens.octopusKey, all],
  [tokens.octopusPushKey, push],
  [tokens.octopusReadKey, ['FeedView']],
]);

/** The error document of Octopus. */
export function octopusError(status: number, message: string): Answer {
  return json(status, {
    ErrorMessage: message,
    Errors: [message],
    FullException: null,
    HelpLink: null,
    HelpText: null,
  });
}

const maxRequestBytes = 64 * 1024;

export class OctopusSignIn {
  readonly #issued: string[];
  readonly #valid = new Set<string>();

  /** @param issued gets every access token */
  constructor(issued: string[]) {
    this.#issued = issued;
  }

  /** @throws Refusal unless the request has credentials with this permission */
  require(exchange: Exchange, permission: Permission): void {
    const { authorization, 'x-octopus-apikey': key } = exchange.request.headers;
    const refusal = octopusError(
      401,
      'You must be logged in to request this resource. Please provide a valid API key or log in.',
    );
    if (authorization !== undefined && key !== undefined) throw new Refusal(refusal, 'two kinds of credentials');
    const permissions =
      typeof key === 'string'
        ? permissionsByKey.get(key)
        : this.#valid.has(authorization?.replace(/^Bearer /, '') ?? '')
          ? all
          : undefined;
    if (permissions === undefined) throw new Refusal(refusal);
    if (!permissions.includes(permission))
      throw new Refusal(
        octopusError(
          403,
          `You do not have permission to perform this action. Please contact your Octopus administrator. Missing permission: ${permission}`,
        ),
      );
  }

  /** Access tokens that were issued are no longer accepted. */
  expire(): void {
    this.#valid.clear();
  }

  /** RFC 8693. */
  async exchange(exchange: Exchange): Promise<void> {
    const { headers } = exchange.request;
    if (headers.authorization !== undefined || headers['x-octopus-apikey'] !== undefined)
      exchange.violate('credentials for the exchange of a token');
    const tooLarge = new Refusal(octopusError(413, 'too large'));
    const body = JSON.parse((await exchange.receiveAll(maxRequestBytes, tooLarge)).toString()) as Record<
      string,
      unknown
    >;
    if (headers['content-type'] !== 'application/json') throw new Refusal(octopusError(415, 'not JSON'), 'not JSON');
    const expected = {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    };
    for (const [name, value] of Object.entries(expected))
      if (body[name] !== value)
        throw new Refusal(json(400, { error: 'invalid_request' }), `${name} ${String(body[name])}`);
    if (body['audience'] !== tokens.serviceAccount || body['subject_token'] !== tokens.stepToken)
      throw new Refusal(
        json(400, {
          error: 'invalid_grant',
          error_description: 'No OIDC identity of this service account matches the token',
        }),
      );
    const token = `eyJhbGciOiJQUzI1NiJ9.${randomBytes(24).toString('base64url')}.${randomBytes(24).toString('base64url')}`;
    this.#issued.push(token);
    this.#valid.add(token);
    await exchange.respond(json(200, { access_token: token, token_type: 'Bearer', expires_in: 3600 }));
  }
}
