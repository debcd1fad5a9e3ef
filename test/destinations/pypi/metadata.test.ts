import { describe, expect, it } from '@jest/globals';
import { readMetadata } from '../../../pipe/destinations/pypi/metadata.ts';
import { InputError } from '../../../pipe/errors.ts';

const start = 'Metadata-Version: 2.1\nName: lib\nVersion: 1.0\n';

function read(text: string | Buffer) {
  return readMetadata(Buffer.from(text), 'METADATA');
}

function headersOf(text: string): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(read(text).headers);
}

describe('metadata', () => {
  it('has headers in any case, repeated ones in their order, and any UTF-8', () => {
    const text = `metadata-VERSION: 2.1\nNAME:lib\nversion: \t1.0 \nAuthor: Jürgen 漢字\nClassifier: B\nClassifier: A\n`;
    expect(read(text)).toMatchObject({ metadataVersion: '2.1', name: 'lib', version: '1.0', warnings: [] });
    expect(headersOf(text)).toMatchObject({ author: ['Jürgen 漢字'], classifier: ['B', 'A'], version: ['1.0 '] });
  });

  it('keeps the line breaks and indentation of a folded header, as twine does', () => {
    expect(headersOf(`${start}License: MIT\n        second line\n\tthird\nSummary: A\n`)).toMatchObject({
      license: ['MIT\n        second line\n\tthird'],
      summary: ['A'],
    });
  });

  it.each([
    ['\n', 'Text\n\nName: not a header\n'],
    ['\r\n', 'Text\r\nmore'],
    ['\r', 'Text'],
  ])('has its description after an empty line: %j', (end, body) => {
    expect(headersOf(start.replaceAll('\n', end) + end + body)['description']).toEqual([body]);
  });

  it('ends its headers at a line that is none, which is the first of the description', () => {
    expect(headersOf(`${start}no header here\nmore`)['description']).toEqual(['no header here\nmore']);
  });

  it('has no description if nothing follows', () => {
    expect(headersOf(`${start}\n`)['description']).toBeUndefined();
  });

  it('keeps encoded words as they are', () => {
    expect(headersOf(`${start}Author: =?utf-8?q?J=C3=BCrgen?=\n`)['author']).toEqual(['=?utf-8?q?J=C3=BCrgen?=']);
  });

  it.each(['1.0', '1.1', '1.2', '2.0', '2.1', '2.2', '2.3', '2.4', '2.5'])('may have the version %s', (version) => {
    expect(read(start.replace('2.1', version)).metadataVersion).toBe(version);
  });

  it('may have headers that nobody knows, which are left out with a warning', () => {
    const { headers, warnings } = read(`${start}X-Odd: 1\n`);
    expect([headers.has('x-odd'), warnings]).toEqual([
      false,
      ['METADATA has the unknown header X-Odd, which is left out'],
    ]);
  });

  it.each([
    ['not UTF-8', Buffer.from([...Buffer.from(start), 0xff]), /METADATA is not valid UTF-8/],
    ['no name', 'Metadata-Version: 2.1\nVersion: 1.0\n', /METADATA has no Name/],
    ['nothing', '', /has no Metadata-Version\nMETADATA has no Name\nMETADATA has no Version/],
    ['an unknown version', start.replace('2.1', '3.0'), /has the Metadata-Version "3\.0", which no index knows/],
    ['a name that is not valid', start.replace('lib', 'l b'), /has the Name "l b", which is not valid/],
    ['a version that is not valid', start.replace('1.0', 'x'), /has the Version "x", which is not valid \(PEP 440/],
    ['two names', `${start}Name: other\n`, /has several values for Name/],
    ['two descriptions', `${start}Description: a\n\nb`, /has several values for Description/],
    ['a summary of two lines', `${start}Summary: a\n b\n`, /has a Summary of several lines/],
    ['two URLs of one label', `${start}Project-URL: A, b\nProject-URL: A, c\n`, /two Project-URLs with the same label/],
  ])('with %s is refused', (_, text, message) => {
    expect(() => read(text)).toThrow(InputError);
    expect(() => read(text)).toThrow(message);
  });
});
