/** Publishes a version of an npm package that has an older one. */

import { packageTarball } from '../../destinations/npm/tarballs.ts';
import { arrayVariables } from '../../run-pipe.ts';
import { tokens } from '../../sandbox/tokens.ts';
import type { Protocol } from './protocol.ts';

const name = '@acme/lib';
const path = /\/@acme(?:%2[fF]|\/)lib$/;

export const npm: Protocol = {
  name: 'npm',
  sandbox: {},
  requests: [
    { name: 'GET before', method: 'GET', path, before: { method: 'PUT', path }, follows: true, reads: true },
    { name: 'PUT', method: 'PUT', path, hasBody: true },
    { name: 'GET after', method: 'GET', path, after: { method: 'PUT', path }, follows: true, reads: true },
  ],
  files: { 'lib.tgz': packageTarball({ name, version: '1.0.0', description: 'A lib' }) },
  origins: ({ npmUrl }) => ({ main: new URL(npmUrl).origin, side: new URL(npmUrl).origin }),
  environment: ({ npmUrl }, origin) => ({
    TYPE: 'npm',
    USERNAME: tokens.packagesUser,
    TOKEN: tokens.packagesToken,
    REGISTRY: origin + new URL(npmUrl).pathname,
    FILENAME: 'lib.tgz',
    ...arrayVariables('EXTRA_ARGS', ['--concurrency', '1']),
  }),
  seed: (sandbox) => sandbox.npm.seed(name, '0.9.0'),
  async find({ npm: registry }) {
    const found = registry.packages.get(name);
    const isPublished = found?.versions.has('1.0.0') === true;
    const latest = found?.tags.get('latest');
    return {
      stored: isPublished ? 'all' : 'nothing',
      problems: [
        ...(isPublished ? await registry.installProblems(name, '1.0.0') : []),
        ...(found?.versions.has('0.9.0') === true ? [] : ['0.9.0 is lost']),
        ...(latest === (isPublished ? '1.0.0' : '0.9.0') ? [] : [`latest is ${latest}`]),
      ],
    };
  },
};
