import { describe, expect, it } from '@jest/globals';
import { PipeError } from '../../../pipe/errors.ts';
import {
  addBuild,
  addVersion,
  formatMetadata,
  hasBuild,
  nextBuild,
  noMetadata,
  parseMetadata,
} from '../../../pipe/destinations/maven/metadata.ts';

const date = new Date('2026-11-21T06:09:29Z');
const app = { groupId: 'com.acme', artifactId: 'app', version: '1.0' };
const next = { ...app, version: '1.1-SNAPSHOT' };
const jar = { extension: 'jar' };
const pom = { extension: 'pom' };
const linux = { classifier: 'linux', extension: 'jar' };
const parse = (text: string): ReturnType<typeof parseMetadata> => parseMetadata(Buffer.from(text), 'http://here');

describe('of an artifact', () => {
  it('is written as Maven writes it, and read as it was written', () => {
    const first = addVersion(noMetadata, { ...app, version: '0.9' }, { isPlugin: false, date });
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

  it('keeps order, names no version twice, and takes no SNAPSHOT for a release', () => {
    const known = { ...noMetadata, versions: ['2.0', '1.0', '0.1'], release: '2.0', latest: '2.0' };
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

  it('of a Maven plugin has a latest only if someone else has begun one, as deploy-file leaves it', () => {
    expect(addVersion(noMetadata, app, { isPlugin: true, date }).latest).toBeUndefined();
  });

  it("loses the version that Maven 2 wrote, and keeps its group's plugins", () => {
    const plugins = '<plugins><plugin><prefix>a</prefix><artifactId>a-plugin</artifactId></plugin></plugins>';
    const known = parse(`<metadata><groupId>g</groupId><version>0.1</version>${plugins}</metadata>`);
    const text = formatMetadata(addVersion(known, app, { isPlugin: false, date }));
    expect(text).toContain('<groupId>com.acme</groupId>');
    expect(text).not.toContain('0.1');
    expect(text.replaceAll(/\s/g, '')).toContain(plugins);
  });
});

describe('of a SNAPSHOT', () => {
  const first = nextBuild(noMetadata, next, '20261121.060929');
  const known = addBuild(noMetadata, next, first, [jar, pom, linux]);
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

  it('has a build where all of its files are in it, or newer ones', () => {
    expect(hasBuild(known, first, [jar, linux])).toBe(true);
    expect(hasBuild(known, second, [jar])).toBe(false);
    expect(hasBuild(addBuild(known, next, second, [jar]), first, [jar, linux])).toBe(true);
    expect(hasBuild(noMetadata, first, [jar])).toBe(false);
  });

  it('is not taken back to an older build by a publisher that comes late', () => {
    const late = addBuild(addBuild(noMetadata, next, second, [jar, pom]), next, first, [jar, pom, linux]);
    expect(late.snapshot).toEqual({ timestamp: second.timestamp, buildNumber: 2 });
    expect(late.snapshotFiles.map(({ value }) => value)).toEqual([first.version, second.version, second.version]);
  });
});

it.each([
  ['', 'it is not XML'],
  ['<html/>', 'its root is <html>'],
  ['<metadata><versioning>', 'it is not XML'],
  ['<!DOCTYPE metadata><metadata/>', 'it has a document type'],
  [
    '<metadata><versioning><snapshot><buildNumber>x</buildNumber></snapshot></versioning></metadata>',
    'its buildNumber is x',
  ],
])('what is no metadata is refused: %s', (text, message) => {
  expect(() => parse(text)).toThrow(PipeError);
  expect(() => parse(text)).toThrow(`http://here is not what a Maven repository has there`);
  expect(() => parse(text)).toThrow(message);
});
