import { expect, it } from '@jest/globals';
import { addPlugin, artifactOfPrefix, hasPlugin } from '../../../pipe/destinations/maven/group-plugins.ts';
import {
  addVersion,
  formatMetadata,
  type Metadata,
  emptyMetadata,
  parseMetadata,
} from '../../../pipe/destinations/maven/metadata.ts';
import type { Plugin } from '../../../pipe/destinations/maven/plugin-descriptor.ts';

const acme: Plugin = { name: 'A & B', prefix: 'acme', artifactId: 'acme-maven-plugin' };
const other: Plugin = { name: undefined, prefix: 'other', artifactId: 'other-maven-plugin' };
const third: Plugin = { name: 'Third', prefix: 'third', artifactId: 'third-maven-plugin' };
const parse = (text: string): Metadata => parseMetadata(Buffer.from(text), 'http://here');
const listOf = (...plugins: readonly Plugin[]): Metadata => plugins.reduce(addPlugin, emptyMetadata);

it('writes the list as Maven does, and reads it back unchanged', () => {
  const text = formatMetadata(listOf(acme, other));
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
    'replaces the old name with the new one',
    listOf(acme, other),
    { ...acme, name: 'New' },
    listOf({ ...acme, name: 'New' }, other),
  ],
  [
    'adds a new prefix beside the old one, which stays valid',
    listOf(acme),
    { ...acme, prefix: 'new' },
    listOf(acme, { ...acme, prefix: 'new' }),
  ],
  [
    'assigns a prefix to the plugin that was published last',
    listOf(acme, other),
    { ...third, prefix: 'acme' },
    listOf({ ...third, prefix: 'acme' }, other),
  ],
  ['does not list a plugin twice', listOf(acme, other), acme, listOf(acme, other)],
])('%s', (_, known, plugin, expected) => {
  expect(formatMetadata(addPlugin(known, plugin))).toBe(formatMetadata(expected));
});

it('replaces two entries of one prefix with one', () => {
  const entries = ['one', 'two'].map((id) => `<plugin><prefix>acme</prefix><artifactId>${id}</artifactId></plugin>`);
  const known = parse(`<metadata><plugins>${entries.join('')}</plugins></metadata>`);
  expect(artifactOfPrefix(known, 'acme')).toBe('one');
  expect(addPlugin(known, acme).plugins).toEqual(listOf(acme).plugins);
});

it('keeps the versions of com.acme:tools, which shares the file with the group com.acme.tools', () => {
  const coordinates = { groupId: 'com.acme', artifactId: 'tools', version: '1.0' };
  const known = addVersion(emptyMetadata, coordinates, { isPlugin: false, date: new Date() });
  expect(addPlugin(known, acme)).toEqual({ ...known, plugins: listOf(acme).plugins });
  const [, entries = ''] = formatMetadata(listOf(acme)).split('<metadata>\n');
  expect(formatMetadata(addPlugin(known, acme))).toBe(formatMetadata(known).replace('</metadata>\n', entries));
});
