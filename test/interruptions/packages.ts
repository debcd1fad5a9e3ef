/** TYPE npm: two packages, one of them a new version of a package with an earlier one. */

import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { npmTarball } from '../sandbox/demo-package.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { Judgement, State, Subject } from './subject.ts';

const wanted = [
  { name: '@acme/app', version: '1.1.0', content: randomBytes(1_000_000) },
  { name: '@acme/lib', version: '2.0.0', content: Buffer.from('small') },
];

export const packages: Subject = {
  type: 'npm',
  variant: '',
  async prepare(directory) {
    for (const { name, version, content } of wanted)
      await writeFile(
        join(directory, `${name.slice('@acme/'.length)}.tgz`),
        npmTarball({ name, version }, { content }),
      );
  },
  seed({ npm }) {
    npm.seed('@acme/app', '1.0.0');
  },
  variables: ({ npmUrl, tokens }) => ({
    TYPE: 'npm',
    REGISTRY: npmUrl,
    USERNAME: tokens.apiUser,
    TOKEN: tokens.apiToken,
    FILENAME: '*.tgz',
    EXTRA_ARGS: '--output=out.json',
  }),
  judge,
};

/** The same packages, which are staged beside an older version that is published. */
export const stagedPackages: Subject = {
  ...packages,
  variant: 'staged',
  variables: (sandbox) => ({ ...packages.variables(sandbox), EXTRA_ARGS: "['--output=out.json', '--stage']" }),
  judge: judgeStaged,
};

function judgeStaged({ npm }: Sandbox): Promise<Judgement> {
  const states = new Map<string, State>();
  const problems: string[] = [];
  const all = [...npm.staged.values()];
  for (const { name, version } of wanted) {
    const own = all.filter((each) => each.name === name && each.version === version);
    if (own.length > 0) states.set(`${name}@${version}`, 'published');
    if (own.length > 1) problems.push(`${name} is staged ${own.length} times`);
    if (npm.packages.get(name)?.versions.has(version) === true) problems.push(`${name} is published`);
  }
  return Promise.resolve({ states, problems, unfinished: [], isComplete: states.size === wanted.length });
}

async function judge({ npm }: Sandbox): Promise<Judgement> {
  const states = new Map<string, State>();
  const problems: string[] = [];
  for (const { name, version } of wanted) {
    const found = npm.packages.get(name);
    const isThere = found?.versions.has(version) === true;
    const latest = found?.tags.get('latest');
    if (isThere) problems.push(...(await npm.installProblems(name, version)));
    if (isThere) states.set(`${name}@${version}`, 'published');
    if (latest !== (isThere ? version : name === '@acme/app' ? '1.0.0' : undefined))
      problems.push(`${name}: latest is ${latest}`);
  }
  if (npm.packages.get('@acme/app')?.versions.has('1.0.0') !== true) problems.push('@acme/app@1.0.0 is gone');
  return { states, problems, unfinished: [], isComplete: states.size === wanted.length };
}
