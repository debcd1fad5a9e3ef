/** For every packaging, the bundle publishes the same files as `deploy:deploy-file` of Maven 3.9. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { descriptor, plainJar, pluginJar, pomText } from '../destinations/maven/artifacts.ts';
import { mapConcurrently } from '../../pipe/io/map-concurrently.ts';
import { patience } from '../patience.ts';
import { startBundle } from '../run-bundle.ts';
import { deployFiles, type Deployment, installMaven, type Maven, ownGroup } from './maven-tools.ts';
import { type NginxRepository, startNginxRepository } from './nginx-repository.ts';
import { tree } from './repository-tree.ts';

jest.setTimeout(patience(180_000));

const group = ownGroup();
const { groupId } = group;
let root = '';
let nginx: NginxRepository | undefined;
let maven: Maven | undefined;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'maven-'));
  nginx = await startNginxRepository(join(root, 'nginx'));
  maven = (await installMaven(join(root, 'maven'))).mvn;
});

afterAll(async () => {
  await nginx?.close();
  await rm(root, { recursive: true, force: true });
  await group.removeKept();
});

interface Publication {
  readonly groupId?: string;
  readonly artifactId: string;
  readonly version?: string;
  readonly packaging?: string;
  /** The file name; default `app.jar`. Without content, the file is a POM. */
  readonly file?: string;
  readonly content?: Buffer | undefined;
  readonly classifier?: string;
  readonly withSources?: boolean;
  /** Further files, as `[CLASSIFIER:]EXT`. */
  readonly attached?: readonly string[];
  /** Parameters for `deploy:deploy-file`, which does not use the file's own extension. */
  readonly deployment?: Deployment;
}

const jar = plainJar();
const handled = ['jar', 'war', 'ear', 'rar', 'ejb', 'ejb-client', 'test-jar', 'java-source', 'javadoc', 'maven-plugin'];
const acme = { groupId, artifactId: 'acme-maven-plugin', packaging: 'maven-plugin' } as const;
const other = { groupId, artifactId: 'other-maven-plugin', packaging: 'maven-plugin' } as const;

/** Each is published as a release, then as a SNAPSHOT. */
const publications: readonly Publication[] = [
  { artifactId: 'jar', content: jar, withSources: true },
  {
    artifactId: 'attached',
    content: jar,
    withSources: true,
    attached: ['jar.asc', 'pom.asc', 'tests:jar', 'linux-x86_64:tar.gz', 'module', 'cyclonedx:json'],
  },
  { artifactId: 'signed-pom', packaging: 'pom', file: 'pom.xml', attached: ['pom.asc', 'spdx.json'] },
  { artifactId: 'war', packaging: 'war', file: 'app.war', content: jar },
  { artifactId: 'ear', packaging: 'ear', file: 'app.ear', content: jar },
  { artifactId: 'aar', packaging: 'aar', file: 'app.aar', content: jar },
  { artifactId: 'ejb', packaging: 'ejb', content: jar },
  { artifactId: 'pom', packaging: 'pom', file: 'parent.pom' },
  // Only Maven 4 has this packaging, whose extension is `pom`.
  { artifactId: 'bom', packaging: 'bom', file: 'pom.xml', deployment: { packaging: 'pom' } },
  { artifactId: 'bundle', packaging: 'bundle', content: jar, deployment: { extension: 'jar' } },
  { artifactId: 'archetype', packaging: 'maven-archetype', content: jar, deployment: { extension: 'jar' } },
  { artifactId: 'dist', packaging: 'pom', file: 'dist.tar.gz', content: jar, deployment: { packaging: 'tar.gz' } },
  { artifactId: 'zip', packaging: 'pom', file: 'dist.zip', content: jar, deployment: { packaging: 'zip' } },
  { artifactId: 'jar', content: plainJar('for linux'), classifier: 'linux' },
  {
    artifactId: 'jar',
    file: 'linux.tar.gz',
    content: jar,
    classifier: 'linux',
    deployment: { packaging: 'tar.gz' },
  },
  { ...acme, content: pluginJar(descriptor(acme)), withSources: true },
  { ...acme, content: pluginJar(descriptor(acme)), classifier: 'linux' },
  { ...other, content: pluginJar(descriptor({ ...other, name: 'A & B', goalPrefix: 'other' })) },
  // With the same prefix, which the last plugin takes over.
  { ...other, artifactId: 'third', content: pluginJar(descriptor({ ...other, artifactId: 'third' })) },
  { ...acme, content: pluginJar(descriptor({ ...acme, goalPrefix: 'renamed' })), version: '2.0' },
  { ...acme, artifactId: 'nameless', content: pluginJar(descriptor({ ...acme, artifactId: 'nameless', name: '' })) },
  { ...acme, artifactId: 'of-packaging-jar', packaging: 'jar', content: pluginJar(descriptor(acme)) },
  { ...acme, artifactId: 'shaded', content: pluginJar(descriptor(acme)) },
  { ...acme, artifactId: 'without', content: jar },
  { ...acme, artifactId: 'broken', content: pluginJar('<plugin>') },
  ...handled.map((packaging) => ({ artifactId: `extension-of-${packaging}`, packaging, file: 'app', content: jar })),
  { groupId: 'com.acme', artifactId: group.name, content: jar },
];

