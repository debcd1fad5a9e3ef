/** Publishes beside another publisher, who comes in at a given request of the run. */

import { beforeEach, describe, expect, it } from '@jest/globals';
import { formatMetadata, parseMetadata } from '../../../pipe/destinations/maven/metadata.ts';
import { type Fixture, useSandbox } from '../../run-pipe.ts';
import type { MavenOptions } from '../../sandbox/maven-repository.ts';
import { acme, descriptor, jar, plainJar, pluginJar } from './artifacts.ts';
import { expectSuccess, publish, puts, write } from './published.ts';
import { app, deployed, inDirectory, parent, staged } from './staged.ts';

const release = 'com/acme/app/1.0';
const snapshot = 'com/acme/app/1.1-SNAPSHOT';
const list = 'com/acme/app/maven-metadata.xml';
const other = plainJar('of another publisher');

interface Meeting extends Fixture {
  /** At the arrival of the first such request, before it is carried out. @param act gets its path in the repository */
  at(method: string, path: RegExp, act: (path: string) => void): void;
}

function useMeetings(maven: MavenOptions): Meeting {
  let meetings: { method: string; path: RegExp; act: (path: string) => void }[] = [];
  const observe = ({ step }: { readonly step: string }): void => {
    const request = fixture.sandbox.requests.at(-1);
    if (step !== 'arrived' || request?.server !== 'maven') return;
    const path = request.path.replace('/repository/', '');
    const met = meetings.find((each) => each.method === request.method && each.path.test(path));
    meetings = meetings.filter((each) => each !== met);
    met?.act(path);
  };
  const fixture = useSandbox({ maven, observe });
  beforeEach(() => {
    meetings = [];
  });
  return Object.create(fixture, {
    at: { value: (method: string, path: RegExp, act: (path: string) => void) => meetings.push({ method, path, act }) },
  });
}

const contentOf = async (fixture: Fixture, path: string): Promise<Buffer | undefined> =>
  await fixture.sandbox.maven.files.get(path)?.content();

const textOf = async (fixture: Fixture, path: string): Promise<string> => String(await contentOf(fixture, path));

/** The condition of each PUT of the file, in order. */
function conditions(fixture: Fixture, path: RegExp): readonly unknown[] {
  return fixture.sandbox.requests
    .filter((request) => request.method === 'PUT' && path.test(request.path))
    .map(({ headers }) => headers['if-match'] ?? headers['if-none-match'] ?? 'none');
}

/** Adds a version to the list, as another publisher does: its POM first. */
function listOther(fixture: Fixture, version: string, before: string | undefined): void {
  fixture.sandbox.maven.put(`com/acme/app/${version}/app-${version}.pom`, 'a POM');
  const known = before === undefined ? { versions: [], snapshotFiles: [] } : parseMetadata(Buffer.from(before), list);
  const versions = [...known.versions, version];
  const text = formatMetadata({
    ...known,
    groupId: 'com.acme',
    artifactId: 'app',
    versions,
    lastUpdated: '20260101000000',
  });
  fixture.sandbox.maven.put(list, text);
}

const honouring: MavenOptions = { conditions: 'honoured', etags: 'strong' };
const ignoring: MavenOptions = { etags: 'strong', replaces: true };

