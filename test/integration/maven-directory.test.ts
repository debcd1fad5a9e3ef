/** A build of several modules that Maven leaves in a directory arrives as if Maven had deployed it, and Maven can use it. */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { pomText } from '../destinations/maven/artifacts.ts';
import { patience } from '../patience.ts';
import { startBundle } from '../run-bundle.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { installMaven, type Maven, ownGroup } from './maven-tools.ts';
import { type NginxRepository, startNginxRepository } from './nginx-repository.ts';
import { tree } from './repository-tree.ts';

jest.setTimeout(patience(240_000));

const { groupId, removeKept } = ownGroup();
let root = '';
let nginx: NginxRepository;
let sandbox: Sandbox;
let maven: Maven;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'maven-'));
  nginx = await startNginxRepository(join(root, 'nginx'));
  sandbox = await startSandbox({ maven: { authentication: 'none' } });
  maven = (await installMaven(join(root, 'maven'))).mvn;
});

afterAll(async () => {
  await Promise.all([nginx.close(), sandbox.close()]);
  await rm(root, { recursive: true, force: true });
  await removeKept();
});

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
}

function element(name: string, fields: Readonly<Record<string, string>>, more = ''): string {
  const children = Object.entries(fields).map(([key, value]) => `<${key}>${value}</${key}>`);
  return `<${name}>${children.join('')}${more}</${name}>`;
}

/** Writes the modules. Each is deployed twice: to a directory, and to the server. */
async function writeProject(staging: string, url: string): Promise<void> {
  const modules = ['app', 'next', 'acme-maven-plugin'].map((name) => `<module>${name}</module>`).join('');
  const execution = (id: string, alternative: string): string =>
    element(
      'execution',
      { id, phase: 'deploy' },
      `<goals><goal>deploy</goal></goals>${element('configuration', { altDeploymentRepository: alternative })}`,
    );
  const executions = element(
    'executions',
    {},
    execution('default-deploy', `local::file:${staging}`) + execution('server', `server::${url}`),
  );
  const tests = '<executions><execution><goals><goal>test-jar</goal></goals></execution></executions>';
  const settings = { 'maven.compiler.release': '17', 'project.build.sourceEncoding': 'UTF-8' };
  const plugins = [
    element('plugin', { artifactId: 'maven-deploy-plugin', version: '3.1.4' }, executions),
    element('plugin', { artifactId: 'maven-jar-plugin', version: '3.4.2' }, tests),
    element('plugin', { artifactId: 'maven-plugin-plugin', version: '3.15.1' }),
  ];
  const parent = { groupId, artifactId: 'parent', version: '1.0' };
  const child = (artifactId: string, version: string, packaging: string, more = ''): string =>
    pomText({ artifactId, version, packaging, more: element('parent', parent) + more });
  const scope = 'provided';
  const api = { groupId: 'org.apache.maven', artifactId: 'maven-plugin-api', version: '3.9.11', scope };
  const tools = 'org.apache.maven.plugin-tools';
  const annotations = { groupId: tools, artifactId: 'maven-plugin-annotations', version: '3.15.1', scope };
  const dependencies = `<dependencies>${element('dependency', api)}${element('dependency', annotations)}</dependencies>`;
  const dependency = element('dependency', { groupId, artifactId: 'app', version: '1.0' });
  const build = `<build><plugins>${plugins.join('')}</plugins></build>`;
  const more = `<modules>${modules}</modules>${element('properties', settings)}${build}`;
  await write({
    'project/pom.xml': pomText({ ...parent, packaging: 'pom', more }),
    'project/app/pom.xml': child('app', '1.0', 'jar'),
    'project/app/src/main/java/App.java': 'public class App {}',
    'project/app/src/test/java/AppTests.java': 'class AppTests {}',
    'project/next/pom.xml': child('next', '1.1-SNAPSHOT', 'jar', `<dependencies>${dependency}</dependencies>`),
    'project/next/src/main/java/Next.java': 'public class Next extends App {}',
    'project/acme-maven-plugin/pom.xml': child('acme-maven-plugin', '1.0', 'maven-plugin', dependencies),
    'project/acme-maven-plugin/src/main/java/Hello.java': `
      @org.apache.maven.plugins.annotations.Mojo(name = "hello")
      public class Hello extends org.apache.maven.plugin.AbstractMojo {
        public void execute() { getLog().info("hello from acme"); }
      }`,
  });
}

async function publish(url: string): Promise<void> {
  const env = { TYPE: 'maven', REGISTRY: url, FILENAME: 'staging' };
  const { exitCode, output } = await startBundle(env, { cwd: root }).ended;
  expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
}

/** A project that needs a module of each kind, and runs the plugin by its prefix. */
async function use(url: string): Promise<string> {
  const policy = '<updatePolicy>always</updatePolicy><checksumPolicy>fail</checksumPolicy>';
  const policies = ['releases', 'snapshots'].map((kind) => `<${kind}>${policy}</${kind}>`).join('');
  const place = `<id>pipe</id><url>${url}</url>${policies}`;
  const profile = [
    '<id>pipe</id>',
    `<repositories><repository>${place}</repository></repositories>`,
    `<pluginRepositories><pluginRepository>${place}</pluginRepository></pluginRepositories>`,
  ];
  const dependency = element('dependency', { groupId, artifactId: 'next', version: '1.1-SNAPSHOT' });
  const tests = element('dependency', { groupId, artifactId: 'app', version: '1.0', classifier: 'tests' });
  await write({
    'user/pom.xml': pomText({
      groupId,
      artifactId: 'user',
      version: '1',
      more: `<dependencies>${dependency}${tests}</dependencies>`,
    }),
    'user/src/main/java/User.java': 'class User extends Next {}',
    'user/settings.xml': [
      `<settings><pluginGroups><pluginGroup>${groupId}</pluginGroup></pluginGroups>`,
      `<profiles><profile>${profile.join('')}</profile></profiles>`,
      '<activeProfiles><activeProfile>pipe</activeProfile></activeProfiles></settings>',
    ].join('\n'),
  });
  return await maven(
    join(root, 'user'),
    '--settings',
    'settings.xml',
    '-Dmaven.compiler.release=17',
    'compile',
    'acme:hello',
  );
}

it('is published as Maven deploys it, and Maven resolves its modules and runs its plugin', async () => {
  await writeProject(join(root, 'staging'), `${nginx.url}mvn/`);
  await maven(join(root, 'project'), '--quiet', 'deploy');
  await publish(`${nginx.url}pipe/`);
  const [ours, theirs] = await Promise.all(['pipe', 'mvn'].map(async (name) => await tree(join(nginx.content, name))));
  expect(Object.keys(theirs ?? {}).filter((path) => /\.(?:jar|pom|xml)$/.test(path))).toHaveLength(17);
  expect(ours).toEqual(theirs);
  // The build has installed them as well.
  await removeKept();
  expect(await use(`${nginx.url}pipe/`)).toContain('hello from acme');
  await publish(sandbox.mavenUrl);
  await publish(sandbox.mavenUrl);
  expect(sandbox.violations).toEqual([]);
});
