/** TYPE pypi: the files of a new version of a project with an earlier one. */

import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sdist, sdistName, wheel, wheelName } from '../destinations/pypi/packages.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { Judgement, State, Subject } from './subject.ts';

const release = { name: 'acme-app', version: '1.1.0' };
const former = wheelName({ ...release, version: '1.0.0' });
const wanted: Readonly<Record<string, Buffer>> = {
  [wheelName(release)]: wheel(release, { 'acme_app/data': randomBytes(1_000_000) }),
  [wheelName(release, 'cp311-cp311-linux_x86_64')]: wheel(release, { 'acme_app/data': randomBytes(1000) }),
  [sdistName(release)]: sdist(release, { data: randomBytes(1000) }),
};

export const pythonPackages: Subject = {
  type: 'pypi',
  variant: '',
  async prepare(directory) {
    for (const [name, content] of Object.entries(wanted)) await writeFile(join(directory, name), content);
  },
  seed({ pypi }) {
    pypi.seed(release.name, former, 'former');
  },
  variables: ({ pypiUrl, tokens }) => ({
    TYPE: 'pypi',
    REGISTRY: pypiUrl,
    USERNAME: tokens.apiUser,
    TOKEN: tokens.apiToken,
    FILENAME: "['*.whl', '*.tar.gz']",
    EXTRA_ARGS: '--output=out.json',
  }),
  judge,
};

async function judge({ pypi }: Sandbox): Promise<Judgement> {
  const states = new Map<string, State>();
  const problems: string[] = [];
  const files = pypi.projects.get(release.name);
  for (const [name, content] of Object.entries(wanted)) {
    const found = await files?.get(name)?.content.read();
    if (found === undefined) continue;
    states.set(name, 'published');
    if (!found.equals(content)) problems.push(`${name} is broken`);
  }
  const wheels = [...states.keys()].filter((name) => name.endsWith('.whl'));
  if (states.has(sdistName(release)) && wheels.length < 2)
    problems.push('the source distribution is there before the wheels');
  if (files?.has(former) !== true) problems.push(`${former} is gone`);
  return { states, problems, unfinished: [], isComplete: states.size === Object.keys(wanted).length };
}
