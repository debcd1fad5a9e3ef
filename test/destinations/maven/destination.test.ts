/** Publishes Maven artifacts, from the variables to the content of the repository. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { acme, descriptor, type DescriptorFields, jar, plainJar, pluginJar, pomText } from './artifacts.ts';
import { expectSuccess, type More, publish, puts, stored, write } from './published.ts';
import { zip } from '../../archive/zip-writer.ts';
import { type Fixture, useSandbox } from '../../run-pipe.ts';
import type { MavenOptions } from '../../sandbox/maven-repository.ts';
import { patience } from '../../patience.ts';
import { tokens } from '../../sandbox/tokens.ts';

type PluginFields = Pick<DescriptorFields, 'artifactId' | 'goalPrefix'> & { readonly version?: string };

async function contentOf(fixture: Fixture, path: string): Promise<string> {
  return (await fixture.sandbox.maven.files.get(path)?.content())?.toString() ?? `no ${path}`;
}

async function resultItems(fixture: Fixture): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const result: { items: Readonly<Record<string, unknown>>[] } = JSON.parse(
    await readFile(join(fixture.directory, 'result.json'), 'utf8'),
  );
  return result.items;
}

const release = 'com/acme/app/1.0';

describe('a release', () => {
  const fixture = useSandbox();

  it('is published with the POM from the jar, checksums, and metadata last', async () => {
    await write(fixture, { 'target/app-1.0.jar': jar() });
    const ended = await publish(fixture, 'target/*.jar');
    expectSuccess(ended);
    expect(stored(fixture)).toEqual([
      `${release}/app-1.0.jar`,
      `${release}/app-1.0.pom`,
      'com/acme/app/maven-metadata.xml',
    ]);
    expect(await contentOf(fixture, `${release}/app-1.0.pom`)).toBe(pomText());
    expect((await fixture.sandbox.maven.files.get(`${release}/app-1.0.jar`)?.content())?.equals(jar())).toBe(true);
    const order = puts(fixture).filter((name) => !/\.(?:md5|sha\d+)$/.test(name));
    expect(order).toEqual(['app-1.0.jar', 'app-1.0.pom', 'maven-metadata.xml']);
    expect(await contentOf(fixture, 'com/acme/app/maven-metadata.xml')).toMatch(
      /^<\?xml .*\n<metadata>\n {2}<groupId>com\.acme<\/groupId>\n {2}<artifactId>app<\/artifactId>\n {2}<versioning>\n {4}<release>1\.0<\/release>\n {4}<versions>\n {6}<version>1\.0<\/version>\n {4}<\/versions>\n {4}<lastUpdated>\d{14}<\/lastUpdated>\n {2}<\/versioning>\n<\/metadata>\n$/,
    );
    expect(ended.output).toContain(`Publishing com.acme:app:1.0, 2 files`);
    expect(ended.output).toMatch(
      /✔ Published com\.acme:app:1\.0: 2 files, .*\n(?: {2}app-.* uploaded\n){2} {2}http.*\/repository\/com\/acme\/app\/1\.0\/\n$/,
    );
    expect(await resultItems(fixture)).toEqual([
      expect.objectContaining({ name: 'com.acme:app:1.0:jar', size: jar().length, action: 'uploaded' }),
      expect.objectContaining({ name: 'com.acme:app:1.0:pom', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }),
    ]);
  });

  it('can have sources and javadoc, and get a file with a classifier later', async () => {
    await write(fixture, {
      'app-1.0.jar': jar(),
      's.jar': plainJar('s'),
      'j.jar': plainJar('j'),
      'linux.tar.gz': 'tgz',
    });
    expectSuccess(await publish(fixture, 'app-1.0.jar', ['--sources', 's.jar', '--javadoc', 'j.jar']));
    await write(fixture, { 'pom.xml': pomText() });
    expectSuccess(await publish(fixture, 'linux.tar.gz', ['--classifier', 'linux']));
    expect(stored(fixture)).toEqual([
      `${release}/app-1.0.jar`,
      `${release}/app-1.0-sources.jar`,
      `${release}/app-1.0-javadoc.jar`,
      `${release}/app-1.0.pom`,
      'com/acme/app/maven-metadata.xml',
      `${release}/app-1.0-linux.tar.gz`,
    ]);
    expect(await resultItems(fixture)).toEqual([
      expect.objectContaining({ name: 'com.acme:app:1.0:linux:tar.gz', action: 'uploaded' }),
      expect.objectContaining({ name: 'com.acme:app:1.0:pom', action: 'skipped' }),
    ]);
  });

  it('is added to the versions already there', async () => {
    for (const version of ['0.8', '0.9', '1.0']) {
      await write(fixture, { 'app.jar': jar({ ...acme, version }) });
      expectSuccess(await publish(fixture, 'app.jar'));
    }
    const metadata = await contentOf(fixture, 'com/acme/app/maven-metadata.xml');
    expect(metadata).toMatch(/<version>0\.8<\/version>\s*<version>0\.9<\/version>\s*<version>1\.0<\/version>/);
    expect(metadata).toContain('<release>1.0</release>');
    stored(fixture);
  });

  it('that is already there with identical content is left alone', async () => {
    await write(fixture, { 'app-1.0.jar': jar() });
    expectSuccess(await publish(fixture, 'app-1.0.jar'));
    const sent = puts(fixture).length;
    const ended = await publish(fixture, 'app-1.0.jar');
    expectSuccess(ended);
    expect(ended.output).toContain('com.acme:app:1.0 is already there, with identical content');
    expect(puts(fixture)).toHaveLength(sent);
    expect((await resultItems(fixture)).map(({ action }) => action)).toEqual(['skipped', 'skipped']);
  });

  it('whose stored file is damaged is not called identical, although its size and its checksum files are right', async () => {
    await write(fixture, { 'app-1.0.jar': jar() });
    expectSuccess(await publish(fixture, 'app-1.0.jar'));
    const sent = puts(fixture).length;
    const damaged = Buffer.from(jar());
    damaged[40] = (damaged[40] ?? 0) ^ 1;
    fixture.sandbox.maven.put(`${release}/app-1.0.jar`, damaged, { withChecksums: false });
    const { exitCode, output } = await publish(fixture, 'app-1.0.jar');
    expect(exitCode).toBe(1);
    expect(output).toMatch(
      /app-1\.0\.jar: the repository has sha256 [0-9a-f]{64}, the local file has [0-9a-f]{64}, as its checksum files say/,
    );
    expect(output).toMatch(/What to do: The stored file is damaged or replaced.* delete/);
    expect(puts(fixture)).toHaveLength(sent);
  });

  it('whose stored file is cut off is called damaged, since its checksum files are right', async () => {
    await write(fixture, { 'app-1.0.jar': jar() });
    expectSuccess(await publish(fixture, 'app-1.0.jar'));
    const sent = puts(fixture).length;
    fixture.sandbox.maven.put(`${release}/app-1.0.jar`, jar().subarray(0, 100), { withChecksums: false });
    const { exitCode, output } = await publish(fixture, 'app-1.0.jar');
    expect(exitCode).toBe(1);
    expect(output).toMatch(
      /app-1\.0\.jar: the repository has 100 bytes, the local file has \d+ bytes and sha256 [0-9a-f]{64}, as its checksum files say/,
    );
    expect(output).toMatch(/What to do: The stored file is damaged or replaced.* delete/);
    expect(puts(fixture)).toHaveLength(sent);
  });

  it.each([
    ['sha1', '0'.repeat(40)],
    ['sha256', 'f'.repeat(64)],
    ['sha1', ''],
    ['md5', '<html>Sign in</html>'],
  ])('whose .%s file is damaged gets it again: %j', async (algorithm, damaged) => {
    await write(fixture, { 'app-1.0.jar': jar() });
    expectSuccess(await publish(fixture, 'app-1.0.jar'));
    const path = `${release}/app-1.0.jar.${algorithm}`;
    const right = await fixture.sandbox.maven.files.get(path)?.content();
    const sent = puts(fixture).length;
    fixture.sandbox.maven.put(path, damaged, { withChecksums: false });
    const ended = await publish(fixture, 'app-1.0.jar');
    expectSuccess(ended);
    expect(ended.output).toContain('app-1.0.jar: skipped, already there with identical content');
    expect(puts(fixture).slice(sent)).toEqual([`app-1.0.jar.${algorithm}`]);
    expect(await fixture.sandbox.maven.files.get(path)?.content()).toEqual(right);
  });

  it.each([
    [
      'with checksum files',
      true,
      /app-1\.0\.jar: the repository has sha256 [0-9a-f]{64}, the local file has [0-9a-f]{64}/,
    ],
    [
      'without, and of another size',
      false,
      /app-1\.0\.jar: the repository has 5 bytes, the local file has \d+ bytes and sha256 [0-9a-f]{64}/,
    ],
  ])('that is already there with different content is not replaced: %s', async (_, withChecksums, message) => {
    await write(fixture, { 'app-1.0.jar': jar() });
    fixture.sandbox.maven.put(`${release}/app-1.0.jar`, 'other', { withChecksums });
    const { exitCode, output } = await publish(fixture, 'app-1.0.jar');
    expect(exitCode).toBe(1);
    expect(output).toMatch(message);
    expect(output).toContain('com.acme:app:1.0 is already published with different content');
    expect(output).toMatch(/What to do: .*a new version/);
    expect(puts(fixture)).toEqual([]);
  });

  it('that another publisher stores in between is not replaced, whatever the refusal says', async () => {
    await write(fixture, { 'app-1.0.jar': jar() });
    fixture.sandbox.maven.put(`${release}/app-1.0.jar`, 'other');
    const absent = { kind: 'status', status: 404 } as const;
    fixture.sandbox.inject({ server: 'maven', method: 'HEAD', path: 'app-1.0.jar$', action: absent });
    const refused = { kind: 'status', status: 400, body: 'no' } as const;
    fixture.sandbox.inject({ server: 'maven', method: 'PUT', path: 'app-1.0.jar$', action: refused });
    const { exitCode, output } = await publish(fixture, 'app-1.0.jar');
    expect(exitCode).toBe(1);
    expect(output).toMatch(/app-1\.0\.jar: the repository has sha256 [0-9a-f]{64}, the local file has .* 400/);
    expect(output).toMatch(/What to do: A released version is never replaced\./);
  });

  it('that is there without checksum files is compared by its content, and gets them', async () => {
    await write(fixture, { 'app-1.0.jar': jar() });
    fixture.sandbox.maven.put(`${release}/app-1.0.jar`, jar(), { withChecksums: false });
    expectSuccess(await publish(fixture, 'app-1.0.jar'));
    expect(stored(fixture)).toHaveLength(3);
    expect(puts(fixture).filter((name) => name === 'app-1.0.jar')).toEqual([]);
    const other = Buffer.from(jar());
    other[40] = (other[40] ?? 0) ^ 1;
    fixture.sandbox.reset();
    fixture.sandbox.maven.put(`${release}/app-1.0.jar`, other, { withChecksums: false });
    const { exitCode, output } = await publish(fixture, 'app-1.0.jar');
    expect(exitCode).toBe(1);
    expect(output).toMatch(/app-1\.0\.jar: the repository has sha256 [0-9a-f]{64}, the local file has [0-9a-f]{64}/);
  });

  it.each([
    ['app-1.0.jar', 1],
    ['app-1.0.jar.sha1', 0],
  ])('may be refused as there already before it shows: %s', async (name, skip) => {
    await write(fixture, { 'app-1.0.jar': jar() });
    const { sandbox } = fixture;
    const path = `${release}/${name}$`;
    sandbox.inject({ method: 'PUT', path, action: { kind: 'other-status', status: 409 } });
    for (const method of ['GET', 'HEAD'])
      sandbox.inject({ method, path, skip, times: 2, action: { kind: 'status', status: 404 } });
    expectSuccess(await publish(fixture, 'app-1.0.jar'));
    expect(puts(fixture).filter((written) => written === name)).toHaveLength(1);
    expect(stored(fixture)).toHaveLength(3);
  });

  it('is only planned in a dry run', async () => {
    await write(fixture, { 'app-1.0.jar': jar() });
    const ended = await publish(fixture, 'app-1.0.jar', ['--dry-run']);
    expectSuccess(ended);
    expect(ended.output).toContain('Publishing com.acme:app:1.0, 2 files');
    expect(ended.output).toContain('META-INF/maven/com.acme/app/pom.xml in app-1.0.jar');
    expect(fixture.sandbox.requests).toEqual([]);
  });
});

describe('a SNAPSHOT', () => {
  const fixture = useSandbox();
  const snapshot = { ...acme, version: '1.1-SNAPSHOT' };
  const directory = 'com/acme/app/1.1-SNAPSHOT';

  it('gets a timestamp and the next build number, and keeps the files of other classifiers', async () => {
    const variables = { BITBUCKET_PIPELINES_VARIABLES_PATH: join(fixture.directory, 'variables') };
    await write(fixture, { 'app.jar': jar(snapshot), 's.jar': plainJar('s') });
    expectSuccess(await publish(fixture, 'app.jar', ['--sources', 's.jar'], variables));
    const [first] = /^\d{8}\.\d{6}$/m.exec(
      /<timestamp>(.*)<\/timestamp>/.exec(await contentOf(fixture, `${directory}/maven-metadata.xml`))?.[1] ?? '',
    ) ?? [''];
    const written = await readFile(variables.BITBUCKET_PIPELINES_VARIABLES_PATH, 'utf8');
    const url = `${fixture.sandbox.mavenUrl}${directory}/app-1.1-${first}-1.jar`;
    expect(written.trim().split('\n')).toEqual([
      'UPLOAD_ACTION=uploaded',
      'PACKAGE_NAME=com.acme:app',
      `PACKAGE_VERSION=1.1-${first}-1`,
      `PACKAGE_URL=${url}`,
      `PACKAGE_SHA256=${fixture.sandbox.maven.files.get(`${directory}/app-1.1-${first}-1.jar`)?.checksums.sha256}`,
    ]);
    expectSuccess(await publish(fixture, 'app.jar', ['--classifier', 'linux']));
    const metadata = await contentOf(fixture, `${directory}/maven-metadata.xml`);
    expect(metadata).toMatch(/<metadata modelVersion="1\.1\.0">[^]*<buildNumber>2<\/buildNumber>/);
    const values = [...metadata.matchAll(/<snapshotVersion>([^]*?)<\/snapshotVersion>/g)].map(([, file = '']) => [
      /<classifier>(.*)<\/classifier>/.exec(file)?.[1],
      /<extension>(.*)<\/extension>/.exec(file)?.[1],
      /<value>.*-(\d+)<\/value>/.exec(file)?.[1],
    ]);
    expect(values).toEqual([
      ['linux', 'jar', '2'],
      [undefined, 'pom', '2'],
      [undefined, 'jar', '1'],
      ['sources', 'jar', '1'],
    ]);
    const artifact = await contentOf(fixture, 'com/acme/app/maven-metadata.xml');
    expect(artifact).toContain('<version>1.1-SNAPSHOT</version>');
    expect(artifact).not.toContain('<release>');
    expect(stored(fixture)).toHaveLength(7);
  });

  it('does not replace the release', async () => {
    await write(fixture, { 'app.jar': jar(), 'snapshot.jar': jar(snapshot) });
    expectSuccess(await publish(fixture, 'app.jar'));
    expectSuccess(await publish(fixture, 'snapshot.jar'));
    expect(await contentOf(fixture, 'com/acme/app/maven-metadata.xml')).toContain('<release>1.0</release>');
  });
});

describe('the name of a file', () => {
  const fixture = useSandbox();
  const unsupported = 'is named as the';

  it.each<[string, readonly string[], string]>([
    ['app-1.0.jar.asc', [], 'app-1.0.jar.asc'],
    ['app-1.0.spdx.json', [], 'app-1.0.spdx.json'],
    ['app.jar.asc', [], 'app-1.0.jar.asc'],
    ['app-1.0-linux.tar.gz.asc', ['--classifier', 'linux'], 'app-1.0-linux.tar.gz.asc'],
    ['app-1.0-jdk1.8.jar', ['--classifier', 'jdk1.8'], 'app-1.0-jdk1.8.jar'],
    ['app-1.0-sources.jar', ['--classifier', 'sources'], 'app-1.0-sources.jar'],
  ])('tells its extension: %s', async (name, args, published) => {
    await write(fixture, { [name]: plainJar(), 'pom.xml': pomText() });
    const ended = await publish(fixture, name, args);
    expectSuccess(ended);
    expect(stored(fixture)[0]).toBe(`${release}/${published}`);
    expect(ended.output).not.toContain('WARNING');
  });

  it.each(['app-1.0-sources.jar', 'app-javadoc.jar', 'app-0.9-tests.jar', 'app-1.0-sources.jar.asc'])(
    'must not be that of a supplement: %s',
    async (name) => {
      await write(fixture, { [name]: plainJar(), 'pom.xml': pomText() });
      const { exitCode, output } = await publish(fixture, name);
      expect(exitCode).toBe(1);
      expect(output).toMatch(
        /✖ app-.* is named as the (\w+) of an artifact: add --classifier \1, or set FILENAME to the artifact itself/,
      );
      expect(fixture.sandbox.requests).toEqual([]);
    },
  );

  it('is the one word of FILENAME that matches; a warning names the others', async () => {
    await write(fixture, { 'app-1.0.jar': jar() });
    const ended = await publish(fixture, 'app-1.0.jar absent.jar');
    expectSuccess(ended);
    expect(ended.output).toMatch(/^WARNING: .*absent\.jar/m);
  });

  it('may end as the artifactId does', async () => {
    const pom = { ...acme, artifactId: 'data-sources' };
    await write(fixture, { 'data-sources.jar': jar(pom), 'data-sources-1.0.jar': jar(pom) });
    for (const name of ['data-sources.jar', 'data-sources-1.0.jar']) {
      const { exitCode, output } = await publish(fixture, name, ['--dry-run']);
      expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.not.stringContaining(unsupported) });
    }
  });

  it.each<[string, readonly string[], RegExp | undefined]>([
    [
      'app-1.0-linux.jar',
      [],
      /WARNING: app-1\.0-linux\.jar is published as app-1\.0\.jar: its name has the classifier linux, which --classifier would keep/,
    ],
    [
      'app-1.0-linux.jar',
      ['--classifier', 'mac'],
      /is published as app-1\.0-mac\.jar: its name has the classifier linux/,
    ],
    [
      'app-0.9.jar',
      [],
      /WARNING: app-0\.9\.jar is published as app-1\.0\.jar: its name has another version\. Is it from an earlier build\?/,
    ],
    ['app-1.0.1.jar', [], /is published as app-1\.0\.jar: its name has another version/],
    ['app-1.0.Final.jar', [], /is published as app-1\.0\.jar: its name has another version/],
    ['app-1.0.JAR', [], undefined],
    ['other.jar', [], undefined],
  ])('that shows something else gets a warning: %s %j', async (name, args, warning) => {
    await write(fixture, { [name]: plainJar(), 'pom.xml': pomText() });
    const ended = await publish(fixture, name, args);
    expectSuccess(ended);
    expect(ended.output).toMatch(warning ?? /^(?![^]*WARNING)/);
  });

  it('is checked for further files and for a POM alone, too', async () => {
    await write(fixture, { 'app.jar': jar(), 'app-0.9-sources.jar': plainJar(), 'app-0.9.pom': pomText() });
    const ended = await publish(fixture, 'app.jar', ['--sources', 'app-0.9-sources.jar']);
    expect(ended.output).toContain('WARNING: app-0.9-sources.jar is published as app-1.0-sources.jar: its name has');
    const alone = await publish(fixture, 'app-0.9.pom');
    expect(alone.output).toContain('WARNING: app-0.9.pom is published as app-1.0.pom: its name has another version');
  });

  it('must not be that of a checksum', async () => {
    await write(fixture, { 'app-1.0.jar.sha1': 'x', 'pom.xml': pomText() });
    expect((await publish(fixture, 'app-1.0.jar.sha1')).output).toContain('app-1.0.jar.sha1 is a checksum file');
  });
});

describe('--attach', () => {
  const fixture = useSandbox();
  const marked = pomText({ ...acme, more: '<!-- do_not_remove: published-with-gradle-metadata -->' });

  it('publishes further files, before the POM', async () => {
    const files = {
      'app.jar.asc': 'a',
      'app.pom.asc': 'b',
      'app-tests.jar': plainJar(),
      'app.module': '{}',
      's.json': '{}',
    };
    await write(fixture, { 'app.jar': plainJar(), 'app.pom': marked, ...files });
    const attached = ['jar.asc=app.jar.asc', 'pom.asc=*.pom.asc', 'tests:jar=app-tests.jar', 'module=app.module'];
    const args = [...attached, 'cyclonedx:json=s.json'].flatMap((value) => ['--attach', value]);
    const ended = await publish(fixture, 'app.jar', args);
    expectSuccess(ended);
    expect(ended.output).not.toContain('WARNING');
    const names = ['.jar', '.jar.asc', '.pom.asc', '-tests.jar', '.module', '-cyclonedx.json', '.pom'];
    expect(stored(fixture)).toEqual([
      ...names.map((name) => `${release}/app-1.0${name}`),
      'com/acme/app/maven-metadata.xml',
    ]);
    expect((await resultItems(fixture)).map(({ name }) => name)).toEqual(
      ['jar', 'jar.asc', 'pom.asc', 'tests:jar', 'module', 'cyclonedx:json', 'pom'].map(
        (kind) => `com.acme:app:1.0:${kind}`,
      ),
    );
  });

  it('can complete a release, and does not send what is there', async () => {
    await write(fixture, { 'app.jar': jar(), 'app.jar.asc': 'a', 't.jar': plainJar() });
    expectSuccess(await publish(fixture, 'app.jar', ['--attach', 'jar.asc=app.jar.asc']));
    const both = ['--attach', 'jar.asc=app.jar.asc', '--attach', 'tests:jar=t.jar'];
    expectSuccess(await publish(fixture, 'app.jar', both));
    expect((await resultItems(fixture)).map(({ action }) => action)).toEqual([
      'skipped',
      'skipped',
      'uploaded',
      'skipped',
    ]);
    expectSuccess(await publish(fixture, 'app.jar', both));
    expect(puts(fixture).filter((name) => /\.asc|tests\.jar$/.test(name))).toEqual([
      'app-1.0.jar.asc',
      'app-1.0-tests.jar',
    ]);
  });

  it('gives all files of a SNAPSHOT one timestamp and build number', async () => {
    const snapshot = { ...acme, version: '1.1-SNAPSHOT' };
    await write(fixture, { 'pom.xml': pomText({ ...snapshot, packaging: 'pom' }), 'pom.xml.asc': 'x' });
    expectSuccess(await publish(fixture, 'pom.xml', ['--attach', 'pom.asc=pom.xml.asc']));
    await write(fixture, { 'app.jar': jar(snapshot), 'n.so': 'x' });
    expectSuccess(await publish(fixture, 'app.jar', ['--attach', 'linux:so=n.so', '--attach', 'jar.asc=pom.xml.asc']));
    const metadata = await contentOf(fixture, 'com/acme/app/1.1-SNAPSHOT/maven-metadata.xml');
    const files = [...metadata.matchAll(/<extension>(.*)<\/extension>\s*<value>1\.1-(.*)<\/value>/g)].map(
      ([, extension = '', value = '']) => [extension, value],
    );
    const timestamp = files[0]?.[1];
    expect(files.slice(0, 4)).toEqual(['jar', 'pom', 'so', 'jar.asc'].map((extension) => [extension, timestamp]));
    expect(files[4]).toEqual(['pom.asc', expect.stringMatching(/-1$/)]);
  });

  it.each([
    [['jar'], /option --attach needs \[CLASSIFIER:\]EXT=FILE, such as .*, not "jar"/],
    [['../x=f'], /option --attach needs/],
    [['a/b:jar=f'], /option --attach needs/],
    [[':jar=f'], /option --attach needs/],
    [['jar='], /option --attach needs/],
    [['jar.sha1=f'], /option --attach jar\.sha1=f: checksums of all files are published anyway/],
    [['tests:jar=absent.jar'], /--attach tests:jar: absent\.jar matches no file/],
    [['tests:jar=*.txt'], /--attach tests:jar matches 2 files \(a\.txt, b\.txt\), but takes exactly one/],
    [['pom=a.txt'], /a\.txt and .* would both be published as pom/],
    [['asc=a.txt', 'asc=b.txt'], /a\.txt and b\.txt would both be published as asc/],
    [['tests:jar=broken.jar'], /broken\.jar cannot be read as a ZIP archive/],
  ])('refuses %j, and sends nothing', async (values, message) => {
    await write(fixture, { 'app.jar': jar(), 'a.txt': 'a', 'b.txt': 'b', 'broken.jar': 'x' });
    const { exitCode, output } = await publish(
      fixture,
      'app.jar',
      values.flatMap((value) => ['--attach', value]),
    );
    expect({ exitCode, output }).toEqual({ exitCode: 1, output: expect.stringMatching(message) });
    expect(fixture.sandbox.requests).toEqual([]);
  });

  it('is asked for if the POM has the marker of Gradle and no module file is published', async () => {
    await write(fixture, { 'app.jar': plainJar(), 'app.pom': marked });
    const ended = await publish(fixture, 'app.jar');
    expectSuccess(ended);
    expect(ended.output).toMatch(
      /WARNING: app\.pom has Gradle's marker "published-with-gradle-metadata", but no \.module file is published: --attach/,
    );
  });
});

describe('a Maven plugin', () => {
  const fixture = useSandbox();
  const groupId = 'com.acme.tools';
  const plugin = { groupId, artifactId: 'acme-maven-plugin', version: '1.0', packaging: 'maven-plugin' } as const;
  const index = 'com/acme/tools/maven-metadata.xml';
  const ofPlugin = (fields: PluginFields = {}): Buffer =>
    pluginJar(descriptor({ ...plugin, ...fields }), { ...plugin, ...fields });
  const prefixes = async (): Promise<readonly string[]> =>
    [...(await contentOf(fixture, index)).matchAll(/<prefix>(.*)<\/prefix>\s*<artifactId>(.*)<\/artifactId>/g)].map(
      ([, prefix, artifactId]) => `${prefix}: ${artifactId}`,
    );

  it('is planned with its prefix, which is published last', async () => {
    await write(fixture, { 'app.jar': ofPlugin() });
    const planned = await publish(fixture, 'app.jar', ['--dry-run']);
    expect(planned.output).toContain(`  ${index}: prefix acme\n`);
    expectSuccess(await publish(fixture, 'app.jar'));
    expect(await contentOf(fixture, index)).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<metadata>
  <plugins>
    <plugin>
      <name>Acme Plugin</name>
      <prefix>acme</prefix>
      <artifactId>acme-maven-plugin</artifactId>
    </plugin>
  </plugins>
</metadata>
`);
    expect(stored(fixture).at(-1)).toBe(index);
    expect(puts(fixture).filter((name) => name === 'maven-metadata.xml')).toHaveLength(2);
  });

  it('is added to the others of its group, as a release and as a SNAPSHOT, and a second run sends nothing', async () => {
    const files = {
      'acme.jar': ofPlugin(),
      'other.jar': ofPlugin({ artifactId: 'other-maven-plugin', goalPrefix: 'other', version: '2-SNAPSHOT' }),
    };
    await write(fixture, files);
    for (const file of Object.keys(files)) expectSuccess(await publish(fixture, file));
    expect(await prefixes()).toEqual(['acme: acme-maven-plugin', 'other: other-maven-plugin']);
    const sent = puts(fixture).length;
    expectSuccess(await publish(fixture, 'acme.jar'));
    expect(puts(fixture)).toHaveLength(sent);
  });

  it('that was published without its prefix or its checksums gets them', async () => {
    await write(fixture, { 'app.jar': ofPlugin() });
    expectSuccess(await publish(fixture, 'app.jar'));
    fixture.sandbox.maven.remove(`${index}.sha1`);
    expectSuccess(await publish(fixture, 'app.jar'));
    expect(stored(fixture)).toContain(index);
    for (const path of [...fixture.sandbox.maven.files.keys()].filter((each) => each.startsWith(index)))
      fixture.sandbox.maven.remove(path);
    expectSuccess(await publish(fixture, 'app.jar'));
    expect(await prefixes()).toEqual(['acme: acme-maven-plugin']);
  });

  it('takes over the prefix of another plugin with a warning', async () => {
    await write(fixture, { 'acme.jar': ofPlugin(), 'other.jar': ofPlugin({ artifactId: 'other' }) });
    expectSuccess(await publish(fixture, 'acme.jar'));
    const ended = await publish(fixture, 'other.jar');
    expectSuccess(ended);
    expect(ended.output).toContain('WARNING: The prefix acme now refers to other instead of acme-maven-plugin');
    expect(await prefixes()).toEqual(['acme: other']);
  });

  it("is listed in the file that also has the versions of an artifact with the group's name", async () => {
    await write(fixture, { 'app.jar': ofPlugin() });
    for (const version of ['0.9', '1.0']) {
      await write(fixture, { 'tools.jar': jar({ groupId: 'com.acme', artifactId: 'tools', version }) });
      expectSuccess(await publish(fixture, 'tools.jar'));
      expectSuccess(await publish(fixture, 'app.jar'));
    }
    const metadata = await contentOf(fixture, index);
    expect(metadata).toMatch(/<artifactId>tools<\/artifactId>[^]*<version>0\.9<\/version>\s*<version>1\.0<\/version>/);
    expect(await prefixes()).toEqual(['acme: acme-maven-plugin']);
    stored(fixture);
  });

  it('gets no latest version, but an existing one is updated', async () => {
    await write(fixture, { 'app.jar': ofPlugin(), 'next.jar': ofPlugin({ version: '2-SNAPSHOT' }) });
    expectSuccess(await publish(fixture, 'app.jar'));
    const path = 'com/acme/tools/acme-maven-plugin/maven-metadata.xml';
    const first = await contentOf(fixture, path);
    expect(first).not.toContain('<latest>');
    fixture.sandbox.maven.put(path, first.replace('<release>', '<latest>1.0</latest>\n    <release>'));
    expectSuccess(await publish(fixture, 'next.jar'));
    expect(await contentOf(fixture, path)).toContain('<latest>2-SNAPSHOT</latest>');
  });

  it.each<[string, Buffer, readonly string[], RegExp | undefined]>([
    ['no descriptor', jar(plugin), [], /WARNING: app\.jar is published as .* it has no META-INF\/maven\/plugin\.xml/],
    [
      'a descriptor that is not XML',
      pluginJar('<plugin>', plugin),
      [],
      /its META-INF\/maven\/plugin\.xml cannot be read: it is not valid XML/,
    ],
    [
      "another artifact's descriptor",
      pluginJar(descriptor(), plugin),
      [],
      /its META-INF\/maven\/plugin\.xml belongs to com\.acme:app/,
    ],
    ['no prefix', ofPlugin({ goalPrefix: '' }), [], /its META-INF\/maven\/plugin\.xml has no goalPrefix/],
    ['a classifier', ofPlugin(), ['--classifier', 'linux'], undefined],
  ])('with %s is published without a prefix', async (_, content, args, warning) => {
    await write(fixture, { 'app.jar': content });
    const ended = await publish(fixture, 'app.jar', args);
    expectSuccess(ended);
    expect(stored(fixture)).toHaveLength(3);
    if (warning === undefined) expect(ended.output).not.toContain('WARNING');
    else expect(ended.output).toMatch(warning);
  });

  it.each([
    ['is listed whatever its packaging is', {}, true],
    ['is not listed if its descriptor is that of another plugin, as after shading', { artifactId: 'shaded' }, false],
  ])('%s', async (_, fields, isPlugin) => {
    const pom = { ...plugin, packaging: 'jar', ...fields };
    await write(fixture, { 'app.jar': pluginJar(descriptor(plugin), pom) });
    const ended = await publish(fixture, 'app.jar');
    expectSuccess(ended);
    expect(stored(fixture).includes(index)).toBe(isPlugin);
    expect(ended.output).not.toContain('WARNING');
  });

  it('is not published if the index is not valid', async () => {
    await write(fixture, { 'app.jar': ofPlugin() });
    fixture.sandbox.maven.put(index, '<html/>');
    const { exitCode, output } = await publish(fixture, 'app.jar');
    expect(exitCode).toBe(1);
    expect(output).toContain('com/acme/tools/maven-metadata.xml is not valid Maven metadata');
    expect(puts(fixture)).toEqual([]);
  });

  it('is reported in a failed run, for each metadata file', async () => {
    await write(fixture, { 'app.jar': ofPlugin() });
    const action = { kind: 'status', status: 401 } as const;
    fixture.sandbox.inject({ server: 'maven', method: 'PUT', path: `${index}$`, action });
    const { exitCode, output } = await publish(fixture, 'app.jar');
    expect(exitCode).toBe(1);
    expect(output).toMatch(
      /acme-maven-plugin\/maven-metadata\.xml: published\n.*com\/acme\/tools\/maven-metadata\.xml: NOT published\n/,
    );
    expectSuccess(await publish(fixture, 'app.jar'));
    expect(await prefixes()).toEqual(['acme: acme-maven-plugin']);
  });

  it('is listed again if another publisher replaces the list at the same time', async () => {
    await write(fixture, {
      'acme.jar': ofPlugin(),
      'other.jar': ofPlugin({ artifactId: 'other', goalPrefix: 'other' }),
    });
    expectSuccess(await publish(fixture, 'acme.jar'));
    const content = (await contentOf(fixture, index)).replace('Acme Plugin', 'Acme Plugin, renamed');
    const action = { kind: 'replace-content', content } as const;
    fixture.sandbox.inject({ server: 'maven', method: 'GET', path: `${index}$`, skip: 3, action });
    expectSuccess(await publish(fixture, 'other.jar'));
    expect(await prefixes()).toEqual(['acme: acme-maven-plugin', 'other: other']);
    expect(await contentOf(fixture, index)).toContain('renamed');
    expect(puts(fixture).filter((name) => name === 'maven-metadata.xml')).toHaveLength(5);
  });
});

describe('the POM', () => {
  const fixture = useSandbox();
  const other = { ...acme, version: '7' };

  it.each<[string, Readonly<Record<string, Buffer | string>>, readonly string[]]>([
    ['given', { 'app.jar': jar(other), 'my/p.xml': pomText() }, ['--pom', 'my/p.xml']],
    [
      'in the jar, rather than any other',
      { 'app.jar': jar(), 'app.pom': pomText(other), 'pom.xml': pomText(other) },
      [],
    ],
    ['beside the artifact', { 'app.jar': plainJar(), 'app.pom': pomText(), 'pom.xml': pomText(other) }, []],
    ['in the working directory', { 'app.jar': plainJar(), 'pom.xml': pomText() }, []],
    [
      'in a jar with a ZIP64 directory',
      {
        'app.jar': zip([{ name: 'META-INF/maven/a/b/pom.xml', content: pomText(), isStored: true }], { isZip64: true }),
      },
      [],
    ],
  ])('%s', async (_, files, args) => {
    await write(fixture, files);
    expectSuccess(await publish(fixture, 'app.jar', args));
    expect(stored(fixture).slice(0, 2)).toEqual([`${release}/app-1.0.jar`, `${release}/app-1.0.pom`]);
    expect(await contentOf(fixture, `${release}/app-1.0.pom`)).toBe(pomText());
  });

  it('beside the artifact is found by the name without its whole extension', async () => {
    const files = { 'app-1.0.jar.asc': 'x', 'app-1.0.pom': pomText(), 'app-1.pom': pomText(other) };
    await write(fixture, files);
    expectSuccess(await publish(fixture, 'app-1.0.jar.asc'));
    expect(stored(fixture).slice(0, 2)).toEqual([`${release}/app-1.0.jar.asc`, `${release}/app-1.0.pom`]);
  });

  it("is the one whose coordinates match the file's name if a jar contains several", async () => {
    const inner = { name: 'META-INF/maven/org.lib/lib/pom.xml', content: pomText({ ...other, artifactId: 'lib' }) };
    await write(fixture, { 'app-1.0.jar': jar(acme, [inner]), 'all.jar': jar(acme, [inner]) });
    expectSuccess(await publish(fixture, 'app-1.0.jar'));
    const { exitCode, output } = await publish(fixture, 'all.jar');
    expect(exitCode).toBe(1);
    expect(output).toMatch(
      /all\.jar contains 2 POMs.*META-INF\/maven\/com\.acme\/app\/pom\.xml, META-INF\/maven\/org\.lib\/lib\/pom\.xml\. Name it with --pom/,
    );
  });

  it.each(['pom.xml', 'parent.pom'])('is published alone: %s', async (name) => {
    await write(fixture, { [name]: pomText({ ...acme, packaging: 'pom' }) });
    expectSuccess(await publish(fixture, name));
    expect(stored(fixture)).toEqual([`${release}/app-1.0.pom`, 'com/acme/app/maven-metadata.xml']);
  });

  it.each([
    ['app.war', 'war', 'war'],
    ['dist.zip', 'pom', 'zip'],
    ['bundle.jar', 'bundle', 'jar'],
    ['app-1.0', 'maven-archetype', 'maven-archetype'],
    // https://maven.apache.org/ref/3.9.9/maven-core/artifact-handlers.html
    ['tool', 'ejb', 'jar'],
    ['tool', 'ejb-client', 'client.jar'],
    ['tool', 'java-source', 'sources.jar'],
    ['tool', 'javadoc', 'javadoc.jar'],
    ['tool', 'test-jar', 'tests.jar'],
    ['tool', 'maven-plugin', 'jar'],
    ['tool', 'bundle', 'jar'],
    ['app-tests.jar', 'test-jar', 'tests.jar'],
  ])('does not change the extension of the file: %s, %s', async (name, packaging, extension) => {
    await write(fixture, { [name]: plainJar(), 'pom.xml': pomText({ ...acme, packaging }) });
    expectSuccess(await publish(fixture, name));
    expect(stored(fixture)[0]).toMatch(new RegExp(`^${release}/app-1\\.0[.-]${extension}$`));
  });

  it('is published byte for byte, whatever its encoding', async () => {
    const pom = Buffer.from(pomText({ ...acme, more: '<name>\u00e9 &oslash;</name>' }), 'latin1');
    await write(fixture, { 'app.jar': plainJar(), 'pom.xml': pom });
    expectSuccess(await publish(fixture, 'app.jar'));
    expect(await fixture.sandbox.maven.files.get(`${release}/app-1.0.pom`)?.content()).toEqual(pom);
  });

  it('of a Maven 4 BOM is published alone', async () => {
    await write(fixture, { 'pom.xml': pomText({ ...acme, packaging: 'bom' }) });
    const ended = await publish(fixture, 'pom.xml');
    expectSuccess(ended);
    expect(ended.output).not.toContain('WARNING');
  });
});

describe('without sending anything, refuses', () => {
  const fixture = useSandbox();
  const laughs = `<!DOCTYPE project [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><project><groupId>&b;</groupId></project>`;
  const external = `<!DOCTYPE project SYSTEM "file:///etc/passwd"><project/>`;
  const inJar = (pom: string): Buffer => zip([{ name: 'META-INF/maven/com.acme/app/pom.xml', content: pom }]);
  const bomb = zip([{ name: 'META-INF/maven/a/b/pom.xml', content: Buffer.alloc(64 * 1024 ** 2), claimedSize: 1000 }]);
  const huge = zip([{ name: 'META-INF/maven/a/b/pom.xml', content: 'x', claimedSize: 3_000_000_000 }]);

  it.each<[string, Buffer | string, RegExp]>([
    ['a truncated jar', jar().subarray(0, -30), /app\.jar cannot be read as a ZIP archive.*Is it truncated\?/],
    ['a jar that is truncated in the middle', jar().subarray(0, 150), /app\.jar cannot be read as a ZIP archive/],
    ['a file that is not a jar', 'hello', /app\.jar cannot be read as a ZIP archive/],
    ['an empty file', '', /app\.jar cannot be read as a ZIP archive/],
    [
      'a jar without a POM',
      plainJar(),
      /app\.jar has no POM: looked for META-INF\/maven\/\*\*\/pom\.xml in it, app\.pom, pom\.xml\. Name it/,
    ],
    ['a POM that expands to more than its size', bomb, /cannot be read as a ZIP archive.*(?:longer|too many bytes)/],
    ['a POM of an absurd size', huge, /META-INF\/maven\/a\/b\/pom\.xml in it is longer than 4194304 bytes/],
    ['entities that expand', inJar(laughs), /is not a POM: it has a document type \(DOCTYPE\)/],
    ['external entities', inJar(external), /is not a POM: it has a document type \(DOCTYPE\)/],
    ['a POM that is not XML', inJar('<project><groupId>'), /is not a POM: it is not valid XML/],
    [
      'elements nested too deeply',
      inJar('<a>'.repeat(100_000)),
      /is not a POM: (?:its elements are nested too deeply|it is not valid XML)/,
    ],
    ['XML that is not a POM', inJar('<web-app/>'), /is not a POM: its root element is <web-app>, not <project>/],
    [
      'a POM without a groupId',
      inJar(pomText({ artifactId: 'app', version: '1' })),
      /neither it nor its parent has a groupId/,
    ],
    [
      'an unknown property',
      inJar(pomText({ ...acme, version: '${revision}' })),
      /version \$\{revision\}: the property revision is not defined in this POM.*flatten/,
    ],
    [
      'a version that is a path',
      inJar(pomText({ ...acme, version: '../../1' })),
      /version "\.\.\/\.\.\/1" contains characters that are not allowed in a version/,
    ],
    ['an artifactId that is a path', inJar(pomText({ ...acme, artifactId: '..' })), /artifactId "\.\." is not valid/],
  ])('%s', async (_, content, message) => {
    await write(fixture, { 'app.jar': content });
    const { exitCode, output } = await publish(fixture, 'app.jar');
    expect({ exitCode, output }).toEqual({ exitCode: 1, output: expect.stringMatching(message) });
    expect(output).not.toContain('Unexpected error');
    expect(fixture.sandbox.requests).toEqual([]);
  });

  it.each(['app.jar', 'app-sources.jar', 'app-javadoc.jar'])(
    'a truncated %s, even if its POM is given',
    async (truncated) => {
      const whole = { 'app.jar': plainJar(), 'app-sources.jar': plainJar(), 'app-javadoc.jar': plainJar() };
      await write(fixture, { ...whole, [truncated]: plainJar().subarray(0, -10), 'my.xml': pomText() });
      const args = ['--pom', 'my.xml', '--sources', 'app-sources.jar', '--javadoc', 'app-javadoc.jar'];
      const { exitCode, output } = await publish(fixture, 'app.jar', args);
      expect(exitCode).toBe(1);
      expect(output).toContain(`${truncated} cannot be read as a ZIP archive`);
      expect(fixture.sandbox.requests).toEqual([]);
    },
  );

  it('all files that cannot be published, together', async () => {
    await write(fixture, { 'a.jar': jar(), 'b.jar': jar() });
    const args = ['--pom', 'absent.xml', '--sources', '/etc/passwd', '--javadoc', '.'];
    const { exitCode, output } = await publish(fixture, '*.jar', args);
    expect(exitCode).toBe(1);
    expect(output).toContain(
      'FILENAME matches 2 files (a.jar, b.jar), but a run publishes one artifact; --sources FILE, --javadoc FILE and --attach add to it',
    );
    expect(output).toContain('--pom: absent.xml matches no file');
    expect(output).toMatch(/--sources: \/etc\/passwd is outside/);
    expect(output).toContain('--javadoc: . is a directory');
    expect(fixture.sandbox.requests).toEqual([]);
  });

  it('an option that matches several files', async () => {
    await write(fixture, { 'app.jar': plainJar(), 'a.xml': pomText(), 'b.xml': pomText() });
    const { output } = await publish(fixture, 'app.jar', ['--pom', '*.xml']);
    expect(output).toMatch(/✖ --pom matches 2 files \(a\.xml, b\.xml\), but takes exactly one\n/);
  });

  it.each([
    ['a POM with another', ['--pom', 'other.xml'], /pom\.xml is itself a POM: leave out --pom/],
    ['a POM with a classifier', ['--classifier', 'x'], /is a POM, which cannot have a classifier/],
  ])('%s', async (_, args, message) => {
    await write(fixture, { 'pom.xml': pomText(), 'other.xml': pomText() });
    expect((await publish(fixture, 'pom.xml', args)).output).toMatch(message);
  });

  it.each([
    [
      'a file without an extension whose packaging is pom',
      'pom',
      [],
      /app and pom\.xml would both be published as pom/,
    ],
    [
      'sources both as the artifact and with --sources',
      'java-source',
      ['--sources', 's.jar'],
      /app and s\.jar would both be published as sources, jar/,
    ],
  ])('%s', async (_, packaging, args, message) => {
    await write(fixture, { app: plainJar(), 's.jar': plainJar(), 'pom.xml': pomText({ ...acme, packaging }) });
    expect((await publish(fixture, 'app', args)).output).toMatch(message);
  });

  it('all invalid variables, together', async () => {
    const args = ['--classifier', '../x', '--keep', '5'];
    const { exitCode, output } = await publish(fixture, '', args, { FILENAME: undefined, REGISTRY: undefined });
    expect(exitCode).toBe(1);
    expect(output).toContain('FILENAME:\n- required field');
    expect(output).toContain('REGISTRY:\n- ');
    expect(output).toContain('option --classifier needs a name');
    expect(output).toContain('option --keep does not apply to TYPE maven');
    const both = await publish(fixture, 'x', ['--classifier', 'sources', '--sources', 'x']);
    expect(both.output).toContain(
      'options --classifier sources and --sources would publish two files under the same name',
    );
  });

  it('an access token for Bitbucket', async () => {
    const more = { REGISTRY: 'https://maven.apkg.io/acme', USERNAME: undefined, TOKEN: tokens.accessToken };
    const { exitCode, output } = await publish(fixture, 'app.jar', [], more);
    expect(exitCode).toBe(1);
    expect(output).toContain('is an access token, which Packages do not accept');
  });

  it("an upload to Bitbucket without credentials, but accepts the pipeline's own", async () => {
    await write(fixture, { 'app.jar': jar() });
    const more = { REGISTRY: 'maven.apkg.io/acme', USERNAME: undefined, TOKEN: undefined };
    const anonymous = await publish(fixture, 'app.jar', ['--dry-run'], more);
    expect(anonymous.output).toContain('TOKEN:\n- required field, because BITBUCKET_PACKAGES_TOKEN is not set');
    const own = { BITBUCKET_PACKAGES_USERNAME: tokens.packagesUser, BITBUCKET_PACKAGES_TOKEN: tokens.packagesToken };
    const ended = await publish(fixture, 'app.jar', ['--dry-run'], { ...more, ...own });
    expectSuccess(ended);
    expect(ended.output).toContain('to https://maven.apkg.io/acme/');
  });

  it('plain http to another machine, unless it is allowed', async () => {
    const more = { REGISTRY: 'http://nexus.example/repository/releases' };
    expect((await publish(fixture, 'app.jar', ['--dry-run'], more)).output).toContain('is plain http');
    await write(fixture, { 'app.jar': jar() });
    expectSuccess(await publish(fixture, 'app.jar', ['--dry-run', '--plain-http'], more));
  });
});

const behaviours: readonly (readonly [string, MavenOptions, More])[] = [
  ['Basic and any token', {}, { USERNAME: 'anyone', TOKEN: tokens.plainToken }],
  ['Bearer and no user name', { authentication: 'bearer' }, { USERNAME: undefined, TOKEN: tokens.plainToken }],
  ['no credentials', { authentication: 'none' }, { USERNAME: undefined, TOKEN: undefined }],
  ['a repository without HEAD', { knowsHead: false }, {}],
  ['a repository that answers 200', { putStatus: 200 }, {}],
  ['a repository that answers 202', { putStatus: 202 }, {}],
  ['a repository that answers 204', { putStatus: 204 }, {}],
  ['a repository that answers with a page', { putPage: true }, {}],
  ['a repository that answers 200 with a page', { putStatus: 200, putPage: true }, {}],
  ['a repository that makes the checksums itself', { makesChecksums: true }, {}],
];

describe.each(behaviours)('with %s', (_, maven, more) => {
  const fixture = useSandbox({ maven });

  it('publishes a release and a SNAPSHOT, each twice', async () => {
    await write(fixture, { 'app.jar': jar(), 'next.jar': jar({ ...acme, version: '2-SNAPSHOT' }) });
    for (const file of ['app.jar', 'app.jar', 'next.jar', 'next.jar'])
      expectSuccess(await publish(fixture, file, [], more));
    expect(stored(fixture)).toHaveLength(8);
  });
});

describe('with a repository that accepts only the checksums of Maven 3', () => {
  const fixture = useSandbox({ maven: { refusedChecksums: ['sha256', 'sha512'] } });

  it('publishes with one warning', async () => {
    await write(fixture, { 'app.jar': jar() });
    const ended = await publish(fixture, 'app.jar');
    expectSuccess(ended);
    expect(ended.output.match(/WARNING: The repository does not accept \.sha256 files/g)).toHaveLength(1);
    expect([...fixture.sandbox.maven.files.keys()].sort()).toContain('com/acme/app/maven-metadata.xml.sha1');
    expectSuccess(await publish(fixture, 'app.jar'));
  });
});

describe('if the repository did not store the file', () => {
  const fixture = useSandbox();

  it.each([200, 202, 204])('an answer of %d is a failure, before anything refers to the artifact', async (status) => {
    await write(fixture, { 'app.jar': jar() });
    fixture.sandbox.inject({ server: 'maven', method: 'PUT', action: { kind: 'status', status } });
    const { exitCode, output } = await publish(fixture, 'app.jar', [], {}, { allowsViolations: true });
    expect({ exitCode, output }).toEqual({
      exitCode: 1,
      output: expect.stringContaining(
        `✖ app-1.0.jar: the repository answered ${status} instead of 201 (Created), and does not have the file`,
      ),
    });
    expect(output).toContain('  app-1.0.jar: NOT published');
    expect([...fixture.sandbox.maven.files.keys()]).not.toContain('com/acme/app/maven-metadata.xml');
  });

  it('an answer of 201 is accepted with a warning', async () => {
    await write(fixture, { 'app.jar': jar() });
    fixture.sandbox.inject({ server: 'maven', method: 'HEAD', times: -1, action: { kind: 'status', status: 404 } });
    const { exitCode, output } = await publish(fixture, 'app.jar');
    expect(exitCode).toBe(0);
    expect(output).toContain('WARNING: app-1.0.jar was uploaded, but the repository does not show it yet');
  });

  it('a file that is listed but cannot be read is uploaded', async () => {
    await write(fixture, { 'app.jar': jar() });
    const body = 'x'.repeat(jar().length);
    fixture.sandbox.inject({ server: 'maven', method: 'HEAD', action: { kind: 'status', status: 200, body } });
    expectSuccess(await publish(fixture, 'app.jar'));
    expect(stored(fixture)).toHaveLength(3);
  });
});

describe('faults', () => {
  const fixture = useSandbox();

  it.each<[string, Parameters<typeof fixture.sandbox.inject>[0]['action']]>([
    ['a reset', { kind: 'reset', afterBytes: 10 }],
    ['a lost answer', { kind: 'reset-after-store' }],
    ['a closed connection', { kind: 'close' }],
    ['429', { kind: 'status', status: 429, headers: { 'Retry-After': '0' } }],
    ['500', { kind: 'status', status: 500 }],
    ['an early 503', { kind: 'status', status: 503, when: 'early' }],
  ])('%s at each file, once, is survived', async (_, action) => {
    await write(fixture, { 'app.jar': jar() });
    for (const path of [
      'app-1.0.jar$',
      'app-1.0.jar.sha1$',
      'app-1.0.pom$',
      'maven-metadata.xml$',
      'maven-metadata.xml.md5$',
    ])
      fixture.sandbox.inject({ server: 'maven', method: 'PUT', path, action });
    fixture.sandbox.inject({ server: 'maven', method: 'GET', path: 'maven-metadata.xml$', action: { kind: 'close' } });
    expectSuccess(await publish(fixture, 'app.jar'));
    expect(stored(fixture)).toHaveLength(3);
  });

  it.each([
    [
      'the POM',
      'app-1.0.pom$',
      /app-1\.0\.jar: published, http.*\n.*app-1\.0\.pom: NOT published\n.*maven-metadata\.xml: not attempted/,
    ],
    ['a checksum', 'app-1.0.jar.sha1$', /app-1\.0\.jar: published, http.*\n.*app-1\.0\.pom: not attempted\n/],
    [
      'the metadata',
      'PUT-metadata',
      /app-1\.0\.pom: published, .*\n.*com\/acme\/app\/maven-metadata\.xml: NOT published\n/,
    ],
    [
      "the metadata's checksum",
      'maven-metadata.xml.sha1$',
      /maven-metadata\.xml: sent, but not confirmed by the server/,
    ],
  ])('that end the run at %s are reported for each file, and a second run completes it', async (_, path, lines) => {
    await write(fixture, { 'app.jar': jar() });
    const pattern = path === 'PUT-metadata' ? 'maven-metadata.xml$' : path;
    const action = { kind: 'status', status: 401 } as const;
    fixture.sandbox.inject({ server: 'maven', method: 'PUT', path: pattern, action });
    const { exitCode, output } = await publish(fixture, 'app.jar');
    expect(exitCode).toBe(1);
    expect(output).toMatch(lines);
    const jarsSent = (): number => puts(fixture).filter((name) => name === 'app-1.0.jar').length;
    expectSuccess(await publish(fixture, 'app.jar'));
    expect(jarsSent()).toBe(1);
    expect(stored(fixture)).toHaveLength(3);
  });

  it('that hide whether the metadata was written are reported so', async () => {
    await write(fixture, { 'app.jar': jar() });
    const action = { kind: 'reset-after-store' } as const;
    fixture.sandbox.inject({ server: 'maven', method: 'PUT', path: 'maven-metadata.xml$', times: -1, action });
    const { exitCode, output } = await publish(fixture, 'app.jar', ['--retries', '1']);
    expect(exitCode).toBe(1);
    expect(output).toMatch(/^ {2}com\/acme\/app\/maven-metadata\.xml: sent, but not confirmed by the server$/m);
  });

  it.each([
    ['the jar', 'app-1\\.0\\.jar$'],
    ['a checksum', 'app-1\\.0\\.jar\\.sha1$'],
    ['the metadata', 'maven-metadata\\.xml$'],
  ])('a sign-in page in answer to %s is a failure', async (_, path) => {
    await write(fixture, { 'app.jar': jar() });
    const body = '<!DOCTYPE html><html><head><title>Sign in</title></head></html>';
    const headers = { 'content-type': 'text/html' };
    const action = { kind: 'status', status: 200, headers, body } as const;
    fixture.sandbox.inject({ server: 'maven', method: 'PUT', path, times: -1, action });
    const { exitCode, output } = await publish(fixture, 'app.jar');
    expect(output).toContain('the server answered 200 with a web page, "Sign in" (text/html)');
    expect(output).toContain('What to do: Something other than the server may have answered');
    expect(exitCode).toBe(1);
  });

  it('metadata that cannot be read or is not valid is never replaced', async () => {
    await write(fixture, { 'app.jar': jar() });
    const path = 'com/acme/app/maven-metadata.xml';
    fixture.sandbox.inject({
      server: 'maven',
      method: 'GET',
      path,
      times: -1,
      action: { kind: 'status', status: 403 },
    });
    expect((await publish(fixture, 'app.jar')).exitCode).toBe(1);
    expect(puts(fixture)).toEqual([]);
    fixture.sandbox.reset();
    for (const content of ['<html>', '<!DOCTYPE metadata []><metadata/>', '<project/>']) {
      fixture.sandbox.maven.put(path, content);
      const { exitCode, output } = await publish(fixture, 'app.jar');
      expect(exitCode).toBe(1);
      expect(output).toContain('is not valid Maven metadata, and is not replaced');
    }
    expect(puts(fixture)).toEqual([]);
  });

  it('metadata that another publisher overwrites is merged and written again', async () => {
    await write(fixture, { 'app.jar': jar(), 'old.jar': jar({ ...acme, version: '0.9' }) });
    expectSuccess(await publish(fixture, 'old.jar'));
    const path = 'com/acme/app/maven-metadata.xml';
    const theirsAt = (seconds: number): string =>
      theirs.replace(/(?<=<lastUpdated>)\d+/, `203001010000${10 + seconds}`);
    const theirs = await contentOf(fixture, path);
    // The file that is read back is the other publisher's: without the version of this run.
    fixture.sandbox.inject({
      server: 'maven',
      method: 'GET',
      path: `${path}$`,
      skip: 2,
      action: { kind: 'replace-content', content: theirsAt(0) },
    });
    expectSuccess(await publish(fixture, 'app.jar'));
    expect(await contentOf(fixture, path)).toMatch(/<version>0\.9<\/version>\s*<version>1\.0<\/version>/);
    expect(puts(fixture).filter((name) => name === 'maven-metadata.xml')).toHaveLength(3);
    fixture.sandbox.reset();
    // Two reads before the first write, one before each further one; after each write another one is theirs.
    for (let write = 0; write < 10; write++) {
      const action = { kind: 'replace-content', content: theirsAt(write) } as const;
      fixture.sandbox.inject({ server: 'maven', method: 'GET', path: `${path}$`, skip: 2 + write, action });
    }
    fixture.sandbox.maven.put(path, theirs);
    fixture.sandbox.maven.put('com/acme/app/0.9/app-0.9.pom', pomText());
    const { exitCode, output } = await publish(fixture, 'app.jar');
    expect(exitCode).toBe(1);
    expect(output).toContain('was written 10 times, but what this run published was missing each time');
  });

  it('a signal ends the run, which reports what was published', async () => {
    await write(fixture, { 'app.jar': jar() });
    fixture.sandbox.inject({ server: 'maven', method: 'PUT', path: 'app-1.0.pom$', action: { kind: 'stall' } });
    const run = publish(fixture, 'app.jar');
    const isSending = (): boolean =>
      fixture.sandbox.requests.some(({ method, path }) => method === 'PUT' && path.endsWith('.pom'));
    while (!isSending()) await setTimeout(1);
    fixture.signal('SIGTERM');
    const { exitCode, output } = await run;
    expect(exitCode).toBe(143);
    expect(output).toMatch(/app-1\.0\.jar: published, .*\n.*app-1\.0\.pom: (?:NOT published|sent, but)/);
    expectSuccess(await publish(fixture, 'app.jar'));
    expect(stored(fixture)).toHaveLength(3);
  });

  it('a signal after metadata was sent, and before it was confirmed, leaves open whether it is published', async () => {
    await write(fixture, { 'app.jar': jar() });
    const path = 'com/acme/app/maven-metadata.xml';
    fixture.sandbox.inject({ server: 'maven', method: 'PUT', path: `${path}$`, action: { kind: 'stall-answer' } });
    const run = publish(fixture, 'app.jar');
    while (!fixture.sandbox.maven.files.has(path)) await setTimeout(1);
    fixture.signal('SIGTERM');
    const { exitCode, output } = await run;
    expect(exitCode).toBe(143);
    expect(output).toContain(`  ${path}: sent, but not confirmed by the server\n`);
  });

  it('a redirect of an upload is not followed, but its target is reported', async () => {
    await write(fixture, { 'app.jar': jar() });
    const action = { kind: 'redirect', status: 307, location: 'https://moved.example/maven/' } as const;
    fixture.sandbox.inject({ server: 'maven', method: 'PUT', action });
    const { exitCode, output } = await publish(fixture, 'app.jar');
    expect(exitCode).toBe(1);
    expect(output).toMatch(/What to do: .*https:\/\/moved\.example\/maven\//);
  });

  it('a file that changes after it was planned is not published', async () => {
    await write(fixture, { 'app.jar': jar() });
    fixture.sandbox.inject({
      server: 'maven',
      method: 'HEAD',
      path: 'app-1.0.jar',
      action: { kind: 'delay', ms: patience(150) },
    });
    const run = publish(fixture, 'app.jar');
    while (!fixture.sandbox.requests.some(({ method }) => method === 'HEAD')) await setTimeout(1);
    await write(fixture, { 'app.jar': Buffer.concat([jar(), Buffer.from('!')]) });
    const { exitCode, output } = await run;
    expect(exitCode).toBe(1);
    expect(output).toContain('app.jar changed while it was being uploaded');
    expect([...fixture.sandbox.maven.files.keys()]).toEqual([]);
  });

  it.each([
    [
      'wrong credentials',
      { TOKEN: 'wrong-token-of-some-length' },
      /401.*\n[^]*What to do: The repository does not accept this USERNAME and TOKEN/,
    ],
    [
      'no credentials',
      { TOKEN: undefined, USERNAME: undefined },
      /401[^]*What to do: The repository asks for credentials/,
    ],
    [
      'a read-only token',
      { TOKEN: tokens.readOnlyPackagesToken },
      /403[^]*What to do: The account may not do this in /,
    ],
  ])('%s', async (_, more, message) => {
    await write(fixture, { 'app.jar': jar() });
    const { exitCode, output } = await publish(fixture, 'app.jar', [], more);
    expect({ exitCode, output }).toEqual({ exitCode: 1, output: expect.stringMatching(message) });
    expect([...fixture.sandbox.maven.files.keys()]).toEqual([]);
  });
});
