import { describe, expect, it } from '@jest/globals';
import { isJsonPage, readHtmlPage, readJsonPage } from '../../../pipe/destinations/pypi/project-page.ts';

const base = new URL('https://index.example/root/dev/+simple/lib/');
const sha256 = 'ab'.repeat(32);

function shown(files: ReturnType<typeof readHtmlPage>) {
  return [...files].map(([name, file]) => [name, file.url.href, file.sha256]);
}

describe('a page in HTML', () => {
  it('has the files that its links lead to, with their hashes', () => {
    const text = `<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.0"></head><body>
<a href="../../+f/ab/lib-1.0-py3-none-any.whl#sha256=${sha256.toUpperCase()}" data-requires-python="&gt;=3.9">x</a>
<A HREF='https://files.example/lib-1.0+local.tar.gz?a=1&amp;b=2#md5=0'>y</A>
<a rel=internal href=/lib-2.0%2Blocal.tar.gz>z</a>
<a data-yanked="a > b" href="lib-0.9.zip">old</a>
<a href="https://index.example/about">about</a></body></html>`;
    expect(shown(readHtmlPage(text, base))).toEqual([
      ['lib-1.0-py3-none-any.whl', 'https://index.example/root/dev/+f/ab/lib-1.0-py3-none-any.whl', sha256],
      ['lib-1.0+local.tar.gz', 'https://files.example/lib-1.0+local.tar.gz?a=1&b=2', undefined],
      ['lib-2.0+local.tar.gz', 'https://index.example/lib-2.0%2Blocal.tar.gz', undefined],
      ['lib-0.9.zip', 'https://index.example/root/dev/+simple/lib/lib-0.9.zip', undefined],
    ]);
  });

  it.each([
    ['<!-- <a href="lib-1.0.tar.gz">x</a> --> <a href="lib-2.0.tar.gz">', ['lib-2.0.tar.gz']],
    ['<!--><a href="lib-1.0.tar.gz"><!---><a href="lib-2.0.tar.gz">', ['lib-1.0.tar.gz', 'lib-2.0.tar.gz']],
    ['<!-- <!-- --!><a href="lib-1.0.tar.gz"><!-- > <a href="lib-2.0.tar.gz">', ['lib-1.0.tar.gz']],
    ['<a data-yanked="<!--" href="lib-1.0.tar.gz"><a href="lib-2.0.tar.gz">', ['lib-1.0.tar.gz', 'lib-2.0.tar.gz']],
  ])('has no links in its comments: %s', (text, names) => {
    expect([...readHtmlPage(`<h1>Links for lib</h1>${text}`, base).keys()]).toEqual(names);
  });

  it.each([
    '<title>Links for lib</title>',
    '<h1>lib links</h1>',
    '<meta name="pypi:repository-version" content="1.1">',
  ])('may have no file: %s', (text) => {
    expect(shown(readHtmlPage(text, base))).toEqual([]);
  });

  it.each(['', 'Please sign in', '<html><a href="/login">Sign in</a></html>'])('is not %j', (text) => {
    expect(() => readHtmlPage(text, base)).toThrow('it has no file, and nothing that such a page begins with');
  });

  it('is read in the time that its length takes', () => {
    const many = 300_000;
    const texts = ['<a ', '<meta ', '<title>', '<h1>link ', '<a href  ', '<!--', '<!-- --'].map((part) =>
      part.repeat(many),
    );
    const startedAt = performance.now();
    for (const text of [...texts, `<a ${'x="'.repeat(many)}`, `<a href=${'"'.repeat(many + 1)}`])
      expect(() => readHtmlPage(text, base)).toThrow();
    // With a pattern that tries again from each tag, the first one takes minutes.
    expect(performance.now() - startedAt).toBeLessThan(60_000);
  });
});

describe('a page in JSON', () => {
  const document = (files: unknown, version: unknown = '1.0'): unknown => ({ meta: { 'api-version': version }, files });

  it('has files with their hashes', () => {
    const files = [
      { filename: 'lib-1.0.tar.gz', url: '/f/lib-1.0.tar.gz', hashes: { sha256 } },
      { filename: 'lib-1.1.tar.gz', url: 'https://files.example/x', hashes: {} },
    ];
    expect(shown(readJsonPage(document(files), base))).toEqual([
      ['lib-1.0.tar.gz', 'https://index.example/f/lib-1.0.tar.gz', sha256],
      ['lib-1.1.tar.gz', 'https://files.example/x', undefined],
    ]);
  });

  it.each([
    [[], /it is not an object/],
    [document([], '2.0'), /its meta\.api-version is not 1/],
    [{ meta: {}, files: [] }, /its meta\.api-version is not 1/],
    [document({}), /files is not a list/],
    [document([{ url: 'x', hashes: {} }]), /files\[0\]\.filename is missing/],
    [document([{ filename: 'a', url: 'file:///etc/passwd' }]), /files\[0\]\.url is not a web address/],
  ])('is not %j', (value, message) => {
    expect(() => readJsonPage(value, base)).toThrow(message);
  });
});

it.each([
  ['application/vnd.pypi.simple.v1+json', true],
  ['application/json; charset=utf-8', true],
  ['application/vnd.pypi.simple.v1+html', false],
  ['text/html', false],
  ['', false],
])('%s is JSON: %s', (type, expected) => {
  expect(isJsonPage(type)).toBe(expected);
});
