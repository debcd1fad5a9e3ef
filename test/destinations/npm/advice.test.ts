import { describe, expect, it } from '@jest/globals';
import { type HttpError, type Refusal, VerificationError } from '../../../pipe/errors.ts';
import { explain } from '../../../pipe/destinations/advice.ts';
import type { NpmFacts } from '../../../pipe/destinations/npm/advice.ts';
import { npm } from '../../../pipe/destinations/npm/destination.ts';
import type { NpmSettings } from '../../../pipe/destinations/npm/settings.ts';
import { refused as refusedWith } from '../refused.ts';

type Facts = Omit<NpmFacts, 'isBitbucket'> & Pick<NpmSettings, 'timeoutMs'>;

const account = { tokenKind: 'api-token', scheme: 'Basic', username: 'a@b.c', password: 'x' } as const;
const otherAccount = { ...account, tokenKind: 'other' } as const;
const onBitbucket: Facts = {
  registry: new URL('https://npm.apkg.io/acme/'),
  account,
  timeoutMs: 120_000,
};
const onNpmjs: Facts = { ...onBitbucket, registry: new URL('https://registry.npmjs.org/'), account: undefined };
const elsewhere: Facts = { ...onBitbucket, registry: new URL('https://registry.example/'), account: otherAccount };

function refused(status: number, reason = 'No', given: Partial<Refusal> = {}): HttpError {
  return refusedWith(status, { reason, ...given });
}

describe('what to do if an npm registry refuses', () => {
  it.each<[string, HttpError, Facts, RegExp]>([
    ['the package was not created', refused(400, 'x', { codes: ['NAME_UNKNOWN'] }), onBitbucket, /Create > Package/],
    [
      '404 elsewhere',
      refused(404),
      elsewhere,
      /no npm registry that accepts packages at https:\/\/registry\.example\/.*check REGISTRY/,
    ],
    [
      'the version exists',
      refused(403, 'You cannot publish over the previously published versions: 1.0.0.'),
      elsewhere,
      /raise the version/,
    ],
    ['npmjs.com does not accept a token', refused(404), onNpmjs, /404 to a token that has expired.*90 days/],
    [
      'npmjs.com does not accept a token to stage',
      refused(404, 'No', { url: 'https://registry.npmjs.org/-/stage/package/lib' }),
      onNpmjs,
      /404 to a token that has expired/,
    ],
    [
      'there is no staging area',
      refused(405, 'No', { url: 'https://registry.example/-/stage/package/lib' }),
      elsewhere,
      /registry\.example\/ has no staging area, .*: leave --stage out/,
    ],
    ['npmjs.com wants a private package paid for', refused(402), onNpmjs, /give --access public/],
    [
      'a second factor is needed',
      refused(401, 'Unauthorized', { challenges: ['OTP'] }),
      onNpmjs,
      /asks for a one-time password.*add --stage/,
    ],
    [
      'a second factor is needed, in words',
      refused(401, 'You must provide a one-time pass.'),
      elsewhere,
      /asks for a one-time password/,
    ],
    ['no second factor', refused(401, 'No', { challenges: ['Basic realm="otp"'] }), elsewhere, /does not accept this/],
    ['a conflict', refused(409), onBitbucket, /busy with another upload of this package: then run the step again/],
    ['a failed condition', refused(412), onBitbucket, /busy with another upload of this package: then run the/],
    [
      'the scope does not match',
      refused(403, 'Scope @b does not match the workspace'),
      onBitbucket,
      /scope of the package's name/,
    ],
    [
      'scopes of the token are missing',
      refused(403, 'Your credentials lack privilege scopes', { requiredScopes: ['write:package:bitbucket'] }),
      onBitbucket,
      /read:package:bitbucket and write:package:bitbucket/,
    ],
    ['403 elsewhere', refused(403), elsewhere, /of an account that owns the package/],
    ['403 without credentials', refused(403), { ...elsewhere, account: undefined }, /set TOKEN, and USERNAME/],
    ['401 with an API token', refused(401), onBitbucket, /USERNAME is the email .*read:package:bitbucket/],
    [
      "401 with a pipeline's own credentials",
      refused(401),
      { ...onBitbucket, account: otherAccount },
      /BITBUCKET_PACKAGES_TOKEN/,
    ],
    ['401 with a user name and a token elsewhere', refused(401), elsewhere, /leave USERNAME out/],
    [
      '401 with a token alone',
      refused(401),
      { ...elsewhere, account: { tokenKind: 'other', scheme: 'Bearer', token: 'x' } },
      /as a bearer token, because USERNAME is not set/,
    ],
    ['401 without credentials', refused(401), { ...elsewhere, account: undefined }, /asks for credentials: set TOKEN/],
    ['the package is too large', refused(413), onBitbucket, /"files" in package\.json/],
    ['too many requests', refused(429), onBitbucket, /Wait, and run the step again/],
    ['a server that fails', refused(502), onBitbucket, /bitbucket\.status\.atlassian\.com/],
    ['a server that fails elsewhere', refused(502), elsewhere, /server's side\. It is safe/],
  ])('%s', (_, error, facts, expected) => {
    expect(explain(error, npm, facts as NpmSettings)).toMatch(expected);
  });

  it('says how to compare if the registry has different content, which no run can replace', () => {
    expect(explain(new VerificationError('m'), npm, onBitbucket as NpmSettings)).toMatch(
      /npm view NAME.*raise it in package\.json/,
    );
  });
});
