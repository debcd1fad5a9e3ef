/** Publishes a wheel of a project that has an older one. */

import { type Release, wheel, wheelName } from '../../destinations/pypi/packages.ts';
import { arrayVariables } from '../../run-pipe.ts';
import { tokens } from '../../sandbox/tokens.ts';
import type { Protocol } from './protocol.ts';

const release: Release = { name: 'acme-lib', version: '1.0.0' };
const former: Release = { name: 'acme-lib', version: '0.9.0' };
const content = wheel(release);
const page = /\/simple\/acme-lib\/$/;
const sent = { method: 'POST', path: /\/acme$/ };

export const pypi: Protocol = {
  name: 'pypi',
  sandbox: { pypi: { dialect: 'pypiserver' } },
  requests: [
    { name: 'GET before', method: 'GET', path: page, before: sent, follows: true, reads: true },
    { name: 'POST', ...sent, hasBody: true },
    { name: 'GET after', method: 'GET', path: page, after: sent, follows: true, reads: true },
  ],
  files: { [wheelName(release)]: content },
  origins: ({ pypiUrl }) => ({ main: new URL(pypiUrl).origin, side: new URL(pypiUrl).origin }),
  environment: ({ pypiUrl }, origin) => ({
    TYPE: 'pypi',
    USERNAME: tokens.packagesUser,
    TOKEN: tokens.packagesToken,
    REGISTRY: origin + new URL(pypiUrl).pathname,
    FILENAME: wheelName(release),
    ...arrayVariables('EXTRA_ARGS', ['--concurrency', '1']),
  }),
  seed: (sandbox) => sandbox.pypi.seed(former.name, wheelName(former), 'former'),
  async find({ pypi: { projects } }) {
    const files = projects.get(release.name);
    const found = files?.get(wheelName(release));
    return {
      stored: found === undefined ? 'nothing' : 'all',
      problems: [
        ...(found === undefined || (await found.content.read()).equals(content) ? [] : ['the wheel is broken']),
        ...(files?.has(wheelName(former)) === true ? [] : ['the former wheel is lost']),
      ],
    };
  },
};
