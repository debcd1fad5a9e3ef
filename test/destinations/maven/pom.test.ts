import { describe, expect, it } from '@jest/globals';
import { InputError } from '../../../pipe/errors.ts';
import { readPom } from '../../../pipe/destinations/maven/pom.ts';
import { acme, pomText } from './artifacts.ts';

const read = (text: string | Buffer): ReturnType<typeof readPom> => readPom(Buffer.from(text), 'pom.xml');
const parent = '<parent><groupId>com.parent</groupId><artifactId>all</artifactId><version>9</version></parent>';
const properties = (text: string): string => `<properties>${text}</properties>`;

const named = (name: string): string => pomText({ ...acme, more: `<name>${name}</name>` });

/** The version is a property of a property, and so on, `levels` deep. */
function chain(levels: number): string {
  const each = Array.from({ length: levels }, (_, level) => {
    const value = level + 1 < levels ? `\${p${level + 1}}` : '1';
    return `<p${level}>${value}</p${level}>`;
  });
  return pomText({ groupId: 'g', artifactId: 'a', version: '${p0}', more: properties(each.join('')) });
}

describe('reads', () => {
  it.each([
    ['properties nested nineteen deep', chain(19), 'g:a:1:jar'],
    ['its own coordinates', pomText({ groupId: 'g', artifactId: 'a', version: '1', more: parent }), 'g:a:1:jar'],
    ["the parent's if it has none", pomText({ artifactId: 'a', more: parent }), 'com.parent:a:9:jar'],
    ['the packaging', pomText({ groupId: 'g', artifactId: 'a', version: '1', packaging: 'war' }), 'g:a:1:war'],
    [
      'its own properties, including nested ones',
      pomText({
        groupId: 'g.${name}',
        artifactId: '${name}',
        version: '${revision}${changelist}',
        more: properties('<name>a</name><revision>1.${minor}</revision><minor>2</minor><changelist/>'),
      }),
      'g.a:a:1.2:jar',
    ],
    [
      'properties of the project and the parent',
      pomText({
        groupId: '${project.parent.groupId}.x',
        artifactId: 'a',
        version: '${parentVersion}',
        more: `${parent}${properties('<parentVersion>${pom.parent.version}.${project.artifactId}</parentVersion>')}`,
      }),
      'com.parent.x:a:9.a:jar',
    ],
    [
      'properties without a prefix, the own ones first',
      pomText({
        groupId: '${parent.groupId}',
        artifactId: '${artifactId}',
        version: '${parent.version}-${packaging}',
        more: `${parent}${properties('<artifactId>own</artifactId>')}`,
      }),
      'com.parent:own:9-jar:jar',
    ],
    [
      'CDATA as text, and no comments',
      '<project><!-- <groupId>x</groupId> --><groupId><![CDATA[g]]></groupId><artifactId> a\n</artifactId><version>1</version></project>',
      'g:a:1:jar',
    ],
    [
      'no coordinates of other elements',
      `<project><dependencies><dependency><groupId>x</groupId></dependency></dependencies><groupId>g</groupId><artifactId>a</artifactId><version>1</version></project>`,
      'g:a:1:jar',
    ],
  ])('%s', (_, text, expected) => {
    const { groupId, artifactId, version, packaging } = read(text);
    expect(`${groupId}:${artifactId}:${version}:${packaging}`).toBe(expected);
  });

  it.each<[string, Buffer]>([
    [
      'ISO-8859-1',
      Buffer.from(
        pomText().replace('UTF-8', 'ISO-8859-1').replace('</project>', '<name>\u00e9</name></project>'),
        'latin1',
      ),
    ],
    ['UTF-16', Buffer.from(`\ufeff${pomText().replace('UTF-8', 'UTF-16')}`, 'utf16le')],
    ['a byte order mark', Buffer.from(`\ufeff${pomText()}`)],
    ['UTF-16 without a byte order mark', Buffer.from(pomText().replace('UTF-8', 'UTF-16'), 'utf16le')],
    [
      'big-endian UTF-16 with a byte order mark',
      Buffer.from(`\ufeff${pomText().replace('UTF-8', 'UTF-16')}`, 'utf16le').swap16(),
    ],
    ['big-endian UTF-16', Buffer.from(pomText().replace('UTF-8', 'UTF-16'), 'utf16le').swap16()],
    ['windows-1252', Buffer.from(named('\x80').replace('UTF-8', 'windows-1252'), 'latin1')],
    ["Java's name of an encoding", Buffer.from(named('\u00e9').replace('UTF-8', 'ISO8859_1'), 'latin1')],
    ['ASCII', Buffer.from(pomText().replace('UTF-8', 'ASCII'))],
    ['bytes that are not in the declared encoding', Buffer.from(named('\u00e9'), 'latin1')],
    ['white space before the declaration', Buffer.from(`\r\n ${pomText()}`)],
    ['HTML entities', Buffer.from(named('Trygve Laugst&oslash;l'))],
    ['characters that XML does not allow', Buffer.from(named('a\u0002b\uffff'))],
  ])('%s', (_, bytes) => {
    expect(read(bytes).artifactId).toBe('app');
  });
});

