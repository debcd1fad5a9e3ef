/** Stages a version of an npm package that has an older one. */

import type { Protocol, RequestRow } from './protocol.ts';
import { npm } from './npm.ts';

const name = '@acme/lib';
const list = /\/-\/stage\?package=/;
const staged = { method: 'POST', path: /\/-\/stage\/package\/@acme(?:%2[fF]|\/)lib$/ } as const;
const asked: Omit<RequestRow, 'name'> = { method: 'GET', path: list, follows: true, reads: true };

export const npmStage: Protocol = {
  ...npm,
  name: 'npm --stage',
  sandbox: { npm: { stages: true } },
  requests: [
    { name: 'GET list before', ...asked, before: staged },
    { name: 'POST', ...staged, hasBody: true },
    { name: 'GET list after', ...asked, after: staged },
  ],
  environment: (sandbox, origin) => ({
    ...npm.environment(sandbox, origin),
    EXTRA_ARGS_COUNT: '3',
    EXTRA_ARGS_2: '--stage',
  }),
  async find({ npm: registry }) {
    const found = registry.packages.get(name);
    const versions = [...registry.staged.values()].filter((each) => each.name === name);
    const [only, another] = versions;
    const tarball = await only?.published.tarball.read();
    return {
      stored: only === undefined ? 'nothing' : 'all',
      problems: [
        ...(another === undefined ? [] : ['it is staged twice']),
        ...(tarball === undefined || tarball.equals(npm.files['lib.tgz'] ?? Buffer.of()) ? [] : ['it is broken']),
        ...(found?.tags.get('latest') === '0.9.0' && found.versions.size === 1 ? [] : ['something is published']),
      ],
    };
  },
};
