/** Publishes directories in repository layout, from the variables to the content of the repository. */

import { createHash } from 'node:crypto';
import { chmod, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseMetadata } from '../../../pipe/destinations/maven/metadata.ts';
import { asNobody } from '../../oci/as-nobody.ts';
import { type Fixture, useSandbox } from '../../run-pipe.ts';
import { plainJar, pomText } from './artifacts.ts';
import { expectSuccess, publish, puts, stored, write } from './published.ts';
import {
  app,
  deployed,
  type Files,
  inDirectory,
  listOf,
  modules,
  parent,
  phaseOf,
  staged,
  withChecksumFiles,
} from './staged.ts';

const lists = ['acme-maven-plugin/', 'app/', 'parent/', ''].map((path) => `com/acme/${path}maven-metadata.xml`);
const jarPath = 'com/acme/app/1.0/app-1.0.jar';

async function textOf(fixture: Fixture, path: string): Promise<string> {
  return String(await fixture.sandbox.maven.files.get(path)?.content());
}

async function resultOf(fixture: Fixture): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const text = await readFile(join(fixture.directory, 'result.json'), 'utf8');
  return (JSON.parse(text) as { items: Readonly<Record<string, unknown>>[] }).items;
}

async function expectRefusal(
  fixture: Fixture,
  ...given: Parameters<typeof publish> extends [unknown, ...infer Rest] ? Rest : never
): Promise<string> {
  const { exitCode, output } = await publish(fixture, ...given);
  expect({ exitCode, output }).toMatchObject({ exitCode: 1 });
  expect(fixture.sandbox.requests.filter(({ method }) => method === 'PUT')).toEqual([]);
  return output;
}

describe('a link in a directory', () => {
  const fixture = useSandbox();

  it.each(['..', '/', '../com'])('to the directory %s is one problem, and is not followed', async (target) => {
    await write(fixture, deployed);
    for (const name of ['one', 'other']) await symlink(target, join(fixture.directory, 'staging/com', name));
    const output = await expectRefusal(fixture, 'staging');
    expect(output.match(/staging\/com\/\w+/g)?.toSorted()).toEqual(['staging/com/one', 'staging/com/other']);
  });
});

