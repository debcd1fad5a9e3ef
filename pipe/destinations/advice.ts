/** Tells a user what to do about a failure: a table from errors to advice. */

import { adviceOf, hasCode, type Row } from './advice-table.ts';
import { type FileFacts, fileRows } from './downloads/advice.ts';
import { type ImageFacts, imageRows } from './image/advice.ts';
import { type MavenFacts, mavenRows } from './maven/advice.ts';
import { type NpmFacts, npmRows } from './npm/advice.ts';
import {
  FileChangedError,
  HttpError,
  NetworkError,
  StalledError,
  UnexpectedAnswerError,
  VerificationError,
} from '../errors.ts';
import { isBitbucketPackages } from '../settings/registry-url.ts';
import { bitbucketRegistry, defaultApiUrl } from '../settings/variables.ts';

type Facts = FileFacts | ImageFacts | NpmFacts | MavenFacts;

/** What may happen with any server. */
const commonRows: readonly Row<Facts>[] = [
  {
    // A 2xx that is not accepted has come with what the protocol does not have, too.
    when: (error) =>
      error instanceof UnexpectedAnswerError || (error instanceof HttpError && error.refusal.status < 300),
    advice: (_, facts) =>
      `Something else may have answered in place of the server: check that ${facts.type === 'file' ? 'API_URL' : 'REGISTRY'} is the right address, and that no sign-in page, proxy or gateway stands in between.`,
  },
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

function isBitbucket(facts: Facts): boolean {
  if (facts.type === 'file') return facts.apiUrl.href.startsWith(defaultApiUrl);
  return facts.type === 'image' ? facts.reference.host === bitbucketRegistry : isBitbucketPackages(facts.registry);
}
