/** Many steps that publish one artifact at once: each keeps what it says, and the lists lose nothing. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, jest } from '@jest/globals';
import { checksumsOf } from '../../pipe/destinations/maven/checksums.ts';
import { acme, jar, plainJar } from '../destinations/maven/artifacts.ts';
import type { Ended } from '../run-bundle.ts';
import { patience } from '../patience.ts';
import type { MavenOptions } from '../sandbox/maven-repository.ts';
import { type StartedRepository, startRepository } from './maven-repositories.ts';
import { runSteps, stepCount } from './run-steps.ts';

jest.setTimeout(patience(120_000));

const honouring: MavenOptions = { conditions: 'honoured', etags: 'strong' };
/** How many times each step publishes: another version each time. Sixty in all, if ten steps are asked for. */
const versionsEach = stepCount > 6 ? 6 : 2;

/** Runs the same against several repositories at once. */
async function inEach(
  kinds: Readonly<Record<string, MavenOptions | 'nginx'>>,
  work: (repository: StartedRepository, directory: string) => Promise<void>,
): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'maven-steps-'));
  const results = await Promise.allSettled(
    Object.entries(kinds).map(async ([name, kind]) => {
      const directory = join(root, name);
      await using repository = await startRepository(kind, join(directory, 'repository'));
      await work(repository, directory);
      expect(repository.violations).toEqual([]);
    }),
  );
  await rm(root, { recursive: true, force: true });
  const failures = results.flatMap((result, index) =>
    result.status === 'rejected' ? [`${Object.keys(kinds)[index]}: ${result.reason}`] : [],
  );
  if (failures.length > 0) throw new Error(failures.join('\n\n'));
}

const both = { honouring, nginx: 'nginx' } as const;

interface Contribution {
  readonly version: string;
  /** What differs between the steps. */
  readonly content: string;
  /** Published with it, if given. */
  readonly sources?: string;
}

interface Finished extends Ended, Contribution {
  readonly directory: string;
}

/** Runs one step for each contribution, all at once. */
async function publishAll(
  url: string,
  directory: string,
  contributions: readonly Contribution[],
): Promise<readonly Finished[]> {
  const ended = await runSteps(
    directory,
    async (step) => {
      const { version, content, sources } = contributions[step.index] ?? { version: '', content: '' };
      const pom = { ...acme, version, more: `  <name>${content}</name>` };
      await writeFile(join(step.directory, 'app.jar'), jar(pom, [{ name: 'content', content }]));
      if (sources !== undefined) await writeFile(join(step.directory, 's.jar'), plainJar(sources));
      const args = ['--output=out.json', ...(sources === undefined ? [] : ['--sources=s.jar'])];
      return { TYPE: 'maven', REGISTRY: url, FILENAME: 'app.jar', EXTRA_ARGS: JSON.stringify(args) };
    },
    { count: contributions.length },
  );
  return ended.map((each, index) => ({
    ...each,
    ...(contributions[index] ?? { version: '', content: '' }),
    directory: join(directory, `step-${index}`),
  }));
}

/** What differs in every file. */
function differing(version: string): readonly Contribution[] {
  return Array.from({ length: stepCount }, (_, index) => ({
    version,
    content: `step ${index}`,
    sources: `sources ${index}`,
  }));
}

interface Item {
  readonly url: string;
  readonly sha256?: string;
}

/** The files that a step says it has published, by path, with what is wrong with each. */
async function filesOf(step: Finished, repository: StartedRepository): Promise<ReadonlyMap<string, readonly string[]>> {
  const { items }: { items: readonly Item[] } = JSON.parse(await readFile(join(step.directory, 'out.json'), 'utf8'));
  const files = await repository.files();
  return new Map(
    items.map(({ url, sha256 }) => {
      const path = url.slice(repository.url.length);
      const content = files.get(path);
      const problems = content === undefined ? ['is not there'] : [];
      if (content !== undefined && checksumsOf(content).sha256 !== sha256) problems.push("has another step's bytes");
      return [path, [...problems, ...wrongChecksums(files, path)]];
    }),
  );
}

function wrongChecksums(files: ReadonlyMap<string, Buffer>, path: string): readonly string[] {
  const content = files.get(path);
  return Object.entries(checksumsOf(content ?? Buffer.from('')))
    .filter(([kind, value]) => files.get(`${path}.${kind}`)?.toString() !== value)
    .map(([kind]) => `has another ${kind}`);
}

