/** Reads the commits of a build from Bitbucket, for a package that an Octopus server without any fault is sent. */

import { sha1Of } from '../../destinations/octopus/fixture.ts';
import { tokens } from '../../sandbox/tokens.ts';
import type { Protocol } from './protocol.ts';

const content = Buffer.from('a package');
const [before = '', commit = ''] = ['a', 'b'].map((digit) => digit.repeat(40));
const asked = { method: 'GET', follows: true, reads: true } as const;

function pipeline(number: number, hash: string, result: 'SUCCESSFUL' | undefined) {
  const selector = { type: 'branches', pattern: 'main' } as const;
  return { number, uuid: `{${number}}`, kind: 'branch', name: 'main', selector, commit: hash, result } as const;
}

export const octopusCommits: Protocol = {
  name: 'octopus, commits',
  sandbox: {},
  requests: [
    { name: 'GET pipeline', ...asked, path: /\/pipelines\/%7B42%7D$/ },
    { name: 'GET pipelines', ...asked, path: /\/pipelines\?/ },
    { name: 'GET commits', ...asked, path: /\/commits\/b+\?/ },
  ],
  files: { 'app.1.0.0.zip': content },
  origins: ({ apiUrl, octopusUrl }) => ({ main: new URL(apiUrl).origin, side: new URL(octopusUrl).origin }),
  environment: ({ octopusUrl }, origin) => ({
    TYPE: 'octopus',
    TOKEN: tokens.octopusKey,
    REGISTRY: octopusUrl,
    API_URL: `${origin}/2.0`,
    FILENAME: 'app.1.0.0.zip',
    BITBUCKET_ACCESS_TOKEN: tokens.accessToken,
    BITBUCKET_BUILD_NUMBER: '42',
    BITBUCKET_PIPELINE_UUID: '{42}',
    BITBUCKET_WORKSPACE: 'acme',
    BITBUCKET_REPO_SLUG: 'app',
    BITBUCKET_BRANCH: 'main',
    BITBUCKET_COMMIT: commit,
  }),
  seed({ history }) {
    history.commits.push({ hash: before, message: 'Before' }, { hash: commit, message: 'A change' });
    history.pipelines.push(pipeline(41, before, 'SUCCESSFUL'), pipeline(42, commit, undefined));
  },
  async find({ octopus: { packages, buildInformation } }) {
    const information = buildInformation.get('app.1.0.0') as { readonly Commits?: readonly unknown[] } | undefined;
    const sent = JSON.stringify(information?.Commits);
    const possible = ['A change', ''].map((Comment) => JSON.stringify([{ Id: commit, Comment }]));
    return await Promise.resolve({
      stored: packages.get('app.1.0.0')?.sha1 === sha1Of(content) ? 'all' : 'nothing',
      problems: possible.includes(sent) ? [] : [`other commits: ${sent}`],
    });
  },
};
