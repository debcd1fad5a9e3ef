/** The secrets among the variables, in their own places and where they were put by mistake. */

import { proxySecrets } from '../http/proxies.ts';
import { type Environment, readText } from '../toolkit/environment.ts';
import { tokenPrefixes } from './token-kinds.ts';
import { secretVariables } from './variables.ts';

/** Variables that hold a secret by their names, whoever reads them: `NPM_TOKEN`, `TOKENS`, `DB_PASSWORD`. */
const secretName = /(?:TOKENS?|PASSWORDS?|PASSWD|PASSPHRASE|SECRETS?|API_?KEYS?|ACCESS_KEYS?|PRIVATE_KEYS?)$/i;

/** Atlassian's tokens, by their shape, in any variable: a TOKEN that was put into USERNAME. */
const atlassianToken = new RegExp(String.raw`\b(?:${tokenPrefixes.join('|')})[\w=-]{16,}`, 'g');

/** What stands before the host in a URL. Not the tag of `app:tag@sha256:…`. */
const userInfo = /:\/\/([^\s/?#"']+)@(?!sha\d+:)/g;

const minTokenCharacters = 20;

/** An option that names a secret, which the pipe does not know: `--token abc`, also as items of an array joined by spaces. */
const secretOption = /(?<![\w-])--?[\w-]*(?:token|password|passwd|secret|api-?key)[=\s"',]+([^\s"',]+)/gi;

export function givenSecrets(env: Environment): readonly (string | undefined)[] {
  const values = Object.entries(env).flatMap(([name, value]) => (value ? [{ name, value }] : []));
  return [
    ...secretVariables.map((name) => readText(env, name)),
    ...proxySecrets(env),
    ...values.filter(({ name }) => secretName.test(name)).map(({ name }) => readText(env, name)),
    ...values.flatMap(({ value }) => value.match(atlassianToken) ?? []),
    ...values.flatMap(({ name, value }) => secretsOfUrls(name, value)),
    ...secretsOfOptions(values),
  ];
}

/** The password in a URL; without one, the user's name if it looks like a token: `https://acme@bitbucket.org` holds no secret. */
function secretsOfUrls(name: string, value: string): readonly string[] {
  const isHost = /^(?:IMAGE|REGISTRY|API_URL|DOCKER_HOST)$/.test(name) && !value.includes('://');
  return [...(isHost ? `://${value}` : value).matchAll(userInfo)]
    .map(([, text = '']) => text)
    .filter((text) => text.includes(':') || (text.length >= minTokenCharacters && /\d/.test(text)))
    .map((text) => text.replace(/^[^:]*:/, ''));
}

function secretsOfOptions(
  values: readonly { readonly name: string; readonly value: string }[],
): readonly (string | undefined)[] {
  const items = values.filter(({ name }) => /^EXTRA_ARGS(?:_\d+)?$/.test(name));
  if (items.length === 0) return [];
  const index = (name: string): number => Number(name.replace(/^\D+/, ''));
  const text = items
    .toSorted((a, b) => index(a.name) - index(b.name))
    .map(({ value }) => value)
    .join(' ');
  return [...text.matchAll(secretOption)].map(([, secret]) => secret);
}
