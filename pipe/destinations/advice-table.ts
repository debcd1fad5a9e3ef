/** What a table of advice is made of: rows from errors to advice, and the words that several tables share. */

import type { TokenKind } from '../settings/credential.ts';
import { HttpError, NetworkError } from '../errors.ts';

/** The first row that fits speaks. */
export interface Row<Of> {
  readonly when: (error: unknown) => boolean;
  readonly advice: (error: never, facts: Of) => string;
}

export const packageScopes = 'read:package:bitbucket and write:package:bitbucket';

export const apiTokenPage = 'https://id.atlassian.com/manage-profile/security/api-tokens';

export function adviceOf<Of>(rows: readonly Row<Of>[], error: unknown, facts: Of): string | undefined {
  return rows.find((row) => row.when(error))?.advice(error as never, facts);
}

export function isRefused(error: unknown, words: RegExp): boolean {
  return error instanceof HttpError && words.test(error.refusal.reason);
}

export function hasStatus(status: number): (error: unknown) => error is HttpError {
  return (error): error is HttpError => error instanceof HttpError && error.refusal.status === status;
}

export function hasCode(...codes: readonly string[]): (error: unknown) => boolean {
  return (error) => error instanceof NetworkError && codes.includes(error.code);
}

export function packagesCredentialsAdvice(what: 'registry' | 'repository', tokenKind: TokenKind): string {
  return tokenKind === 'api-token'
    ? `Check that USERNAME is the email of the Atlassian account that made the API token, that the token has not expired, and that it has the scopes ${packageScopes}: ${apiTokenPage}.`
    : `The ${what} does not take this USERNAME and TOKEN. Bitbucket's takes an API token with the scopes ${packageScopes} and its email, or the pipeline's own BITBUCKET_PACKAGES_USERNAME and BITBUCKET_PACKAGES_TOKEN.`;
}
