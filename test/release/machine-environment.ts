/** The environment that a step of Pipelines starts with, on this machine. */

import { delimiter } from 'node:path';

type Variables = Readonly<Record<string, string>>;

/** The environment of this machine, such as its proxies and CAs, without pipeline variables and this project's programs. */
export function machineEnvironment(): Variables {
  const foreign = /^(?:BASE_IMAGE|BITBUCKET|DOCKERHUB|GIT|RELEASE|TEST)_/;
  const entries = Object.entries(process.env).flatMap(([name, value]): [string, string][] =>
    value === undefined || foreign.test(name) ? [] : [[name, value]],
  );
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((each) => !each.endsWith('node_modules/.bin'));
  return { ...Object.fromEntries(entries), PATH: path.join(delimiter) };
}

/** The git settings of Pipelines, without those of this machine. */
export const gitEnvironment: Variables = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'bitbucket-pipelines',
  GIT_AUTHOR_EMAIL: 'commits-noreply@bitbucket.org',
  GIT_COMMITTER_NAME: 'bitbucket-pipelines',
  GIT_COMMITTER_EMAIL: 'commits-noreply@bitbucket.org',
};
