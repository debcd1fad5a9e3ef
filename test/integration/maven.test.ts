/** The bundle and Maven itself publish to nginx, and leave the same; Maven resolves what the bundle has published. */

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { plainJar, pomText } from '../maven/artifacts.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { type NginxRepository, startNginxRepository } from './nginx-repository.ts';

jest.setTimeout(180_000);

const execute = promisify(execFile);
const bundle = join(__dirname, '..', '..', 'dist', 'pipe.js');
/** Of this run alone: what Maven keeps of it can be told apart, and removed. */
const groupId = `com.acme.t${randomBytes(4).toString('hex')}`;
const groupPath = groupId.replaceAll('.', '/');
const localRepository = join(homedir(), '.m2', 'repository', groupPath);
let root = '';
let nginx: NginxRepository | undefined;
let sandbox: Sandbox | undefined;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'maven-'));
  nginx = await startNginxRepository(join(root, 'nginx'));
  sandbox = await startSandbox({ maven: { authentication: 'none' } });
});

afterAll(async () => {
  await Promise.all([nginx?.close(), sandbox?.close()]);
  await rm(root, { recursive: true, force: true });
  await rm(localRepository, { recursive: true, force: true });
});

function servers(): { nginx: NginxRepository; sandbox: Sandbox } {
  if (nginx === undefined || sandbox === undefined) throw new Error('the servers are only there within a test');
  return { nginx, sandbox };
}

interface Publication {
  readonly artifactId: string;
  readonly version: string;
  readonly content?: string;
  readonly classifier?: string;
  readonly withSources?: boolean;
}

/** A jar without a POM of its own, which is beside it, with sources. */
async function build({ artifactId, version, content = version }: Publication): Promise<void> {
  await mkdir(join(root, 'build'), { recursive: true });
  await writeFile(join(root, 'build/app.jar'), plainJar(content));
  await writeFile(join(root, 'build/app-sources.jar'), plainJar(`sources of ${content}`));
  await writeFile(join(root, 'build/app.pom'), pomText({ groupId, artifactId, version }));
}

async function publish(url: string, { classifier, withSources = false }: Publication): Promise<string> {
  const args = [
    ...(classifier === undefined ? [] : ['--classifier', classifier]),
    ...(withSources ? ['--sources', 'app-sources.jar'] : []),
  ];
  const env = {
    PATH: process.env['PATH'] ?? '',
    TYPE: 'maven',
    REGISTRY: url,
    FILENAME: 'app.jar',
    DEBUG: 'true',
    EXTRA_ARGS: JSON.stringify(args),
  };
  return (await execute(process.execPath, [bundle], { cwd: join(root, 'build'), env })).stdout;
}

async function deploy(url: string, { classifier, withSources = false }: Publication): Promise<void> {
  await mvn(
    join(root, 'build'),
    'deploy:deploy-file',
    `-Durl=${url}`,
    '-DrepositoryId=here',
    '-Dfile=app.jar',
    '-DpomFile=app.pom',
    ...(classifier === undefined ? [] : [`-Dclassifier=${classifier}`]),
    ...(withSources ? ['-Dsources=app-sources.jar'] : []),
  );
}

async function mvn(cwd: string, ...args: readonly string[]): Promise<void> {
  // Debian's prints colours of its own.
  await execute('mvn', ['--batch-mode', '--quiet', ...args], { cwd });
}

/** What is below a directory, by path, with all that differs from run to run made equal. */
async function tree(directory: string): Promise<Readonly<Record<string, string>>> {
  const files: Record<string, string> = {};
  const normalize = (text: string): string =>
    text.replaceAll(/\d{8}\.\d{6}/g, 'TIMESTAMP').replaceAll(/(?<=<(?:lastUpdated|updated)>)\d{14}/g, 'UPDATED');
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name).slice(directory.length + 1);
    if (!entry.isFile() || /\.sha(?:256|512)$/.test(path)) continue;
    const isOfMetadata = /maven-metadata\.xml\.(?:md5|sha1)$/.test(path);
    const content = (await readFile(join(directory, path))).toString('latin1');
    files[normalize(path)] = isOfMetadata ? String(content.length) : normalize(content);
  }
  return files;
}

