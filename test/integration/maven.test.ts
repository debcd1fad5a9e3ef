/** Maven resolves the artifacts that the bundle has published, and runs plugins by their prefix. */

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { descriptor, plainJar, pomText } from '../destinations/maven/artifacts.ts';
import { zip, type ZipMember } from '../archive/zip-writer.ts';
import { patience } from '../patience.ts';
import { startBundle } from '../run-bundle.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { debianMaven, installMaven, ownGroup } from './maven-tools.ts';
import { type NginxRepository, startNginxRepository } from './nginx-repository.ts';

jest.setTimeout(patience(180_000));

const execute = promisify(execFile);
const { groupId, kept, removeKept } = ownGroup();
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
  await removeKept();
});

function servers(): { nginx: NginxRepository; sandbox: Sandbox } {
  if (nginx === undefined || sandbox === undefined) throw new Error('the servers exist only during a test');
  return { nginx, sandbox };
}

interface Publication {
  readonly artifactId: string;
  readonly version: string;
  readonly content?: string;
  readonly classifier?: string;
}

/** A jar without a POM in it, and the POM beside it. */
async function build({ artifactId, version, content = version }: Publication): Promise<void> {
  await mkdir(join(root, 'build'), { recursive: true });
  await writeFile(join(root, 'build/app.jar'), plainJar(content));
  await writeFile(join(root, 'build/app.pom'), pomText({ groupId, artifactId, version }));
}

async function publish(url: string, classifier?: string): Promise<string> {
  const args = classifier === undefined ? [] : ['--classifier', classifier];
  const env = {
    TYPE: 'maven',
    REGISTRY: url,
    FILENAME: 'app.jar',
    DEBUG: 'true',
    EXTRA_ARGS: JSON.stringify(args),
  };
  const { exitCode, output } = await startBundle(env, { cwd: join(root, 'build') }).ended;
  expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
  return output;
}

/** Resolves the dependencies in a new project, with checksums enforced. @returns a reader of the resolved files */
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
  await debianMaven(project, '--quiet', '--update-snapshots', '--strict-checksums', 'compile');
  return async (artifactId, version, name) => await readFile(join(kept, artifactId, version, name));
}

describe.each(['nginx', 'sandbox'] as const)('from %s', (server) => {
  it('Maven resolves a release, a classifier, and each new build of a SNAPSHOT', async () => {
    const url = server === 'nginx' ? `${servers().nginx.url}resolved/` : servers().sandbox.mavenUrl;
    const artifactId = `resolved-on-${server}`;
    const [release, next] = ['2.0', '2.1-SNAPSHOT'];
    await build({ artifactId, version: release });
    await publish(url);
    await build({ artifactId, version: release, content: 'for linux' });
    await publish(url, 'linux');
    // A project can have only one version of an artifact.
    const other = `${artifactId}-next`;
    await build({ artifactId: other, version: next, content: 'first' });
    await publish(url);
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
    expect(await publish(url)).toMatch(/as 2\.1-\d{8}\.\d{6}-2:/);
    expect(await (await resolve(url, wanted))(other, next, snapshot)).toEqual(plainJar('second'));
    expect(servers().sandbox.violations).toEqual([]);
  });
});

/** For each prefix, compiles a Maven plugin with the goal `hello`. */
async function compilePlugins(prefixes: readonly string[], mavenHome: string): Promise<readonly ZipMember[][]> {
  const directory = await mkdtemp(join(root, 'plugins-'));
  const sources = prefixes.map((prefix) => join(directory, prefix, 'Hello.java'));
  for (const [index, prefix] of prefixes.entries()) {
    await mkdir(join(directory, prefix));
    await writeFile(
      sources[index] ?? '',
      `package ${prefix}; public class Hello extends org.apache.maven.plugin.AbstractMojo {
        public void execute() { getLog().info("hello from ${prefix}"); }
      }`,
    );
  }
  const api = (await readdir(join(mavenHome, 'lib'))).find((name) => name.startsWith('maven-plugin-api-')) ?? '';
  await execute('javac', ['-cp', join(mavenHome, 'lib', api), '-d', directory, ...sources]);
  return await Promise.all(
    prefixes.map(async (prefix) => {
      const name = `${prefix}/Hello.class`;
      return [{ name, content: await readFile(join(directory, name)) }];
    }),
  );
}

it('Maven runs the plugins of a group by their prefixes, both releases and a SNAPSHOT', async () => {
  const url = `${servers().nginx.url}plugins/`;
  const { mvn, home } = await installMaven(join(root, 'maven'));
  const prefixes = ['first', 'second', 'third'];
  const compiled = await compilePlugins(prefixes, home);
  await mkdir(join(root, 'build'), { recursive: true });
  for (const [index, prefix] of prefixes.entries()) {
    const plugin = {
      groupId,
      artifactId: `${prefix}-maven-plugin`,
      version: prefix === 'third' ? '1-SNAPSHOT' : '1.0',
    };
    const goal = '<goal>hello</goal><requiresProject>false</requiresProject>';
    const how = '<language>java</language><instantiationStrategy>per-lookup</instantiationStrategy>';
    const mojo = `<mojo>${goal}<implementation>${prefix}.Hello</implementation>${how}</mojo>`;
    const more = `<version>${plugin.version}</version><mojos>${mojo}</mojos>`;
    const content = descriptor({ ...plugin, goalPrefix: prefix, more });
    const members = [...(compiled[index] ?? []), { name: 'META-INF/maven/plugin.xml', content }];
    await writeFile(join(root, 'build/app.jar'), zip(members));
    await writeFile(join(root, 'build/app.pom'), pomText({ ...plugin, packaging: 'maven-plugin' }));
    await publish(url);
  }
  const user = await mkdtemp(join(root, 'user-'));
  const repository = `<pluginRepository><id>r${randomBytes(4).toString('hex')}</id><url>${url}</url></pluginRepository>`;
  const profile = `<profile><id>here</id><pluginRepositories>${repository}</pluginRepositories></profile>`;
  await writeFile(
    join(user, 'settings.xml'),
    `<settings><pluginGroups><pluginGroup>${groupId}</pluginGroup></pluginGroups><profiles>${profile}</profiles>
    <activeProfiles><activeProfile>here</activeProfile></activeProfiles></settings>`,
  );
  const goals = prefixes.map((prefix) => `${prefix}:hello`);
  const output = await mvn(user, '--settings', 'settings.xml', '--strict-checksums', ...goals);
  expect(output.match(/hello from \w+/g)).toEqual(prefixes.map((prefix) => `hello from ${prefix}`));
});
