/** Finds the secrets in the environment, including misplaced ones. */

import { proxySecrets } from '../http/proxies.ts';
import { type Environment, readText } from '../toolkit/environment.ts';
import { tokenPrefixes } from './token-kinds.ts';
import { secretVariables } from './variables.ts';

/** Names of variables with a secret, even if only other programs use them: `NPM_TOKEN`, `TOKENS`, `DB_PASSWORD`. */
const secretName = /(?:TOKENS?|PASSWORDS?|PASSWD|PASSPHRASE|SECRETS?|API_?KEYS?|ACCESS_KEYS?|PRIVATE_KEYS?)$/i;

/** Atlassian's tokens, by their format, in any variable: for example a TOKEN in USERNAME. */
const atlassianToken = new RegExp(String.raw`\b(?:${tokenPrefixes.join('|')})[\w=-]{16,}`, 'g');

/** The user information before the host in a URL, but not the tag in `app:tag@sha256:…`. */
const userInfo = /:\/\/([^\s/?#"']+)@(?!sha\d+:)/g;

/** API keys of Octopus have no lower-case letters, so that an echo in lower case gives them away. */
const octopusKey = /\bAPI-[0-9A-Z]{16,}/g;

const minTokenCharacters = 20;

/** An option for a secret, which the pipe does not have: `--token abc`, even as joined items of an array. */
const secretOption = /(?<![\w-])--?[\w-]*(?:token|password|passwd|secret|api-?key)[=\s"',]+([^\s"',]+)/gi;

/** The secrets in the environment, for redaction: with duplicates, and undefined for variables that are not set. */
export function givenSecrets(env: Environment): readonly (string | undefined)[] {
  const values = Object.entries(env).flatMap(([name, value]) => (value ? [{ name, value }] : []));
  return [
    ...secretVariables.map((name) => readText(env, name)),
    ...proxySecrets(env),
    ...values.filter(({ name }) => secretName.test(name)).map(({ name }) => readText(env, name)),
    ...values.flatMap(({ value }) => value.match(atlassianToken) ?? []),
    ...values.flatMap(({ value }) => value.match(octopusKey)?.flatMap((key) => [key, key.toLowerCase()]) ?? []),
    ...values.flatMap(({ name, value }) => secretsOfUrls(name, value)),
    ...secretsOfOptions(values),
  ];
}

/** The password in a URL, or else a user name that looks like a token: `https://acme@bitbucket.org` has no secret. */
function secretsOfUrls(name: string, value: string): readonly string[] {
  const isHost = /^(?:IMAGE|REGISTRY|API_URL|DOCKER_HOST)$/.test(name) && !value.includes('://');
  return [...(isHost ? `://${value}` : value).matchAll(userInfo)]
    .map(([, user = '']) => user)
    .filter((user) => user.includes(':') || (user.length >= minTokenCharacters && /\d/.test(user)))
    .map((user) => user.replace(/^[^:]*:/, ''));
}

function secretsOfOptions(
  values: readonly { readonly name: string; readonly value: string }[],
): readonly (string | undefined)[] {
  const items = values.filter(({ name }) => /^EXTRA_ARGS(?:_\d+)?$/.test(name));
  if (items.length === 0) return [];
  const index = (name: string): number => Number(name.replace(/^\D+/, ''));
  const joined = items
    .toSorted((a, b) => index(a.name) - index(b.name))
    .map(({ value }) => value)
    .join(' ');
  return [...joined.matchAll(secretOption)].map(([, secret]) => secret);
}
