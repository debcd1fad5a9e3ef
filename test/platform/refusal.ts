/**
 * What Bitbucket's plugin refuses to ask of the Docker Engine.
 *
 * @see https://support.atlassian.com/bitbucket-cloud/docs/run-docker-commands-in-bitbucket-pipelines/
 */

import { resolve, sep } from 'node:path';

export interface EngineRequest {
  readonly method: string;
  /** With the query: `/v1.41/containers/create?name=x`. */
  readonly url: string;
  /** Parsed JSON, of the requests that `hasDocument`; undefined for others. */
  readonly document?: unknown;
}

interface ContainerOptions {
  readonly Privileged?: boolean;
  readonly Binds?: readonly string[] | null;
  readonly Mounts?: readonly unknown[] | null;
  readonly VolumesFrom?: readonly string[] | null;
  readonly SecurityOpt?: readonly string[] | null;
  readonly Devices?: readonly unknown[] | null;
  readonly CapAdd?: readonly string[] | null;
  readonly PidMode?: string;
  readonly IpcMode?: string;
  readonly UsernsMode?: string;
}

const creation = /\/containers\/create$/;
const execution = /\/containers\/[^/]+\/exec$/;

/** Whether the plugin reads the body of such a request, which is a short JSON document. */
export function hasDocument({ method, url }: EngineRequest): boolean {
  const { pathname } = new URL(url, 'http://engine');
  return method === 'POST' && (creation.test(pathname) || execution.test(pathname));
}

/** @returns the plugin's words; undefined if the engine may be asked */
export function refusalOf({ method, url, document }: EngineRequest, cloneDirectory: string): string | undefined {
  const { pathname, searchParams } = new URL(url, 'http://engine');
  if (method !== 'POST') return undefined;
  if (searchParams.get('platform')) return '--platform is not allowed';
  if (execution.test(pathname))
    return (document as ContainerOptions).Privileged === true ? '--privileged=true is not allowed' : undefined;
  if (!creation.test(pathname)) return undefined;
  const { HostConfig: options = {} } = document as { readonly HostConfig?: ContainerOptions };
  const isSet = (list: readonly unknown[] | null | undefined): boolean => (list ?? []).length > 0;
  if (options.Privileged === true) return '--privileged=true is not allowed';
  if (isSet(options.Mounts)) return '--mounts is not allowed';
  if (isSet(options.SecurityOpt)) return '--security-opt is not allowed';
  if (isSet(options.Devices)) return '--device is not allowed';
  if (isSet(options.CapAdd)) return '--cap-add is not allowed';
  for (const [name, mode] of Object.entries({ pid: options.PidMode, ipc: options.IpcMode, userns: options.UsernsMode }))
    if (mode === 'host') return `--${name}=host is not allowed`;
  if ((options.Binds ?? []).some((bind) => !isBelow(bind.split(':')[0] ?? '', cloneDirectory)))
    return '-v only supports $BITBUCKET_CLONE_DIR and its subdirectories';
  return undefined;
}

/** A name of a volume is not a path. */
function isBelow(path: string, directory: string): boolean {
  return path.startsWith('/') && `${resolve(path)}${sep}`.startsWith(`${directory}${sep}`);
}