async function build(publication: Publication): Promise<string> {
  const { artifactId, version = '1.0', packaging, file = 'app.jar', content } = publication;
  const directory = await mkdtemp(join(root, `${artifactId}-`));
  const pom = pomText({
    groupId: publication.groupId ?? groupId,
    artifactId,
    version,
    ...(packaging && { packaging }),
  });
  await writeFile(join(directory, 'given.xml'), pom);
  await writeFile(join(directory, file), content ?? pom);
  for (const kind of publication.attached ?? []) await writeFile(join(directory, attachedFile(kind)), plainJar(kind));
  await writeFile(join(directory, 'sources.jar'), plainJar('sources'));
  await writeFile(join(directory, 'javadoc.jar'), plainJar('javadoc'));
  return directory;
}

/** Its own extension says nothing. */
function attachedFile(kind: string): string {
  return `${kind.replaceAll(/[:.]/g, '-')}.zip`;
}

async function publish(url: string, directory: string, publication: Publication): Promise<void> {
  const { file = 'app.jar', content, classifier, withSources = false, attached = [] } = publication;
  const args = [
    ...(content === undefined ? [] : ['--pom', 'given.xml']),
    ...(classifier === undefined ? [] : ['--classifier', classifier]),
    ...(withSources ? ['--sources', 'sources.jar', '--javadoc', 'javadoc.jar'] : []),
    ...attached.flatMap((kind) => ['--attach', `${kind}=${attachedFile(kind)}`]),
  ];
  const env = { TYPE: 'maven', REGISTRY: url, FILENAME: file, EXTRA_ARGS: JSON.stringify(args) };
  const { exitCode, output } = await startBundle(env, { cwd: directory }).ended;
  expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
}

function deployment(url: string, directory: string, publication: Publication): Deployment {
  const { file = 'app.jar', content, classifier, withSources = false, attached = [] } = publication;
  const kinds = attached.map((kind) => kind.split(':').toReversed());
  return {
    url,
    repositoryId: 'here',
    file: join(directory, file),
    pomFile: join(directory, content === undefined ? file : 'given.xml'),
    ...(classifier === undefined ? {} : { classifier }),
    ...(withSources ? { sources: join(directory, 'sources.jar'), javadoc: join(directory, 'javadoc.jar') } : {}),
    ...(attached.length === 0
      ? {}
      : {
          files: attached.map((kind) => join(directory, attachedFile(kind))).join(','),
          types: kinds.map(([extension]) => extension).join(','),
          classifiers: kinds.map(([, each = '']) => each).join(','),
        }),
    ...publication.deployment,
  };
}

/** The publications of one group are published one after the other, because they change the same metadata. */
function groupOf({ packaging, artifactId }: Publication): string {
  return packaging === 'maven-plugin' || artifactId === 'of-packaging-jar' ? 'plugins' : artifactId;
}

it('publishes the same files', async () => {
  if (nginx === undefined || maven === undefined) throw new Error('the servers exist only during a test');
  const { url, content } = nginx;
  const snapshots = publications.map((publication) => ({ ...publication, version: '1.1-SNAPSHOT' }));
  const all = [...publications, ...snapshots, { artifactId: 'jar', version: '1.1', content: jar }];
  const built = await Promise.all(
    all.map(async (publication) => ({ publication, directory: await build(publication) })),
  );
  const groups = Map.groupBy(built, ({ publication }) => groupOf(publication));
  await mapConcurrently([...groups.values()], 6, async (group) => {
    for (const { publication, directory } of group) await publish(`${url}pipe/`, directory, publication);
  });
  const deployments = built.map(({ publication, directory }) => deployment(`${url}mvn/`, directory, publication));
  await deployFiles(maven, join(root, 'deployer'), deployments);
  const [ours, theirs] = await Promise.all([tree(join(content, 'pipe')), tree(join(content, 'mvn'))]);
  expect(Object.keys(theirs).length).toBeGreaterThan(500);
  expect(ours).toEqual(theirs);
});
