/** Tells a user what to do about a failure: a table from errors to advice. */

import type { TokenKind } from './credential-settings.ts';
import { FileChangedError, HttpError, NetworkError, StalledError, VerificationError } from './errors.ts';
import { VersionConflictError } from './maven/version-conflict.ts';
import { isBitbucketPackages } from './package-registry.ts';
import { isImmutable } from './registry/refusals.ts';
import type { FileSettings, ImageSettings, MavenSettings, NpmSettings } from './settings.ts';
import { bitbucketRegistry, defaultApiUrl } from './variables.ts';

type FileFacts = Pick<
  FileSettings,
  'type' | 'workspace' | 'repository' | 'tokenKind' | 'scheme' | 'apiUrl' | 'timeoutMs'
>;
type ImageFacts = Pick<ImageSettings, 'type' | 'reference' | 'account' | 'tokenKind' | 'timeoutMs'>;
type NpmFacts = Pick<NpmSettings, 'type' | 'registry' | 'account' | 'bearer' | 'tokenKind' | 'timeoutMs'>;
type MavenFacts = Pick<MavenSettings, 'type' | 'registry' | 'account' | 'bearer' | 'tokenKind' | 'timeoutMs'>;
type Facts = FileFacts | ImageFacts | NpmFacts | MavenFacts;

interface Row<Of> {
  readonly when: (error: unknown) => boolean;
  readonly advice: (error: never, facts: Of) => string;
}

const scopes = {
  'api-token': 'write:repository:bitbucket and read:repository:bitbucket (reading is not part of writing)',
  'access-token': 'repository:write',
  other: 'repository:write (access token), or write:repository:bitbucket and read:repository:bitbucket (API token)',
} as const;

const packageScopes = 'read:package:bitbucket and write:package:bitbucket';

const apiTokenPage = 'https://id.atlassian.com/manage-profile/security/api-tokens';

/** What Downloads say. The first row that fits speaks. */
const fileRows: readonly Row<FileFacts>[] = [
  { when: hasStatus(401), advice: (_, facts) => unauthorizedAdvice(facts) },
  { when: (error) => hasStatus(403)(error) && error.refusal.requiredScopes.length > 0, advice: missingScopesAdvice },
  {
    when: hasStatus(403),
    advice: (_, { workspace, repository, tokenKind }) =>
      `The token is known, but may not write to ${workspace}/${repository}. Its owner needs write access there, and it needs the scopes ${scopes[tokenKind]}.`,
  },
  {
    when: hasStatus(404),
    advice: (_, { workspace, repository }) =>
      `There is no repository ${workspace}/${repository}, or the token does not see it: check WORKSPACE and REPOSITORY, and for an access token, that it belongs to this repository, its project or its workspace.`,
  },
  {
    when: hasStatus(413),
    advice: () =>
      'The file is larger than Downloads take (about 2 GB). Split it, compress it, or publish it as a package.',
  },
  {
    when: hasStatus(429),
    advice: () =>
      'Bitbucket allows about 1,000 requests an hour for each user. Wait, run fewer pipelines at a time with one token, or pack many small files into one.',
  },
  {
    when: (error) => error instanceof HttpError && error.refusal.location !== undefined,
    advice: (error: HttpError) =>
      `The server says that the address has moved to ${error.refusal.location}: set API_URL, WORKSPACE and REPOSITORY so that they lead there directly.`,
  },
];