/** Resolves them, with checksums enforced, in a project of their own. @returns what Maven has got, by file name */
async function resolve(
  url: string,
  dependencies: readonly { readonly artifactId: string; readonly version: string; readonly classifier?: string }[],
): Promise<(artifactId: string, version: string, name: string) => Promise<Buffer>> {
  const policy = '<enabled>true</enabled><updatePolicy>always</updatePolicy><checksumPolicy>fail</checksumPolicy>';
  const more = [
    `<repositories><repository><id>r${randomBytes(4).toString('hex')}</id><url>${url}</url>`,
    `<releases>${policy}</releases><snapshots>${policy}</snapshots></repository></repositories>`,
    '<dependencies>',
    ...dependencies.map(({ artifactId, version, classifier }) => {
      const given = Object.entries({ groupId, artifactId, version, classifier }).filter(
        ([, value]) => value !== undefined,
      );
      return `<dependency>${given.map(([name, value]) => `<${name}>${value}</${name}>`).join('')}</dependency>`;
    }),
    '</dependencies>',
  ].join('\n');
  const project = await mkdtemp(join(root, 'project-'));
  await writeFile(join(project, 'pom.xml'), pomText({ groupId, artifactId: 'user', version: '1', more }));
  await mvn(project, '--update-snapshots', '--strict-checksums', 'compile');
  return async (artifactId, version, name) => await readFile(join(localRepository, artifactId, version, name));
}

describe('on nginx', () => {
  it('leaves what mvn deploy:deploy-file leaves: releases, SNAPSHOTs, a classifier, sources', async () => {
    const url = (who: string): string => `${servers().nginx.url}${who}/`;
    const artifactId = 'same';
    const publications: readonly Publication[] = [
      { artifactId, version: '1.0', withSources: true },
      { artifactId, version: '1.1-SNAPSHOT', withSources: true },
      { artifactId, version: '1.1-SNAPSHOT', content: 'second', classifier: 'linux' },
      { artifactId, version: '1.1' },
    ];
    for (const publication of publications) {
      await build(publication);
      await publish(url('pipe'), publication);
      await deploy(url('mvn'), publication);
    }
    const [pipe, maven] = await Promise.all(['pipe', 'mvn'].map((who) => tree(join(servers().nginx.content, who))));
    expect(Object.keys(maven ?? {}).length).toBeGreaterThan(30);
    expect(pipe).toEqual(maven);
  });
});

describe.each(['nginx', 'sandbox'] as const)('from %s', (server) => {
  it('Maven resolves a release, a classifier, and each new build of a SNAPSHOT', async () => {
    const url = server === 'nginx' ? `${servers().nginx.url}resolved/` : servers().sandbox.mavenUrl;
    const artifactId = `resolved-on-${server}`;
    const [release, next] = ['2.0', '2.1-SNAPSHOT'];
    await build({ artifactId, version: release });
    await publish(url, { artifactId, version: release });
    await build({ artifactId, version: release, content: 'for linux' });
    await publish(url, { artifactId, version: release, classifier: 'linux' });
    // Of one artifact, a project has one version.
    const other = `${artifactId}-next`;
    await build({ artifactId: other, version: next, content: 'first' });
    await publish(url, { artifactId: other, version: next });
    const wanted = [
      { artifactId, version: release },
      { artifactId, version: release, classifier: 'linux' },
      { artifactId: other, version: next },
    ];
    const snapshot = `${other}-2.1-SNAPSHOT.jar`;
    const got = await resolve(url, wanted);
    expect(await got(artifactId, release, `${artifactId}-2.0.jar`)).toEqual(plainJar(release));
    expect(await got(artifactId, release, `${artifactId}-2.0-linux.jar`)).toEqual(plainJar('for linux'));
    expect(await got(other, next, snapshot)).toEqual(plainJar('first'));
    await build({ artifactId: other, version: next, content: 'second' });
    expect(await publish(url, { artifactId: other, version: next })).toMatch(/as 2\.1-\d{8}\.\d{6}-2:/);
    expect(await (await resolve(url, wanted))(other, next, snapshot)).toEqual(plainJar('second'));
    expect(servers().sandbox.violations).toEqual([]);
  });
});