describe('a directory in repository layout', () => {
  const fixture = useSandbox();

  it('is published as it is: first the files, then the POMs, then the merged metadata', async () => {
    await write(fixture, deployed);
    const ended = await publish(fixture, 'staging');
    expectSuccess(ended);
    expect([...stored(fixture)].sort()).toEqual([...Object.keys(modules), ...lists].sort());
    for (const [path, content] of Object.entries(modules))
      expect((await fixture.sandbox.maven.files.get(path)?.content())?.equals(Buffer.from(content))).toBe(true);
    const phases = puts(fixture).map(phaseOf);
    expect(phases).toEqual(['file', 'pom', 'metadata'].flatMap((phase) => phases.filter((each) => each === phase)));
    const sent = fixture.sandbox.requests.filter(({ method }) => method === 'PUT').map(({ path }) => path);
    const listed = sent.filter((path) => path.endsWith('maven-metadata.xml'));
    expect(listed.at(-1)).toBe('/repository/com/acme/maven-metadata.xml');
    expect(await textOf(fixture, lists[3] ?? '')).toContain('<prefix>acme</prefix>');
    expect(ended.output).toMatch(/Publishing 3 artifacts from staging, 8 files, [\d.]+ kB/);
    expect(ended.output).toContain('  com.acme:app:1.0, 5 files, ');
    expect(ended.output).toMatch(/✔ Published 3 artifacts: 8 files, /);
    const items = await resultOf(fixture);
    expect(items).toHaveLength(8);
    expect(items).toContainEqual(
      expect.objectContaining({ name: 'com.acme:app:1.0:sources:jar', action: 'uploaded', size: plainJar('s').length }),
    );
  });

  it('is left alone by a second run, and completed after one that was cut short', async () => {
    await write(fixture, deployed);
    expectSuccess(await publish(fixture, 'staging'));
    const sent = puts(fixture).length;
    const second = await publish(fixture, 'staging');
    expectSuccess(second);
    expect(puts(fixture)).toHaveLength(sent);
    expect(second.output).toContain('✔ Nothing to upload: all 3 artifacts are there already');
    for (const path of [jarPath, ...['md5', 'sha1', 'sha256', 'sha512'].map((kind) => `${jarPath}.${kind}`)])
      fixture.sandbox.maven.remove(path);
    fixture.sandbox.maven.remove('com/acme/parent/maven-metadata.xml');
    expectSuccess(await publish(fixture, 'staging'));
    expect([...stored(fixture)].sort()).toEqual([...Object.keys(modules), ...lists].sort());
    const again = puts(fixture)
      .slice(sent)
      .filter((name) => !/\.(?:md5|sha\d+)$/.test(name));
    expect(again).toEqual(['app-1.0.jar', 'maven-metadata.xml', 'maven-metadata.xml']);
  });

  it('never replaces a release: every conflict is told with both hashes, and nothing is sent', async () => {
    await write(fixture, deployed);
    fixture.sandbox.maven.put(jarPath, 'other');
    fixture.sandbox.maven.put('com/acme/parent/1.0/parent-1.0.pom', 'other');
    const output = await expectRefusal(fixture, 'staging');
    const other = createHash('sha256').update('other').digest('hex');
    for (const [artifact, file] of [
      ['app', 'app-1.0.jar'],
      ['parent', 'parent-1.0.pom'],
    ])
      expect(output).toMatch(
        new RegExp(
          `com\\.acme:${artifact}:1\\.0 is already published with different content: ${file}: the repository has sha256 ${other}, the local file has [0-9a-f]{64}`,
        ),
      );
    expect(output).toMatch(/What to do: A released version is never replaced/);
    expect(output).toContain('  app-1.0-sources.jar: not attempted\n');
  });

  it('is only planned in a dry run', async () => {
    await write(fixture, deployed);
    const ended = await publish(fixture, 'staging', ['--dry-run']);
    expectSuccess(ended);
    expect(ended.output).toContain('com/acme/maven-metadata.xml: prefix acme');
    expect(fixture.sandbox.requests).toEqual([]);
  });

  it('may be one of several, if no version is in two of them', async () => {
    await write(fixture, {
      ...inDirectory('a/repo', staged(parent)),
      ...inDirectory('b/repo', staged(app, { '.jar': plainJar() })),
    });
    const ended = await publish(fixture, '*/repo');
    expectSuccess(ended);
    expect(ended.output).toContain('Publishing 2 artifacts from a/repo, b/repo, 3 files');
    await write(fixture, inDirectory('b/repo', staged(parent)));
    fixture.sandbox.reset();
    expect(await expectRefusal(fixture, '*/repo')).toContain(
      'a/repo/com/acme/parent/1.0 and b/repo/com/acme/parent/1.0 are the same version',
    );
  });

  it('with several versions adds them in the order of its metadata', async () => {
    const files = ['1.0', '1.0-rc1'].map((version) => staged({ ...parent, version }));
    await write(
      fixture,
      inDirectory('staging', { ...files[0], ...files[1], [lists[2] ?? '']: listOf(parent, ['1.0-rc1', '1.0']) }),
    );
    expectSuccess(await publish(fixture, 'staging'));
    const { versions, release } = parseMetadata(Buffer.from(await textOf(fixture, lists[2] ?? '')), '');
    expect({ versions, release }).toEqual({ versions: ['1.0-rc1', '1.0'], release: '1.0' });
  });

  it('of one artifact sets its output variables', async () => {
    const variables = { BITBUCKET_PIPELINES_VARIABLES_PATH: join(fixture.directory, 'variables') };
    await write(fixture, inDirectory('staging', staged(app, { '.jar': plainJar() })));
    expectSuccess(await publish(fixture, 'staging', [], variables));
    const written = await readFile(variables.BITBUCKET_PIPELINES_VARIABLES_PATH, 'utf8');
    expect(written).toContain(`PACKAGE_URL=${fixture.sandbox.mavenUrl}${jarPath}\n`);
  });

  it("may have Maven's notes and hidden files, which are not published", async () => {
    const notes = ['_remote.repositories', 'app-1.0.pom.lastUpdated', 'resolver-status.properties', '.cache/x'];
    const local = 'com/acme/app/maven-metadata-local.xml';
    const files = {
      ...staged(app, { '.jar': plainJar() }),
      ...Object.fromEntries(notes.map((name) => [`com/acme/app/1.0/${name}`, 'app-1.0.jar>=\n'])),
      ...withChecksumFiles({ [local]: 'x' }),
    };
    await write(fixture, inDirectory('staging', files));
    expectSuccess(await publish(fixture, 'staging'));
    expect(stored(fixture)).toHaveLength(3);
  });
});