/** What container registries say (distribution-spec 1.1, "Error codes"). */
const imageRows: readonly Row<ImageFacts>[] = [
  {
    when: (error) => isRefused(error, /NAME_UNKNOWN/) || hasStatus(404)(error),
    advice: (_, { reference }) =>
      `The package ${reference.repository} does not exist in ${reference.host}, or the token does not see it. On Bitbucket, an admin of the repository creates it once, before the first push: Create > Package.`,
  },
  {
    when: isImmutable,
    advice: (_, { reference }) =>
      `The tag ${reference.tag} is immutable and exists: publish under another tag, or change the rule in the workspace's settings.`,
  },
  {
    when: hasStatus(401),
    advice: (_, { account, tokenKind }) =>
      account === undefined
        ? 'The registry asks for credentials: set USERNAME and TOKEN.'
        : packagesCredentialsAdvice('registry', tokenKind),
  },
  {
    when: hasStatus(403),
    advice: (_, { reference }) =>
      `The token is known, but may not push to ${reference.repository}. It needs the scopes ${packageScopes}, and its owner write access to the repository that the package belongs to; the pipeline's own token only covers packages of its own repository.`,
  },
  {
    when: hasStatus(413),
    advice: () => 'The registry, or a proxy before it, takes no request of that size, not even in small chunks.',
  },
  {
    when: hasStatus(429),
    advice: () => 'The registry limits how often it may be asked. Wait, and run the step again.',
  },
];

/** What npm registries say. */
const npmRows: readonly Row<NpmFacts>[] = [
  {
    when: (error) => isRefused(error, /NAME_UNKNOWN/) || hasStatus(404)(error),
    advice: (_, { registry }) =>
      isBitbucketPackages(registry)
        ? 'The package does not exist in this workspace, or the token does not see it. On Bitbucket, an admin of the repository creates it once, before the first publishing: Create > Package. Its name is that in package.json.'
        : `There is no npm registry that takes packages at ${registry.href}, or the token does not see it: check REGISTRY.`,
  },
  {
    when: (error) =>
      hasStatus(409)(error) ||
      isRefused(error, /previously published|already (?:exists|published|present)|publish over|EPUBLISHCONFLICT/i),
    advice: () =>
      'A published version cannot be replaced: raise the version in package.json. Where it is the very same package, --skip-existing makes that a success.',
  },
  {
    when: (error) =>
      hasStatus(403)(error) &&
      error.refusal.requiredScopes.length === 0 &&
      /\bscope\b|namespace/i.test(error.refusal.reason),
    advice: (_, { registry }) =>
      `The scope of the package's name (@scope/name in package.json) is not one that ${registry.href} takes from this account: it has to be the workspace's, or that of the owner of the registry.`,
  },
  { when: hasStatus(401), advice: (_, facts) => npmUnauthorizedAdvice(facts) },
  {
    when: hasStatus(403),
    advice: (_, { registry, account, bearer }) =>
      account === undefined && bearer === undefined
        ? 'The registry takes packages from nobody without credentials: set TOKEN, and USERNAME where it has one.'
        : isBitbucketPackages(registry)
          ? `The token is known, but may not publish this package. It needs the scopes ${packageScopes}, and its owner write access to the repository that the package belongs to; the pipeline's own token only covers packages of its own repository.`
          : 'The token is known, but may not publish this package: it has to be one that may write, of an account that owns the package.',
  },
  {
    when: hasStatus(413),
    advice: () =>
      'The registry, or a proxy before it, takes no package of that size: name what is needed under "files" in package.json, and keep the rest out.',
  },
  {
    when: hasStatus(429),
    advice: () =>
      'The registry limits how often it may be asked. Wait, and run the step again: what is published stays.',
  },
  {
    when: (error) => error instanceof VerificationError,
    advice: () =>
      'Look at what the registry holds (npm view NAME): has something else published at the same time? A version cannot be replaced: where it is not what it should be, raise it in package.json.',
  },
];

