/** bitbucket.org itself: only the list of official pipes, which toolkits read to find newer versions. */
import { json, Refusal, text } from './answers.ts';
import type { Exchange } from './exchange.ts';

export const versionListPath = '/bitbucketpipelines/official-pipes/raw/master/pipes.prod.json';

const entry = (name: string, repositoryPath: string, version: string): object => ({
  name,
  description: `${name}.`,
  category: 'Utilities',
  repositoryPath,
  version,
  vendor: { name: repositoryPath.split('/')[0], website: 'https://example.com' },
  maintainer: { name: repositoryPath.split('/')[0], website: 'https://example.com' },
  tags: ['upload'],
});

const versionList = [
  entry('Upload file', 'atlassian/bitbucket-upload-file', '0.7.5'),
  entry('Upload package', 'packagepipes/bitbucket-upload-package', '9.9.9'),
];

export async function serveWeb(exchange: Exchange): Promise<void> {
  if (exchange.path !== versionListPath || exchange.method !== 'GET') {
    throw new Refusal(text(404, 'Resource not found'), 'no such resource');
  }
  if (exchange.request.headers.authorization !== undefined) exchange.violate('credentials for a public file');
  // Raw files of a repository are text/plain, whatever they contain.
  await exchange.respond({ ...json(200, versionList), headers: { 'content-type': 'text/plain' } });
}