describe('refuses', () => {
  it.each([
    ['properties nested deeper', chain(20), 'its properties refer to themselves'],
    ['no artifactId', pomText({ groupId: 'g', version: '1' }), 'it has no artifactId'],
    ['no version', pomText({ groupId: 'g', artifactId: 'a' }), 'neither it nor its parent has a version'],
    [
      'a cycle',
      pomText({ groupId: 'g', artifactId: 'a', version: '${v}', more: properties('<v>${w}</v><w>${v}</w>') }),
      'version ${v}: its properties refer to themselves',
    ],
    [
      'its own version',
      pomText({ groupId: 'g', artifactId: 'a', version: '${project.version}' }),
      'its properties refer to themselves',
    ],
    [
      'a value that grows',
      pomText({ groupId: 'g', artifactId: 'a', version: '${v}', more: properties('<v>${v}${v}</v>') }),
      'its properties refer to themselves',
    ],
    [
      'an environment variable',
      pomText({ groupId: 'g', artifactId: 'a', version: '${env.HOME}' }),
      'the property env.HOME is not defined in this POM',
    ],
    [
      'half a property',
      pomText({ groupId: 'g', artifactId: 'a', version: '${v' }),
      'contains characters that are not allowed in a version',
    ],
    ['a declared entity', '<!DOCTYPE project [<!ENTITY x "y">]><project/>', 'it has a document type'],
    [
      'an undeclared entity in the coordinates',
      pomText({ groupId: '&x;', artifactId: 'a', version: '1' }),
      'groupId "&x;" is not valid',
    ],
    ['an ampersand alone', pomText({ ...acme, more: '<name>A & B</name>' }), 'it is not valid XML: '],
    ['an empty file', '', 'it is not valid XML: '],
    ['more than 4 MB', `<project>${' '.repeat(4 * 1024 * 1024)}</project>`, 'it is larger than 4 MB'],
    ['bytes that are not XML', Buffer.from([0x3c, 0xff, 0xfe]), 'it is not valid XML: '],
    [
      'a DOCTYPE after white space',
      `\n${pomText()}`.replace('<project', '<!DOCTYPE project><project'),
      'document type',
    ],
  ])('%s', (_, text, message) => {
    expect(() => read(text)).toThrow(InputError);
    expect(() => read(text)).toThrow(message);
  });
});

describe('tags, attributes, entities and characters that take memory', () => {
  const markup = (text: string): number => text.match(/[<=&]/g)?.length ?? 0;
  const filled = (count: number): string => named('\ufffe'.repeat(count - markup(named(''))));

  it('are read up to 100,000', () => {
    expect(read(filled(100_000)).artifactId).toBe('app');
  });

  it.each([
    ['one more', filled(100_001)],
    ['empty tags', pomText({ ...acme, more: '<a/>'.repeat(100_000) })],
    ['attributes', pomText({ ...acme, more: `<a${' b=""'.repeat(100_000)}/>` })],
    ['entities', named('&lt;'.repeat(100_000))],
    ['characters outside of the first plane', named('\u{1f600}'.repeat(50_000))],
    ['control characters', named('\u0001'.repeat(100_000))],
  ])('are refused above that: %s', (_, text) => {
    expect(() => read(text)).toThrow('it has more than 100000 tags, attributes and entities');
  });
});