describe('a SNAPSHOT in a directory', () => {
  const fixture = useSandbox();
  const snapshot = { ...app, version: '1.1-SNAPSHOT' };
  const directory = 'com/acme/app/1.1-SNAPSHOT';
  const [first, second] = ['1.1-20260101.000000-1', '1.1-20260102.000000-2'];

  it("becomes the repository's next build, with one timestamp and in the order of Maven's metadata", async () => {
    const kinds = [{ extension: 'pom' }, { extension: 'jar' }, { classifier: 'sources', extension: 'jar' }];
    const list = listOf(snapshot, [], {
      version: snapshot.version,
      snapshotFiles: kinds.map((kind) => ({ ...kind, value: first, updated: '20260101000000' })),
    });
    const files = {
      ...staged(snapshot, { '.jar': plainJar(), '-sources.jar': plainJar('s') }, first),
      ...staged({ ...parent, version: '1.1-SNAPSHOT' }, {}, first),
      [`${directory}/maven-metadata.xml`]: list,
    };
    await write(fixture, inDirectory('staging', files));
    expectSuccess(await publish(fixture, 'staging'));
    expectSuccess(await publish(fixture, 'staging'));
    const metadata = parseMetadata(Buffer.from(await textOf(fixture, `${directory}/maven-metadata.xml`)), '');
    expect(metadata.snapshot?.buildNumber).toBe(2);
    const value = `1.1-${metadata.snapshot?.timestamp}-2`;
    expect(metadata.snapshotFiles.map(({ classifier, extension, value: of }) => [classifier, extension, of])).toEqual([
      [undefined, 'pom', value],
      [undefined, 'jar', value],
      ['sources', 'jar', value],
    ]);
    expect((await resultOf(fixture)).map(({ name }) => name)).toContain(`com.acme:app:${value}:jar`);
    expect(stored(fixture)).toHaveLength(12);
  });

  it('is published without its earlier builds, with a warning', async () => {
    const files = {
      ...staged(snapshot, { '.jar': plainJar('first') }, first),
      ...staged(snapshot, { '.jar': plainJar('second') }, second),
    };
    await write(fixture, inDirectory('staging', files));
    const ended = await publish(fixture, 'staging');
    expectSuccess(ended);
    expect(ended.output).toMatch(
      /WARNING: staging\/com\/acme\/app\/1\.1-SNAPSHOT has several builds: 1\.1-20260102\.000000-2 is published, and 2 files/,
    );
    const jars = [...fixture.sandbox.maven.files.keys()].filter((path) => path.endsWith('.jar'));
    expect(jars).toHaveLength(1);
    expect((await fixture.sandbox.maven.files.get(jars[0] ?? '')?.content())?.equals(plainJar('second'))).toBe(true);
  });
});

