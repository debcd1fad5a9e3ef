/** TYPE maven: a jar with its sources and POM, as a release and as a snapshot, beside an earlier version. */

import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checksumKinds, type StoredFile } from '../sandbox/maven-store.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { jar, plainJar } from '../destinations/maven/artifacts.ts';
import type { Judgement, State, Subject } from './subject.ts';

const artifact = 'com/acme/app';
const list = `${artifact}/maven-metadata.xml`;
const earlierList = [
  '<?xml version="1.0" encoding="UTF-8"?>',
  '<metadata>',
  '  <groupId>com.acme</groupId>',
  '  <artifactId>app</artifactId>',
  '  <versioning>',
  '    <release>0.9</release>',
  '    <versions>',
  '      <version>0.9</version>',
  '    </versions>',
  '    <lastUpdated>20260101000000</lastUpdated>',
  '  </versioning>',
  '</metadata>',
  '',
].join('\n');

const large = randomBytes(1_000_000);

export const release = subject('release', '1.0');
export const snapshot = subject('snapshot', '1.0-SNAPSHOT');

function subject(variant: string, version: string): Subject {
  return {
    type: 'maven',
    variant,
    async prepare(directory) {
      const pom = { groupId: 'com.acme', artifactId: 'app', version };
      await writeFile(join(directory, 'app.jar'), jar(pom, [{ name: 'data', content: large }]));
      await writeFile(join(directory, 'app-sources.jar'), plainJar(large.subarray(0, 200_000)));
    },
    seed({ maven }) {
      maven.put(`${artifact}/0.9/app-0.9.pom`, 'an earlier POM');
      maven.put(list, earlierList);
    },
    variables: ({ mavenUrl, tokens }) => ({
      TYPE: 'maven',
      REGISTRY: mavenUrl,
      USERNAME: tokens.apiUser,
      TOKEN: tokens.apiToken,
      FILENAME: 'app.jar',
      EXTRA_ARGS_COUNT: '2',
      EXTRA_ARGS_0: '--sources=app-sources.jar',
      EXTRA_ARGS_1: '--output=out.json',
    }),
    judge: (sandbox) => judge(sandbox, version),
  };
}

async function judge({ maven: { files } }: Sandbox, version: string): Promise<Judgement> {
  const directory = `${artifact}/${version}`;
  const problems: string[] = [];
  const unfinished: string[] = [];
  const states = new Map<string, State>();
  for (const [path, file] of files) {
    const kind = checksumKinds.find((each) => path.endsWith(`.${each}`));
    if (kind !== undefined) {
      const of = path.slice(0, -kind.length - 1);
      if (await isChecksum(file, files.get(of), kind)) continue;
      // A repository has no way to replace a metadata file and its checksums at once.
      (of.endsWith('/maven-metadata.xml') ? unfinished : problems).push(`${path} is of other bytes`);
      continue;
    }
    if (path.endsWith('/maven-metadata.xml') && checksumKinds.some((each) => !files.has(`${path}.${each}`)))
      unfinished.push(`${path} lacks checksum files`);
    if (path === `${directory}/maven-metadata.xml`) states.set(path, 'published');
    else if (path.startsWith(`${directory}/`)) states.set(path.slice(directory.length + 1), 'published');
  }
  const builds = await namedBuilds(files.get(`${directory}/maven-metadata.xml`), version);
  const listed = (await files.get(list)?.content())?.toString() ?? '';
  const isListed = listed.includes(`<version>${version}</version>`);
  if (!listed.includes('<version>0.9</version>')) problems.push(`${list} has lost version 0.9`);
  states.set(list, isListed ? 'published' : 'earlier');
  // A POM, and any metadata, is a promise that the rest is there.
  const poms = [...states.keys()].flatMap((name) => (name.endsWith('.pom') ? [name.slice(0, -'.pom'.length)] : []));
  const promised = isListed && !version.endsWith('SNAPSHOT') ? [`app-${version}`] : [];
  if (isListed && version.endsWith('SNAPSHOT') && builds.length === 0) problems.push(`${list} is ahead of the build`);
  for (const base of new Set([...poms, ...promised, ...builds]))
    for (const ending of ['.jar', '-sources.jar', ...(poms.includes(base) && !builds.includes(base) ? [] : ['.pom'])]) {
      const path = `${directory}/${base}${ending}`;
      const missing = [path, ...checksumKinds.map((kind) => `${path}.${kind}`)].filter((each) => !files.has(each));
      if (missing.length > 0) problems.push(`${base} is there without ${missing.join(', ')}`);
    }
  const isComplete = isListed && (builds.length > 0 || promised.length > 0);
  return { states, problems, unfinished, isComplete };
}

/** Whether the file is the checksum of the other one. */
export async function isChecksum(
  checksum: StoredFile,
  file: StoredFile | undefined,
  kind: (typeof checksumKinds)[number],
): Promise<boolean> {
  return file !== undefined && (await checksum.content()).toString() === file.checksums[kind];
}

/** The builds that a snapshot's metadata names, such as `app-1.0-20261126.225344-1`. */
async function namedBuilds(metadata: StoredFile | undefined, version: string): Promise<readonly string[]> {
  if (!version.endsWith('SNAPSHOT')) return [];
  const text = (await metadata?.content())?.toString() ?? '';
  return [...new Set([...text.matchAll(/<value>([^<]*)<\/value>/g)].map(([, value]) => `app-${value}`))];
}