/** What Maven repositories say. */
const mavenRows: readonly Row<MavenFacts>[] = [
  {
    when: (error) => error instanceof VersionConflictError || hasStatus(409)(error),
    advice: () =>
      'A released version is never replaced. Publish the changed artifact under another version, or as a SNAPSHOT.',
  },
  {
    when: hasStatus(401),
    advice: (_, { account, bearer, tokenKind }) =>
      account === undefined && bearer === undefined
        ? 'The repository asks for credentials: set USERNAME and TOKEN.'
        : bearer !== undefined
          ? 'TOKEN was sent alone, because USERNAME is not set: most Maven repositories take it with a user name.'
          : packagesCredentialsAdvice('repository', tokenKind),
  },
  {
    when: hasStatus(403),
    advice: (_, { registry }) =>
      `The token is known, but may not do this in ${registry.href}. On Bitbucket it needs the scopes ${packageScopes}, and its owner write access to the repository that the package belongs to; elsewhere, the right to read and to deploy.`,
  },
  {
    when: (error) => isRefused(error, /NAME_UNKNOWN|does not exist/) || hasStatus(404)(error),
    advice: (_, { registry }) =>
      isBitbucketPackages(registry)
        ? `${registry.pathname === '/' ? 'REGISTRY has no workspace: take its whole URL from the page of the package. Otherwise, the' : 'The'} package does not exist, or the token does not see it. An admin of the repository creates it once, before the first push: Create > Package.`
        : `There is no Maven repository at ${registry.href}, or the token does not see it: REGISTRY is the URL that distributionManagement in a POM would have.`,
  },
  {
    when: hasStatus(405),
    advice: (_, { registry }) =>
      `${registry.href} takes no uploads: is it a group or a proxy of other repositories? REGISTRY must be the hosted one, for releases or for SNAPSHOTs.`,
  },
  {
    when: hasStatus(400),
    advice: () =>
      'Many repositories take either releases or SNAPSHOTs, and answer so to the other kind: check which one REGISTRY is.',
  },
  { when: hasStatus(413), advice: () => 'The repository, or a proxy before it, takes no file of that size.' },
  {
    when: hasStatus(429),
    advice: () => 'The repository limits how often it may be asked. Wait, and run the step again.',
  },
  {
    when: (error) => error instanceof HttpError && error.refusal.location !== undefined,
    advice: (error: HttpError) =>
      `The server says that the address has moved to ${error.refusal.location}: set REGISTRY so that it leads there directly.`,
  },
];

/** What may happen with any server. */
const commonRows: readonly Row<Facts>[] = [
  {
    when: (error) => error instanceof HttpError && error.refusal.status >= 500,
    advice: (_, facts) =>
      `The trouble is on the server's side${isBitbucket(facts) ? ': see https://bitbucket.status.atlassian.com' : ''}. It is safe to run the step again.`,
  },
  {
    when: hasCode('ENOTFOUND', 'EAI_AGAIN'),
    advice: () => 'Check API_URL or REGISTRY, and the network and proxy (HTTPS_PROXY, NO_PROXY) of the runner.',
  },
  {
    when: hasCode('PROXY_403', 'PROXY_407'),
    advice: () =>
      'The proxy lets nothing through: check the user name and the password in HTTPS_PROXY, or name the host in NO_PROXY.',
  },
  {
    when: (error) => error instanceof NetworkError && /CERT|SIGNED|SIGNATURE|ISSUER|ERR_TLS/.test(error.code),
    advice: () =>
      'The server showed a certificate that this pipe does not trust. Behind a company proxy, give its CA as a PEM file in NODE_EXTRA_CA_CERTS.',
  },
  {
    when: (error) => error instanceof NetworkError,
    advice: () =>
      'The network or the server failed for longer than the retries last. It is safe to run the step again; --retries N makes the pipe more patient.',
  },
  {
    when: (error) => error instanceof StalledError,
    advice: (_, { timeoutMs }) =>
      `The connection went dead, or the server needs more than ${timeoutMs / 1000} s to answer: --timeout SECONDS sets how long to wait.`,
  },
  {
    when: (error) => error instanceof FileChangedError,
    advice: () =>
      'Let whatever writes the file finish before the pipe runs, then run the step again. The changed file was not published.',
  },
  {
    when: (error) => error instanceof VerificationError,
    advice: () =>
      'Was the same name uploaded by something else at the same time? Run the step again to replace what is there.',
  },
];

/** What the user can do; undefined where the message says it already. */
export function explain(error: unknown, facts: Facts): string | undefined {
  return adviceByType(error, facts) ?? adviceOf(commonRows, error, facts);
}

