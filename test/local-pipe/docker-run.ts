/** Builds the `docker run` command with which Pipelines runs a pipe. */

import { secretVariables } from '../../pipe/settings/variables.ts';
import type { Environment } from '../../pipe/toolkit/environment.ts';

/** The clone directory in Pipelines. */
export const cloneDirectory = '/opt/atlassian/pipelines/agent/build';

export interface DockerRun {
  /** The arguments of `docker`. Contains no secrets: those are passed by name. */
  readonly words: readonly string[];
  /** The secrets, for docker's own environment. */
  readonly secrets: Environment;
}

/**
 * @param directory the clone, on this machine
 * @param dockerHost DOCKER_HOST; the engine's default socket if undefined
 */
export function dockerRun(image: string, directory: string, variables: Environment, dockerHost?: string): DockerRun {
  const isTcp = dockerHost?.startsWith('tcp://') === true;
  const socket = (dockerHost ?? '').startsWith('unix://')
    ? dockerHost?.slice('unix://'.length)
    : '/var/run/docker.sock';
  const all: Environment = {
    ...variables,
    BITBUCKET_CLONE_DIR: cloneDirectory,
    ...(isTcp && { DOCKER_HOST: dockerHost }),
  };
  const isSecret = (name: string): boolean =>
    secretVariables.includes(name) || /(?:TOKEN|PASSWORD|SECRET)(?:_\d+)?$/.test(name);
  return {
    words: [
      'container',
      'run',
      '--rm',
      `--volume=${directory}:${cloneDirectory}`,
      `--workdir=${cloneDirectory}`,
      ...(isTcp ? [] : [`--volume=${socket}:/var/run/docker.sock`]),
      // Servers on this machine's loopback can be used too.
      '--network=host',
      `--add-host=host.docker.internal:${variables['BITBUCKET_DOCKER_HOST_INTERNAL'] ?? '127.0.0.1'}`,
      ...Object.entries(all).map(([name, value]) => (isSecret(name) ? `--env=${name}` : `--env=${name}=${value}`)),
      image,
    ],
    secrets: Object.fromEntries(Object.entries(all).filter(([name]) => isSecret(name))),
  };
}

/** The command as a user would type it. */
export function formatCommand(words: readonly string[]): string {
  const quote = (word: string): string =>
    /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
  return ['docker', ...words].map(quote).join(' ');
}
