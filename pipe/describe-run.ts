/** Describes what a run begins with, for the debug log: variables, account, proxies and the working directory. */

import type { Settings } from './destinations/table.ts';
import type { ProxySettings } from './http/proxies.ts';
import { tokenKinds } from './settings/token-kinds.ts';
import { packagesVariables, variablesOf } from './settings/variables.ts';
import { type Environment, readText } from './toolkit/environment.ts';
import { describeSources } from './toolkit/variable-sources.ts';

/** The lines, without secrets. */
export function describeRun(env: Environment, settings: Settings, workingDirectory: string): readonly string[] {
  return [
    `working directory: ${workingDirectory}`,
    ...describeSources(variablesOf(settings.type), env),
    `credentials: ${describeAccount(env, settings)}`,
    `proxy: ${describeProxies(settings.proxies)}`,
  ];
}

function describeAccount(env: Environment, { account }: Settings): string {
  if (account === undefined) return 'none';
  if (account.scheme === 'ApiKey') return 'X-Octopus-ApiKey';
  if (account.scheme === 'OpenID Connect') return `OpenID Connect, as the service account ${account.serviceAccount}`;
  const kind = tokenKinds[account.tokenKind].name;
  if (account.scheme === 'Bearer') return `Bearer, with ${kind}`;
  const isOwn = readText(env, 'TOKEN') === undefined && readText(env, packagesVariables.token) === account.password;
  return `Basic as ${account.username}, with ${isOwn ? `the pipeline's own token (${packagesVariables.token})` : kind}`;
}

function describeProxies({ http, https, none }: ProxySettings): string {
  const used = [
    https === undefined ? '' : `${shown(https)} for https`,
    http === undefined ? '' : `${shown(http)} for http`,
  ];
  const list = used.filter((each) => each !== '').join(', ');
  return list === '' ? 'none' : `${list}${none === '' ? '' : `, but not for ${none}`}`;
}

/** Without the user name and the password. */
function shown(proxy: string): string {
  const { protocol, host } = new URL(proxy);
  return `${protocol}//${host}`;
}