function adviceByType(error: unknown, facts: Facts): string | undefined {
  if (facts.type === 'file') return adviceOf(fileRows, error, facts);
  if (facts.type === 'image') return adviceOf(imageRows, error, facts);
  return facts.type === 'npm' ? adviceOf(npmRows, error, facts) : adviceOf(mavenRows, error, facts);
}

function adviceOf<Of>(rows: readonly Row<Of>[], error: unknown, facts: Of): string | undefined {
  return rows.find((row) => row.when(error))?.advice(error as never, facts);
}

function isBitbucket(facts: Facts): boolean {
  if (facts.type === 'file') return facts.apiUrl.href.startsWith(defaultApiUrl);
  return facts.type === 'image' ? facts.reference.host === bitbucketRegistry : isBitbucketPackages(facts.registry);
}

function isRefused(error: unknown, words: RegExp): boolean {
  return error instanceof HttpError && words.test(error.refusal.reason);
}

function hasStatus(status: number): (error: unknown) => error is HttpError {
  return (error): error is HttpError => error instanceof HttpError && error.refusal.status === status;
}

function hasCode(...codes: readonly string[]): (error: unknown) => boolean {
  return (error) => error instanceof NetworkError && codes.includes(error.code);
}

function unauthorizedAdvice({ tokenKind, scheme }: FileFacts): string {
  if (tokenKind === 'access-token') {
    return 'The access token has expired or was revoked: create another one with the scope repository:write (Repository settings > Access tokens) and store it as TOKEN.';
  }
  if (tokenKind === 'api-token') {
    return `Check that USERNAME is the email of the Atlassian account that made the API token (not a Bitbucket user name), and that the token has not expired: ${apiTokenPage}.`;
  }
  return scheme === 'Bearer'
    ? 'TOKEN was sent as an access token, because USERNAME is not set. If it is an API token, set USERNAME to the email of its Atlassian account; else it has expired or was revoked.'
    : 'TOKEN was sent with USERNAME. If it is an access token, leave USERNAME out; if it is an API token, USERNAME must be the email of its account, and the token not expired.';
}

function npmUnauthorizedAdvice({ registry, account, bearer, tokenKind }: NpmFacts): string {
  if (bearer !== undefined)
    return 'TOKEN was sent by itself, as Bearer, because USERNAME is not set: it has expired, was revoked, or belongs to another registry. Where the registry wants a user name too, set USERNAME.';
  if (account === undefined) return 'The registry asks for credentials: set TOKEN, and USERNAME where it has one.';
  return tokenKind === 'api-token' || isBitbucketPackages(registry)
    ? packagesCredentialsAdvice('registry', tokenKind)
    : 'The registry does not take this USERNAME and TOKEN. Where it takes tokens alone, as npmjs.com and GitHub do, leave USERNAME out.';
}

function packagesCredentialsAdvice(what: 'registry' | 'repository', tokenKind: TokenKind): string {
  return tokenKind === 'api-token'
    ? `Check that USERNAME is the email of the Atlassian account that made the API token, that the token has not expired, and that it has the scopes ${packageScopes}: ${apiTokenPage}.`
    : `The ${what} does not take this USERNAME and TOKEN. Bitbucket's takes an API token with the scopes ${packageScopes} and its email, or the pipeline's own BITBUCKET_PACKAGES_USERNAME and BITBUCKET_PACKAGES_TOKEN.`;
}

function missingScopesAdvice(error: HttpError, { tokenKind }: FileFacts): string {
  const { requiredScopes, grantedScopes } = error.refusal;
  const granted = grantedScopes.length === 0 ? '' : `, and has ${grantedScopes.join(', ')}`;
  return `The token lacks the scope ${requiredScopes.filter((scope) => !grantedScopes.includes(scope)).join(', ') || requiredScopes.join(', ')}${granted}. Scopes cannot be added later: create a token with ${scopes[tokenKind]}.`;
}
