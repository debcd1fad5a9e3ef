/** TYPE maven: a directory with a parent, an application and a plugin of one group. */

import { randomBytes } from 'node:crypto';
import { basename } from 'node:path';
import { plainJar } from '../destinations/maven/artifacts.ts';
import {
  app,
  type Files,
  inDirectory,
  modules,
  phaseOf,
  staged,
  withChecksumFiles,
} from '../destinations/maven/staged.ts';
import { checksumKinds } from '../sandbox/maven-store.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { isChecksum } from './artifacts.ts';
import type { Judgement, State, Subject } from './subject.ts';
import { writeFiles } from './write-files.ts';

const wanted: Files = { ...modules, ...staged(app, { '.jar': plainJar(randomBytes(1_000_000)) }) };
const artifacts = ['parent', 'app', 'acme-maven-plugin'].map((name) => `com/acme/${name}`);
const lists = [...artifacts, 'com/acme'].map((directory) => `${directory}/maven-metadata.xml`);

export const directory: Subject = {
  type: 'maven',
  variant: 'directory',
  prepare: async (place) => await writeFiles(place, inDirectory('staging', withChecksumFiles(wanted))),
  seed: () => undefined,
  variables: ({ mavenUrl, tokens }) => ({
    TYPE: 'maven',
    REGISTRY: mavenUrl,
    USERNAME: tokens.apiUser,
    TOKEN: tokens.apiToken,
    FILENAME: 'staging',
    EXTRA_ARGS: '--output=out.json',
  }),
  judge,
};

async function judge({ maven: { files } }: Sandbox): Promise<Judgement> {
  const states = new Map<string, State>();
  const problems: string[] = [];
  const unfinished: string[] = [];
  const isThere = (path: string): boolean =>
    files.has(path) && (path.endsWith('.asc') || checksumKinds.every((kind) => files.has(`${path}.${kind}`)));
  for (const [path, file] of files) {
    const kind = checksumKinds.find((each) => path.endsWith(`.${each}`));
    const of = kind === undefined ? path : path.slice(0, -kind.length - 1);
    if (kind !== undefined && !(await isChecksum(file, files.get(of), kind)))
      (phaseOf(of) === 'metadata' ? unfinished : problems).push(`${path} is of other bytes`);
  }
  for (const path of Object.keys(wanted)) if (files.has(path)) states.set(basename(path), 'published');
  for (const path of lists) if (files.has(path)) states.set(path, 'published');
  for (const path of lists.filter((each) => files.has(each) && !isThere(each)))
    unfinished.push(`${path} lacks checksum files`);
  // Each phase is a promise that the one before is complete.
  const missing = (phase: 'file' | 'pom'): readonly string[] =>
    Object.keys(wanted).filter((path) => phaseOf(path) === phase && !isThere(path));
  const has = (phase: 'pom' | 'metadata'): boolean => [...files.keys()].some((path) => phaseOf(path) === phase);
  if (has('pom')) problems.push(...missing('file').map((path) => `a POM is there without ${path}`));
  if (has('metadata')) problems.push(...missing('pom').map((path) => `a list is there without ${path}`));
  const isComplete = lists.every((path) => files.has(path)) && Object.keys(wanted).every(isThere);
  return { states, problems, unfinished, isComplete };
}
