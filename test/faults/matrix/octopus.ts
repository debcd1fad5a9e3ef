/** Publishes a package with build information to a space of an Octopus server, as a delta to an earlier version. */

import { randomBytes } from 'node:crypto';
import { arrayVariables } from '../../run-pipe.ts';
import { tokens } from '../../sandbox/tokens.ts';
import { sha1Of } from '../../destinations/octopus/fixture.ts';
import type { Protocol } from './protocol.ts';

const base = randomBytes(200_000);
const content = Buffer.concat([base, Buffer.from('more')]);
const item = /\/packages\/app\.1\.1\.0$/;
const delta = { method: 'POST', path: /\/delta\?/ };

export const octopus: Protocol = {
  name: 'octopus',
  sandbox: {},
  requests: [
    { name: 'GET spaces', method: 'GET', path: /\/spaces\?/, reads: true },
    { name: 'GET package', method: 'GET', path: item, reads: true, before: delta },
    { name: 'POST information', method: 'POST', path: /\/build-information\?/, hasBody: true, reads: true },
    { name: 'GET signature', method: 'GET', path: /\/delta-signature$/, reads: true },
    { name: 'POST delta', ...delta, hasBody: true, reads: true },
  ],
  files: { 'app.1.1.0.zip': content },
  origins: ({ octopusUrl }) => ({ main: new URL(octopusUrl).origin, side: new URL(octopusUrl).origin }),
  environment: (_, origin) => ({
    TYPE: 'octopus',
    TOKEN: tokens.octopusKey,
    REGISTRY: origin,
    FILENAME: 'app.1.1.0.zip',
    BITBUCKET_BUILD_NUMBER: '42',
    ...arrayVariables('EXTRA_ARGS', ['--space', 'Default']),
  }),
  async seed(sandbox) {
    await sandbox.octopus.seed('app.1.0.0.zip', base);
  },
  async find({ octopus: { packages, buildInformation } }) {
    const found = packages.get('app.1.1.0');
    const isThere = found !== undefined;
    return await Promise.resolve({
      stored: isThere ? 'all' : 'nothing',
      problems: [
        ...(isThere && found.sha1 !== sha1Of(content) ? ['the package is broken'] : []),
        ...(isThere && !buildInformation.has('app.1.1.0') ? ['the package came before its build information'] : []),
        ...(packages.has('app.1.0.0') ? [] : ['1.0.0 is lost']),
      ],
    });
  },
};