/** What is wrong with all that the steps say they have published. */
async function problemsOf(steps: readonly Finished[], repository: StartedRepository): Promise<readonly string[]> {
  const all = await Promise.all(steps.map(async (step) => [...(await filesOf(step, repository))]));
  const owners = new Map<string, number>();
  const problems: string[] = [];
  for (const [path, wrong] of all.flat()) {
    owners.set(path, (owners.get(path) ?? 0) + 1);
    problems.push(...wrong.map((problem) => `${path} ${problem}`));
  }
  for (const [path, count] of owners) if (count > 1) problems.push(`${path} is named by ${count} steps`);
  return problems;
}

const failuresOf = (steps: readonly Finished[]): readonly string[] =>
  steps.filter(({ exitCode }) => exitCode !== 0).map(({ output }) => output);
const metadataPath = 'com/acme/app/maven-metadata.xml';
const wordsOf = (text: string, element: string): readonly string[] =>
  [...text.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, 'g'))].map(([, word = '']) => word);

async function versionsIn(repository: StartedRepository): Promise<readonly string[]> {
  return wordsOf((await repository.files()).get(metadataPath)?.toString() ?? '', 'version');
}

it('each step has a build of a SNAPSHOT of its own, and the newest is listed', async () => {
  const version = '1.1-SNAPSHOT';
  await inEach(both, async (repository, directory) => {
    const steps = await publishAll(repository.url, directory, differing(version));
    expect(failuresOf(steps)).toEqual([]);
    expect(await problemsOf(steps, repository)).toEqual([]);
    const files = await repository.files();
    const listPath = `com/acme/app/${version}/maven-metadata.xml`;
    expect(wrongChecksums(files, listPath)).toEqual([]);
    const list = files.get(listPath)?.toString() ?? '';
    const newest = wordsOf(list, 'value')[0] ?? 'none';
    // All three files belong to one step.
    expect(wordsOf(list, 'value')).toEqual([newest, newest, newest]);
    expect(newest).toBe(`1.1-${wordsOf(list, 'timestamp')[0]}-${wordsOf(list, 'buildNumber')[0]}`);
    const named = ['.jar', '-sources.jar', '.pom'].map((end) => `com/acme/app/${version}/app-${newest}${end}`);
    const builds = await Promise.all(steps.map(async (step) => [...(await filesOf(step, repository)).keys()]));
    expect(builds).toContainEqual(named);
  });
});

it.each([
  ['that honours conditions, or ignores them', both],
  ['that refuses to replace anything', { forbidding: { existsStatus: 403 } } as const],
])('exactly one step publishes a release to a repository %s, and all others say what is there', async (_, kinds) => {
  await inEach(kinds, async (repository, directory) => {
    const steps = await publishAll(repository.url, directory, differing('1.0'));
    const winners = steps.filter(({ exitCode }) => exitCode === 0);
    expect({ winners: winners.length }).toEqual({ winners: 1 });
    expect(await problemsOf(winners, repository)).toEqual([]);
    for (const { output } of steps.filter(({ exitCode }) => exitCode !== 0))
      expect(output).toMatch(/✖ .*: the repository has (?:\w+ [0-9a-f]+|\d+ bytes), the local file has /);
    expect(await versionsIn(repository)).toEqual(['1.0']);
    expect(wrongChecksums(await repository.files(), metadataPath)).toEqual([]);
  });
});

it('all steps that publish the same release succeed', async () => {
  await inEach(both, async (repository, directory) => {
    const same = differing('1.0').map(() => ({ version: '1.0', content: 'one' }));
    const steps = await publishAll(repository.url, directory, same);
    expect(failuresOf(steps)).toEqual([]);
    expect(new Set(await problemsOf(steps, repository))).toEqual(
      new Set(['jar', 'pom'].map((end) => `com/acme/app/1.0/app-1.0.${end} is named by ${stepCount} steps`)),
    );
  });
});

it('no version is missing from the list', async () => {
  await inEach(both, async (repository, directory) => {
    const publishOwn = async (step: number): Promise<readonly string[]> => {
      const versions = Array.from({ length: versionsEach }, (_, index) => `${step}.${index}`);
      for (const version of versions) {
        const own = { version, content: version };
        expect(failuresOf(await publishAll(repository.url, join(directory, version), [own]))).toEqual([]);
      }
      return versions;
    };
    const versions = await Promise.all(Array.from({ length: stepCount }, async (_, step) => await publishOwn(step)));
    const listed = await versionsIn(repository);
    expect(versions.flat().filter((version) => !listed.includes(version))).toEqual([]);
    expect(wrongChecksums(await repository.files(), metadataPath)).toEqual([]);
  });
});
