/** TYPE octopus: two packages with build information, one of them sent as a delta to an earlier version. */

import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { Judgement, State, Subject } from './subject.ts';

const base = randomBytes(500_000);
const wanted = [
  { id: 'app', version: '1.1.0', content: Buffer.concat([base, randomBytes(300_000)]) },
  { id: 'lib', version: '2.0.0', content: randomBytes(400_000) },
];

export const octopusPackages: Subject = {
  type: 'octopus',
  variant: '',
  async prepare(directory) {
    for (const { id, version, content } of wanted) await writeFile(join(directory, `${id}.${version}.zip`), content);
  },
  seed: async ({ octopus }) => await octopus.seed('app.1.0.0.zip', base),
  variables: ({ octopusUrl, tokens }) => ({
    TYPE: 'octopus',
    REGISTRY: octopusUrl,
    TOKEN: tokens.octopusKey,
    FILENAME: '*.zip',
    BITBUCKET_BUILD_NUMBER: '42',
    EXTRA_ARGS: '--output=out.json',
  }),
  judge,
};

async function judge({ octopus: { packages, buildInformation } }: Sandbox): Promise<Judgement> {
  const states = new Map<string, State>();
  const problems: string[] = [];
  for (const { id, version, content } of wanted) {
    const found = packages.get(`${id}.${version}`);
    if (found === undefined) continue;
    if (found.sha1 === createHash('sha1').update(content).digest('hex'))
      states.set(`${id}.${version}.zip`, 'published');
    else problems.push(`${id} ${version} is broken`);
    if (!buildInformation.has(`${id}.${version}`)) problems.push(`${id} ${version} has no build information`);
  }
  if (!packages.has('app.1.0.0')) problems.push('app 1.0.0 is gone');
  return await Promise.resolve({ states, problems, unfinished: [], isComplete: states.size === wanted.length });
}
