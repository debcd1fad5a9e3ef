import { describe, expect, it } from '@jest/globals';
import { PipeError } from '../../../pipe/errors.ts';
import {
  addBuild,
  addVersion,
  formatMetadata,
  hasBuild,
  nextBuild,
  emptyMetadata,
  parseMetadata,
} from '../../../pipe/destinations/maven/metadata.ts';

const date = new Date('2026-11-21T06:09:29Z');
const app = { groupId: 'com.acme', artifactId: 'app', version: '1.0' };
const next = { ...app, version: '1.1-SNAPSHOT' };
const jar = { extension: 'jar' };
const pom = { extension: 'pom' };
const linux = { classifier: 'linux', extension: 'jar' };
const parse = (text: string): ReturnType<typeof parseMetadata> => parseMetadata(Buffer.from(text), 'http://here');

describe('the metadata of an artifact', () => {
  it('is written as Maven writes it, and read back unchanged', () => {
    const first = addVersion(emptyMetadata, { ...app, version: '0.9' }, { isPlugin: false, date });
    const second = addVersion(first, app, { isPlugin: false, date });
    const text = formatMetadata(second);
    expect(text).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<metadata>
  <groupId>com.acme</groupId>
  <artifactId>app</artifactId>
  <versioning>
    <release>1.0</release>
    <versions>
      <version>0.9</version>
      <version>1.0</version>
    </versions>
    <lastUpdated>20261121060929</lastUpdated>
  </versioning>
</metadata>
`);
    expect(formatMetadata(parse(text))).toBe(text);
  });

  it('keeps the order, lists no version twice, and does not make a SNAPSHOT the release', () => {
    const known = { ...emptyMetadata, versions: ['2.0', '1.0', '0.1'], release: '2.0', latest: '2.0' };
    expect(addVersion(known, app, { isPlugin: false, date })).toMatchObject({
      versions: known.versions,
      release: '1.0',
      latest: '2.0',
    });
    expect(addVersion(known, next, { isPlugin: true, date })).toMatchObject({
      versions: [...known.versions, next.version],
      release: '2.0',
      latest: next.version,
    });
  });

  it('has a latest version for a Maven plugin only if it already had one, as with deploy-file', () => {
    expect(addVersion(emptyMetadata, app, { isPlugin: true, date }).latest).toBeUndefined();
  });

  it("drops the version element of Maven 2, and keeps its group's plugins", () => {
    const plugins = '<plugins><plugin><prefix>a</prefix><artifactId>a-plugin</artifactId></plugin></plugins>';
    const known = parse(`<metadata><groupId>g</groupId><version>0.1</version>${plugins}</metadata>`);
    const text = formatMetadata(addVersion(known, app, { isPlugin: false, date }));
    expect(text).toContain('<groupId>com.acme</groupId>');
    expect(text).not.toContain('0.1');
    expect(text.replaceAll(/\s/g, '')).toContain(plugins);
  });
});

describe('the metadata of a SNAPSHOT', () => {
  const first = nextBuild(emptyMetadata, next, '20261121.060929');
  const known = addBuild(emptyMetadata, next, first, [jar, pom, linux]);
  const second = nextBuild(known, next, '20261122.000000');

  it('counts builds, and keeps the files of other classifiers', () => {
    expect([first.version, second.version]).toEqual(['1.1-20261121.060929-1', '1.1-20261122.000000-2']);
    const merged = addBuild(known, next, second, [jar, pom]);
    expect(merged.snapshotFiles).toEqual([
      { ...jar, value: second.version, updated: '20261122000000' },
      { ...pom, value: second.version, updated: '20261122000000' },
      { ...linux, value: first.version, updated: '20261121060929' },
    ]);
    expect(formatMetadata(parse(formatMetadata(merged)))).toBe(formatMetadata(merged));
  });

  it('includes a build if it lists all of its files, or newer ones', () => {
    expect(hasBuild(known, first, [jar, linux])).toBe(true);
    expect(hasBuild(known, second, [jar])).toBe(false);
    expect(hasBuild(addBuild(known, next, second, [jar]), first, [jar, linux])).toBe(true);
    expect(hasBuild(emptyMetadata, first, [jar])).toBe(false);
  });

  it('orders builds by number, whatever the clocks of their machines say, and then by time', () => {
    const build = (timestamp: string, number: number): typeof first => ({
      timestamp,
      number,
      version: `1.1-${timestamp}-${number}`,
    });
    const ahead = build('20261121.070000', 1);
    const behind = build('20261121.060000', 2);
    for (const last of [first, ahead, behind]) {
      const others = [first, ahead, behind].filter((each) => each !== last);
      const all = [...others, last].reduce((list, each) => addBuild(list, next, each, [jar, pom]), emptyMetadata);
      expect(all.snapshot).toEqual({ timestamp: behind.timestamp, buildNumber: 2 });
      expect(all.snapshotFiles.map(({ value }) => value)).toEqual([behind.version, behind.version]);
      for (const each of [first, ahead, behind]) expect(hasBuild(all, each, [jar, pom])).toBe(true);
    }
    expect(hasBuild(addBuild(emptyMetadata, next, first, [jar]), ahead, [jar])).toBe(false);
    expect(nextBuild(known, next, '20261121.060929', 4).number).toBe(5);
  });

  it('keeps the newest build if an older one is added later', () => {
    const late = addBuild(addBuild(emptyMetadata, next, second, [jar, pom]), next, first, [jar, pom, linux]);
    expect(late.snapshot).toEqual({ timestamp: second.timestamp, buildNumber: 2 });
    expect(late.snapshotFiles.map(({ value }) => value)).toEqual([first.version, second.version, second.version]);
  });
});

it.each([
  ['', 'it is not valid XML'],
  ['<html/>', 'its root element is <html>'],
  ['<metadata><versioning>', 'it is not valid XML'],
  ['<!DOCTYPE metadata><metadata/>', 'it has a document type'],
  [
    '<metadata><versioning><snapshot><buildNumber>x</buildNumber></snapshot></versioning></metadata>',
    'its buildNumber is not valid: x',
  ],
])('refuses invalid metadata: %s', (text, message) => {
  expect(() => parse(text)).toThrow(PipeError);
  expect(() => parse(text)).toThrow('http://here is not valid Maven metadata, and is not replaced: ');
  expect(() => parse(text)).toThrow(message);
});

it('refuses metadata that it could not write again without a loss', () => {
  const version = (text: string): string =>
    `<metadata><versioning><versions>${text}</versions></versioning></metadata>`;
  const bytes = Buffer.from(version('<version>\u00e9</version>'), 'latin1');
  expect(() => parseMetadata(bytes, 'http://here')).toThrow('it cannot be decoded as utf-8');
  expect(() => parse(version('&oslash;'))).toThrow('it is not valid XML');
});

describe('metadata is read', () => {
  const versioning = (content: string): string => `<metadata><versioning>${content}</versioning></metadata>`;

  it.each<[string, string, object]>([
    ['with nothing in it', '<metadata/>', { versions: [], snapshotFiles: [] }],
    ['with an empty snapshot', versioning('<snapshot/>'), { snapshot: { timestamp: '', buildNumber: 0 } }],
    [
      'with a snapshot',
      versioning('<snapshot><timestamp>20260102.030405</timestamp><buildNumber>7</buildNumber></snapshot>'),
      { snapshot: { timestamp: '20260102.030405', buildNumber: 7 } },
    ],
    [
      'with an empty file of a snapshot',
      versioning('<snapshotVersions><snapshotVersion/></snapshotVersions>'),
      { snapshotFiles: [{ classifier: undefined, extension: '', value: '', updated: '' }] },
    ],
    [
      'with a file of a snapshot',
      versioning(
        '<snapshotVersions><snapshotVersion><classifier>c</classifier><extension>jar</extension><value>v</value><updated>1</updated></snapshotVersion></snapshotVersions>',
      ),
      { snapshotFiles: [{ classifier: 'c', extension: 'jar', value: 'v', updated: '1' }] },
    ],
    [
      'with all that an artifact has',
      `<metadata><groupId>g</groupId><artifactId>a</artifactId><version>1</version><versioning><latest>l</latest><release>r</release><versions><version>1</version><version>2</version></versions><lastUpdated>u</lastUpdated></versioning></metadata>`,
      {
        groupId: 'g',
        artifactId: 'a',
        version: '1',
        latest: 'l',
        release: 'r',
        versions: ['1', '2'],
        lastUpdated: 'u',
      },
    ],
  ])('%s', (_, text, expected) => {
    expect(parse(text)).toMatchObject(expected);
  });

  it.each([
    ['another document', '<project/>', 'its root element is <project>, not <metadata>'],
    ['no number', versioning('<snapshot><buildNumber>x</buildNumber></snapshot>'), 'its buildNumber is not valid: x'],
    ['a negative one', versioning('<snapshot><buildNumber>-1</buildNumber></snapshot>'), 'not valid: -1'],
    ['a broken one', versioning('<snapshot><buildNumber>1.5</buildNumber></snapshot>'), 'not valid: 1.5'],
  ])('but not with %s', (_, text, message) => {
    expect(() => parse(text)).toThrow(message);
  });
});
