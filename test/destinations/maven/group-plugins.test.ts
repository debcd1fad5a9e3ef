import { expect, it } from '@jest/globals';
import { addPlugin, artifactOfPrefix, hasPlugin } from '../../../pipe/destinations/maven/group-plugins.ts';
import {
  addVersion,
  formatMetadata,
  type Metadata,
  noMetadata,
  parseMetadata,
} from '../../../pipe/destinations/maven/metadata.ts';
import type { Plugin } from '../../../pipe/destinations/maven/plugin-descriptor.ts';

const acme: Plugin = { name: 'A & B', prefix: 'acme', artifactId: 'acme-maven-plugin' };
const other: Plugin = { name: undefined, prefix: 'other', artifactId: 'other-maven-plugin' };
const third: Plugin = { name: 'Third', prefix: 'third', artifactId: 'third-maven-plugin' };
const parse = (text: string): Metadata => parseMetadata(Buffer.from(text), 'http://here');
const of = (...plugins: readonly Plugin[]): Metadata => plugins.reduce(addPlugin, noMetadata);

it('is written as Maven writes it, and read as it was written', () => {
  const text = formatMetadata(of(acme, other));
  expect(text).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<metadata>
  <plugins>
    <plugin>
      <name>A &amp; B</name>
      <prefix>acme</prefix>
      <artifactId>acme-maven-plugin</artifactId>
    </plugin>
    <plugin>
      <prefix>other</prefix>
      <artifactId>other-maven-plugin</artifactId>
    </plugin>
  </plugins>
</metadata>
`);
  expect(formatMetadata(parse(text))).toBe(text);
  expect([acme, other, third].map((plugin) => hasPlugin(parse(text), plugin))).toEqual([true, true, false]);
});

it.each<[string, Metadata, Plugin, Metadata]>([
  [
    'a new name takes the place of the old one',
    of(acme, other),
    { ...acme, name: 'New' },
    of({ ...acme, name: 'New' }, other),
  ],
  [
    'a new prefix joins the old one, which leads there still',
    of(acme),
    { ...acme, prefix: 'new' },
    of(acme, { ...acme, prefix: 'new' }),
  ],
  [
    'a prefix leads to the plugin that was published last',
    of(acme, other),
    { ...third, prefix: 'acme' },
    of({ ...third, prefix: 'acme' }, other),
  ],
  ['what is there is not listed twice', of(acme, other), acme, of(acme, other)],
])('%s', (_, known, plugin, expected) => {
  expect(formatMetadata(addPlugin(known, plugin))).toBe(formatMetadata(expected));
});

it('a prefix that is listed twice is listed once', () => {
  const entries = ['one', 'two'].map((id) => `<plugin><prefix>acme</prefix><artifactId>${id}</artifactId></plugin>`);
  const known = parse(`<metadata><plugins>${entries.join('')}</plugins></metadata>`);
  expect(artifactOfPrefix(known, 'acme')).toBe('one');
  expect(addPlugin(known, acme).plugins).toEqual(of(acme).plugins);
});

it('of com.acme.tools, it keeps the versions of com.acme:tools, whose file it is, too', () => {
  const coordinates = { groupId: 'com.acme', artifactId: 'tools', version: '1.0' };
  const known = addVersion(noMetadata, coordinates, { isPlugin: false, date: new Date() });
  expect(addPlugin(known, acme)).toEqual({ ...known, plugins: of(acme).plugins });
  const [, entries = ''] = formatMetadata(of(acme)).split('<metadata>\n');
  expect(formatMetadata(addPlugin(known, acme))).toBe(formatMetadata(known).replace('</metadata>\n', entries));
});