describe('before anything is sent, refuses', () => {
  const fixture = useSandbox();
  const good = staged(app, { '.jar': plainJar() });

  it.each<[string, Files, RegExp]>([
    [
      'a wrong checksum',
      { ...good, [`${jarPath}.sha1`]: '0'.repeat(40) },
      /app-1\.0\.jar\.sha1 says 0{40}, but staging\/.*app-1\.0\.jar has sha1 [0-9a-f]{40}/,
    ],
    [
      'a checksum of the metadata',
      { ...good, ...withChecksumFiles({ [lists[1] ?? '']: listOf(app) }), [lists[1] ?? '']: listOf(app, []) },
      /maven-metadata\.xml\.md5 says/,
    ],
    [
      'a checksum that is none',
      { ...good, [`${jarPath}.sha1`]: 'none' },
      /app-1\.0\.jar\.sha1 has no sha1 checksum in it/,
    ],
    [
      'a checksum without its file',
      { ...good, 'com/acme/app/1.0/app-1.0-x.jar.sha1': '0' },
      /app-1\.0-x\.jar\.sha1: the file is missing/,
    ],
    ['a version without a POM', { [jarPath]: plainJar() }, /staging\/com\/acme\/app\/1\.0 has no POM: app-1\.0\.jar/],
    [
      'a POM of another version',
      { ...good, 'com/acme/app/1.0/app-1.0.pom': pomText({ ...app, version: '2.0' }) },
      /app-1\.0\.pom is the POM of com\.acme:app:2\.0, but staging\/com\/acme\/app\/1\.0 is the place of com\.acme:app:1\.0/,
    ],
    [
      'a POM of another group by its parent',
      {
        'com/acme/app/1.0/app-1.0.pom': pomText({
          artifactId: 'app',
          more: '<parent><groupId>org.other</groupId><artifactId>p</artifactId><version>1.0</version></parent>',
        }),
      },
      /is the POM of org\.other:app:1\.0/,
    ],
    [
      'a truncated jar',
      { ...good, [jarPath]: plainJar().subarray(0, 40) },
      /app-1\.0\.jar cannot be read as a ZIP archive/,
    ],
    [
      'a file of another artifact',
      { ...good, 'com/acme/app/1.0/other-1.0.jar': plainJar() },
      /not a directory in Maven's repository layout \(.*\): it has com\/acme\/app\/1\.0\/other-1\.0\.jar/,
    ],
    [
      'a file of another version',
      { ...good, 'com/acme/app/1.0/app-1.0.1.jar': plainJar() },
      /it has com\/acme\/app\/1\.0\/app-1\.0\.1\.jar/,
    ],
    [
      'a build directory',
      { 'classes/a.class': 'a', 'app-1.0.jar': plainJar() },
      /staging is not a directory in .*: it has app-1\.0\.jar, classes\/a\.class\n/,
    ],
    ['a directory without artifacts', { 'com/acme/maven-metadata.xml': listOf(app) }, /it has no artifact/],
    [
      'metadata that is not valid',
      { ...good, 'com/acme/app/maven-metadata.xml': '<html/>' },
      /staging\/com\/acme\/app\/maven-metadata\.xml is not valid Maven metadata: its root element is <html>/,
    ],
    [
      "Maven's local repository",
      { ...good, 'com/acme/app/1.0/_remote.repositories': 'app-1.0.jar>central=\n' },
      /_remote\.repositories says that Maven has downloaded files into this directory/,
    ],
  ])('%s', async (_, files, message) => {
    await write(fixture, inDirectory('staging', files));
    expect(await expectRefusal(fixture, 'staging')).toMatch(message);
    expect(fixture.sandbox.requests).toEqual([]);
  });

  it('a directory inside of the layout, and says what to name', async () => {
    await write(fixture, inDirectory('staging', good));
    const output = await expectRefusal(fixture, 'staging/com');
    expect(output).toContain('is the place of acme:app:1.0: FILENAME must be the root of the repository layout');
    expect(await expectRefusal(fixture, 'staging/com/acme')).toMatch(
      /What to do: Set FILENAME to the directory that "mvn/,
    );
  });

  it('all problems at once', async () => {
    const files = {
      ...good,
      ...staged({ ...parent, version: '2.0' }),
      'com/acme/parent/2.0/parent-2.0.pom': pomText(parent),
    };
    await write(fixture, inDirectory('staging', { ...files, [`${jarPath}.md5`]: '0'.repeat(32) }));
    const output = await expectRefusal(fixture, 'staging');
    expect(output).toContain('app-1.0.jar.md5 says');
    expect(output).toContain('parent-2.0.pom is the POM of com.acme:parent:1.0');
  });

  it('options that are for one artifact', async () => {
    await write(fixture, { ...inDirectory('staging', good), 'x.jar': plainJar() });
    const args = ['--pom=x.pom', '--classifier=x', '--sources=x.jar', '--javadoc=x.jar', '--attach=x=x.jar'];
    const output = await expectRefusal(fixture, 'staging', args);
    for (const option of ['--pom', '--classifier', '--sources', '--javadoc', '--attach x'])
      expect(output).toContain(`${option} does not apply to a directory`);
  });
});

describe('faults', () => {
  const fixture = useSandbox();

  it('of one file keep all POMs and metadata back, and a second run completes', async () => {
    await write(fixture, deployed);
    const action = { kind: 'status', status: 500 } as const;
    fixture.sandbox.inject({ method: 'PUT', path: 'acme-maven-plugin-1.0.jar$', action, times: 2 });
    const { exitCode, output } = await publish(fixture, 'staging', ['--retries', '1']);
    expect({ exitCode, output }).toMatchObject({ exitCode: 1 });
    expect(puts(fixture).filter((name) => phaseOf(name) !== 'file')).toEqual([]);
    expect(output).toMatch(/ {2}acme-maven-plugin-1\.0\.jar: sent, but not confirmed/);
    expect(output).toContain('  com/acme/app/maven-metadata.xml: not attempted');
    expectSuccess(await publish(fixture, 'staging'));
    expect(stored(fixture)).toHaveLength(12);
  });
});

describe('a directory in it', () => {
  const fixture = useSandbox();

  it('that cannot be read is named', async () => {
    await write(fixture, inDirectory('staging', { [jarPath]: plainJar() }));
    const locked = join(fixture.directory, 'staging/com/acme');
    for (const path of ['', 'staging', 'staging/com']) await chmod(join(fixture.directory, path), 0o755);
    await chmod(locked, 0);
    try {
      await asNobody(async () => {
        const { output } = await publish(fixture, 'staging', []);
        expect(output).toContain(
          '✖ staging/com/acme cannot be read: EACCES\nWhat to do: Give the user that the pipe runs',
        );
      });
    } finally {
      await chmod(locked, 0o755);
    }
  });
});
