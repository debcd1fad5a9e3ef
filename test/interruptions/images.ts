/** TYPE image: two tags, one of which moves from an earlier image; from an archive, and with several platforms. */

import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writePlatforms } from '../oci/registry/images.ts';
import { dockerArchive } from '../sandbox/demo-image.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { Judgement, State, Subject } from './subject.ts';

const repository = 'acme/app';
const tags = ['1.0', 'latest'];
const archive = dockerArchive('acme/app:1.0', {
  base: randomBytes(1_000_000),
  app: Buffer.alloc(300_000, 'the application '),
  settings: Buffer.from('small'),
});

export const imageArchive = subject('archive', 'app.tar', async (directory) => {
  await writeFile(join(directory, 'app.tar'), archive);
});

export const imageIndex = subject('index', 'platforms', async (directory) => {
  await writePlatforms({ directory }, ['amd64', 'arm64', 'riscv64']);
});

function subject(variant: string, filename: string, prepare: (directory: string) => Promise<void>): Subject {
  return {
    type: 'image',
    variant,
    prepare,
    async seed({ registry }) {
      await registry.seed(repository, { tags: ['latest'] });
    },
    variables: ({ registryUrl, tokens }) => ({
      REGISTRY: registryUrl,
      USERNAME: tokens.apiUser,
      TOKEN: tokens.apiToken,
      IMAGE: `${repository}:1.0`,
      TAGS: 'latest',
      FILENAME: filename,
      EXTRA_ARGS: '--output=out.json',
    }),
    judge,
  };
}

async function judge({ registry, registryHost }: Sandbox): Promise<Judgement> {
  const states = new Map<string, State>();
  const problems: string[] = [];
  const found = registry.repositories.get(repository);
  // The tags point to some of these.
  for (const digest of found?.manifests.keys() ?? [])
    problems.push(...(await registry.pullProblems(repository, digest)));
  const moved = new Set(found?.moves.map(({ tag }) => tag));
  for (const tag of found?.tags.keys() ?? []) {
    if (!tags.includes(tag)) problems.push(`a tag ${tag}`);
    if (found?.manifests.has(found.tags.get(tag) ?? '') !== true) problems.push(`${tag} points to nothing`);
    states.set(`${registryHost}/${repository}:${tag}`, moved.has(tag) ? 'published' : 'earlier');
  }
  const digests = new Set(found?.moves.map(({ to }) => to));
  if (digests.size > 1) problems.push(`the run published several images: ${[...digests].join(', ')}`);
  return { states, problems, unfinished: [], isComplete: tags.every((tag) => moved.has(tag)) };
}