describe('a SNAPSHOT', () => {
  const files = { 'app.jar': jar({ ...acme, version: '1.1-SNAPSHOT' }), 's.jar': plainJar('sources') };
  const args = ['--sources', 's.jar'];

  describe.each<[string, MavenOptions, string, RegExp]>([
    ['is taken before this run has asked for it', ignoring, 'HEAD', /\.jar$/],
    ['is taken after that, where conditions are honoured', honouring, 'PUT', /\.jar$/],
    ['has a file that is taken, where conditions are honoured', honouring, 'PUT', /\.pom$/],
    ['is replaced, where they are ignored', ignoring, 'PUT', /maven-metadata\.xml$/],
  ])('whose build %s', (_, options, method, path) => {
    const fixture = useMeetings(options);

    it("is published as the next one, and the other publisher's files stay", async () => {
      await write(fixture, files);
      let taken = '';
      fixture.at(method, path, (asked) => {
        const sent = fixture.sandbox.requests.find((request) => request.path.endsWith('.jar'))?.path ?? '';
        taken = asked.endsWith('.xml') ? sent.replace('/repository/', '') : asked;
        fixture.sandbox.maven.put(taken, other);
      });
      const ended = await publish(fixture, 'app.jar', args);
      expectSuccess(ended);
      expect(ended.output).toMatch(/INFO: 1\.1-\d{8}\.\d{6}-1 is another publisher's build, so this run publishes/);
      const [, next] = /✔ Published .* as (1\.1-\d{8}\.\d{6}-2):/.exec(ended.output) ?? [];
      expect(taken).toContain('-1');
      expect((await contentOf(fixture, taken))?.equals(other)).toBe(true);
      for (const end of ['.jar', '-sources.jar', '.pom'])
        expect(fixture.sandbox.maven.files.has(`${snapshot}/app-${next}${end}`)).toBe(true);
      const listed = await textOf(fixture, `${snapshot}/maven-metadata.xml`);
      expect([...listed.matchAll(/<value>(.*)<\/value>/g)].map(([, value]) => value)).toEqual([next, next, next]);
      expect(listed).toContain('<buildNumber>2</buildNumber>');
      expect(new Set(conditions(fixture, /-\d+(?:-sources)?\.(?:jar|pom)$/))).toEqual(new Set(['*']));
    });
  });

  describe('whose builds are all taken', () => {
    const fixture = useMeetings(honouring);

    it('is a failure in the end', async () => {
      await write(fixture, files);
      for (let build = 0; build < 10; build++)
        fixture.at('HEAD', /-\d+\.jar$/, (path) => fixture.sandbox.maven.put(path, other));
      const { exitCode, output } = await publish(fixture, 'app.jar', args);
      expect({ exitCode, output }).toEqual({
        exitCode: 1,
        output: expect.stringMatching(
          /✖ Other publishers took the names of 10 builds in a row: app-1\.1-.*-10\.jar is/,
        ),
      });
      expect(puts(fixture)).toEqual([]);
    });
  });

  describe('whose checksum another publisher has replaced', () => {
    const fixture = useMeetings(ignoring);

    it('has its own in the end', async () => {
      await write(fixture, files);
      let path = '';
      fixture.at('PUT', /\.jar\.sha1$/, (asked) => (path = asked));
      fixture.at('PUT', /maven-metadata\.xml$/, () =>
        fixture.sandbox.maven.put(path, '0'.repeat(40), { withChecksums: false }),
      );
      expectSuccess(await publish(fixture, 'app.jar', args));
      const { checksums } = fixture.sandbox.maven.files.get(path.replace(/\.sha1$/, '')) ?? { checksums: { sha1: '' } };
      expect(await textOf(fixture, path)).toBe(checksums.sha1);
    });
  });
});

describe('a release', () => {
  describe.each<[string, MavenOptions, RegExp]>([
    ['claims first, where conditions are honoured', honouring, /app-1\.0\.jar$/],
    ['replaces, where they are ignored', ignoring, /maven-metadata\.xml$/],
  ])('that another publisher %s', (_, options, path) => {
    const fixture = useMeetings(options);

    it('is a failure that compares both by digest', async () => {
      await write(fixture, { 'app.jar': jar() });
      fixture.at('PUT', path, () => fixture.sandbox.maven.put(`${release}/app-1.0.jar`, other));
      const { exitCode, output } = await publish(fixture, 'app.jar');
      expect({ exitCode, output }).toEqual({
        exitCode: 1,
        output: expect.stringMatching(
          /✖ com\.acme:app:1\.0 is already published with different content: app-1\.0\.jar: the repository has sha256 [0-9a-f]{64}, the local file has [0-9a-f]{64}/,
        ),
      });
      expect(output).toContain('  app-1.0.jar: NOT published: it is there already with other content; left as it is\n');
      expect((await contentOf(fixture, `${release}/app-1.0.jar`))?.equals(other)).toBe(true);
    });
  });

  describe('that another publisher claims first with identical content', () => {
    const fixture = useMeetings(honouring);

    it('is a success', async () => {
      await write(fixture, { 'app.jar': jar() });
      fixture.at('PUT', /app-1\.0\.jar$/, (path) => fixture.sandbox.maven.put(path, jar()));
      expectSuccess(await publish(fixture, 'app.jar'));
      expect(conditions(fixture, /app-1\.0\.(?:jar|pom)$/)).toEqual(['*', '*']);
    });
  });

  describe('whose POM another publisher replaces', () => {
    const fixture = useMeetings(ignoring);

    it('gets its own again, since the artifact is its own', async () => {
      await write(fixture, { 'app.jar': jar() });
      fixture.at('PUT', /maven-metadata\.xml$/, () => fixture.sandbox.maven.put(`${release}/app-1.0.pom`, 'other'));
      const ended = await publish(fixture, 'app.jar');
      expectSuccess(ended);
      expect(ended.output).toMatch(/WARNING: app-1\.0\.pom: the repository has sha256 .*: publishing it again/);
      const pom = fixture.sandbox.maven.files.get(`${release}/app-1.0.pom`);
      expect((await pom?.content())?.toString()).toContain('<artifactId>app</artifactId>');
      expect(await textOf(fixture, `${release}/app-1.0.pom.sha512`)).toBe(pom?.checksums.sha512);
    });
  });

  describe.each([
    ['names digests', true],
    ['does not', false],
  ])('of a repository that %s', (_, namesDigests) => {
    const fixture = useSandbox({ maven: { namesDigests } });

    it('is read back only if nothing else proves its content', async () => {
      await write(fixture, { 'app.jar': jar() });
      expectSuccess(await publish(fixture, 'app.jar'));
      const reads = fixture.sandbox.requests.filter(({ method, path }) => method === 'GET' && path.endsWith('.jar'));
      expect(reads).toHaveLength(namesDigests ? 0 : 1);
    });

    it('that is there already is read only if nothing else proves its content', async () => {
      await write(fixture, { 'app.jar': jar() });
      expectSuccess(await publish(fixture, 'app.jar'));
      const before = fixture.sandbox.requests.length;
      expectSuccess(await publish(fixture, 'app.jar'));
      const reads = fixture.sandbox.requests
        .slice(before)
        .filter(({ method, path }) => method === 'GET' && /\.(?:jar|pom)$/.test(path));
      expect(reads).toHaveLength(namesDigests ? 0 : 2);
    });
  });
});

describe('a directory whose releases another publisher', () => {
  describe('claims first, where conditions are honoured', () => {
    const fixture = useMeetings(honouring);

    it('sends no further file', async () => {
      await write(fixture, deployed);
      let claimed = '';
      fixture.at('PUT', /\.jar$/, (path) => {
        claimed = path.replace(/^.*\//, '');
        fixture.sandbox.maven.put(path, other);
      });
      const { exitCode, output } = await publish(fixture, 'staging');
      expect({ exitCode, output }).toEqual({
        exitCode: 1,
        output: expect.stringContaining(`content: ${claimed}: the`),
      });
      expect(puts(fixture)).toEqual([claimed]);
    });
  });

  describe('replaces in part, where they are ignored', () => {
    const fixture = useMeetings(ignoring);

    it('has its own files in the end, since the first is its own', async () => {
      await write(fixture, deployed);
      const poms = ['app', 'parent'].map((name) => `com/acme/${name}/1.0/${name}-1.0.pom`);
      fixture.at('PUT', /maven-metadata\.xml$/, () => poms.forEach((path) => fixture.sandbox.maven.put(path, 'other')));
      expectSuccess(await publish(fixture, 'staging'));
      for (const path of poms) expect(await textOf(fixture, path)).toContain('<project');
    });
  });
});

describe('a directory with a SNAPSHOT whose build is taken', () => {
  const version = '1.1-SNAPSHOT';
  const files = {
    ...staged({ ...app, version }, { '.jar': plainJar() }, '1.1-20260101.000000-1'),
    ...staged({ ...parent, version }, {}, '1.1-20260101.000000-1'),
  };

  describe.each<[string, MavenOptions, RegExp]>([
    ['while it is sent', honouring, /app-.*\.jar$/],
    ['after that', ignoring, /app\/1\.1-SNAPSHOT\/maven-metadata\.xml$/],
  ])('%s', (_, options, path) => {
    const fixture = useMeetings(options);

    it('publishes the next build of that artifact alone', async () => {
      await write(fixture, inDirectory('staging', files));
      fixture.at('PUT', path, (asked) => {
        const sent = fixture.sandbox.requests.find((request) => request.path.endsWith('.jar'))?.path ?? '';
        fixture.sandbox.maven.put(asked.endsWith('.xml') ? sent.replace('/repository/', '') : asked, other);
      });
      const ended = await publish(fixture, 'staging');
      expectSuccess(ended);
      const listed = await Promise.all(
        ['app', 'parent'].map((name) => textOf(fixture, `com/acme/${name}/${version}/maven-metadata.xml`)),
      );
      expect(listed.map((text) => /<buildNumber>(\d+)</.exec(text)?.[1])).toEqual(['2', '1']);
    });
  });
});

describe('the list of versions', () => {
  const files = { 'app.jar': jar() };
  const versions = async (fixture: Fixture): Promise<readonly string[]> =>
    [...(await textOf(fixture, list)).matchAll(/<version>(.*)<\/version>/g)].map(([, version = '']) => version);

  describe.each<[string, MavenOptions]>([
    ['honours conditions', honouring],
    ['requires them', { ...honouring, conditions: 'required' }],
  ])('of a repository that %s', (_, options) => {
    const fixture = useMeetings(options);

    it('is merged with what came between reading and writing, whether or not there was one before', async () => {
      await write(fixture, files);
      fixture.at('PUT', /app\/maven-metadata\.xml$/, () => listOther(fixture, '0.8', undefined));
      expectSuccess(await publish(fixture, 'app.jar'));
      expect(await versions(fixture)).toEqual(['0.8', '1.0']);
      const before = await textOf(fixture, list);
      await write(fixture, { 'app.jar': jar({ ...acme, version: '2.0' }) });
      fixture.at('PUT', /app\/maven-metadata\.xml$/, () => listOther(fixture, '0.9', before));
      expectSuccess(await publish(fixture, 'app.jar'));
      expect(await versions(fixture)).toEqual(['0.8', '1.0', '0.9', '2.0']);
      const tag = expect.stringMatching(/^"file-\d+"$/);
      expect(conditions(fixture, /app\/maven-metadata\.xml$/)).toEqual(['*', tag, tag, tag]);
    });
  });

  describe.each<[string, MavenOptions]>([
    ['weak ETags', { etags: 'weak' }],
    ['no ETags', {}],
  ])('of a repository with %s', (_, options) => {
    const fixture = useMeetings(options);

    it('is written without a condition if it is there', async () => {
      await write(fixture, files);
      expectSuccess(await publish(fixture, 'app.jar'));
      await write(fixture, { 'app.jar': jar({ ...acme, version: '2.0' }) });
      expectSuccess(await publish(fixture, 'app.jar'));
      expect(conditions(fixture, /app\/maven-metadata\.xml$/)).toEqual(['*', 'none']);
    });
  });

  describe('of a repository that ignores conditions', () => {
    const fixture = useMeetings(ignoring);

    it('is written again if another publisher replaces it after it was read back', async () => {
      await write(fixture, files);
      // The first file that is looked at after the metadata.
      fixture.at('PUT', /maven-metadata\.xml$/, () =>
        fixture.at('HEAD', /\.jar$/, () => listOther(fixture, '0.8', undefined)),
      );
      expectSuccess(await publish(fixture, 'app.jar'));
      expect(await versions(fixture)).toEqual(['0.8', '1.0']);
      expect(conditions(fixture, /app\/maven-metadata\.xml$/)).toEqual(['*', expect.stringContaining('file-')]);
    });

    it('gets the right checksums if another publisher has written it with this version', async () => {
      await write(fixture, files);
      fixture.at('PUT', /maven-metadata\.xml$/, () =>
        fixture.at('HEAD', /\.jar$/, () => {
          const own = fixture.sandbox.maven.files.get(list);
          fixture.sandbox.maven.put('com/acme/app/1.1/app-1.1.pom', 'a POM');
          void own?.content().then((text) => {
            const both = text.toString().replace('    </versions>', '      <version>1.1</version>\n    </versions>');
            fixture.sandbox.maven.put(list, both, { withChecksums: false });
          });
        }),
      );
      expectSuccess(await publish(fixture, 'app.jar'));
      const stored = fixture.sandbox.maven.files.get(list);
      expect(await versions(fixture)).toEqual(['1.0', '1.1']);
      for (const kind of ['md5', 'sha1', 'sha256', 'sha512'] as const)
        expect(await textOf(fixture, `${list}.${kind}`)).toBe(stored?.checksums[kind]);
    });
  });
});

describe('the prefix of a plugin', () => {
  const fixture = useMeetings(ignoring);

  it('may be taken over by another publisher', async () => {
    const index = 'com/acme/maven-metadata.xml';
    const plugin = { ...acme, packaging: 'maven-plugin' };
    await write(fixture, { 'app.jar': pluginJar(descriptor(plugin), plugin) });
    fixture.sandbox.maven.put('com/acme/other/maven-metadata.xml', 'of another plugin');
    fixture.at('PUT', /acme\/maven-metadata\.xml$/, () =>
      fixture.at('HEAD', /\.jar$/, () => {
        void contentOf(fixture, index).then((text) => {
          const taken = String(text).replace('<artifactId>app<', '<artifactId>other<');
          fixture.sandbox.maven.put(index, taken);
        });
      }),
    );
    expectSuccess(await publish(fixture, 'app.jar'));
    expect(await textOf(fixture, index)).toContain('<artifactId>other<');
  });
});

describe.each<[MavenOptions['conditions']]>([['answered by 501'], ['answered by 400']])(
  'in a repository with conditions %s',
  (kind) => {
    const fixture = useMeetings({ conditions: kind, etags: 'strong' });

    it('a plugin is published without them, after the first', async () => {
      const plugin = { ...acme, packaging: 'maven-plugin' };
      await write(fixture, { 'app.jar': pluginJar(descriptor(plugin), plugin) });
      expectSuccess(await publish(fixture, 'app.jar'));
      expect(conditions(fixture, /(?:jar|pom|xml)$/)).toEqual(['*', ...Array(4).fill('none')]);
    });

    it('a name that is taken in between is not overwritten', async () => {
      await write(fixture, { 'app.jar': jar() });
      fixture.at('PUT', /app-1\.0\.jar$/, (path) => fixture.sandbox.maven.put(path, other));
      const { exitCode, output } = await publish(fixture, 'app.jar');
      expect(exitCode).toBe(1);
      expect(output).toMatch(/app-1\.0\.jar: the repository has sha256 [0-9a-f]{64}, the local file has/);
      expect(puts(fixture)).toEqual(['app-1.0.jar']);
    });
  },
);
