/** The multipart parser accepts what correct clients send, in chunks of any length, and nothing else. */
import { describe, expect, it } from '@jest/globals';
import { multipartBoundary, MultipartError, MultipartParser } from './multipart-parser.ts';

interface Part {
  readonly name: string;
  readonly filename: string | undefined;
  content: string;
  ended: boolean;
}

function parse(body: string, chunkLength = body.length, encoding: BufferEncoding = 'utf8'): Part[] {
  const parts: Part[] = [];
  const parser = new MultipartParser('b0und', {
    onPart: ({ name, filename }) => parts.push({ name, filename, content: '', ended: false }),
    onData: (chunk) => {
      const part = parts.at(-1);
      if (part !== undefined) part.content += chunk.toString('latin1');
    },
    onPartEnd: () => {
      const part = parts.at(-1);
      if (part !== undefined) part.ended = true;
    },
  });
  const bytes = Buffer.from(body, encoding);
  for (let start = 0; start < bytes.length; start += chunkLength) {
    parser.write(bytes.subarray(start, start + chunkLength));
  }
  parser.end();
  return parts;
}

const part = (disposition: string, content = 'x'): string =>
  `--b0und\r\nContent-Disposition: ${disposition}\r\n\r\n${content}\r\n`;
const file = (filename: string): string => part(`form-data; name="files"; filename="${filename}"`);
const last = '--b0und--\r\n';

describe('MultipartParser', () => {
  const contents = ['', 'a', '\r\n', '\r\n--b0un', '--b0und', '\r\r\n\n--b0und', '\r\n--b0unD--\r\n', 'é'];
  const body = contents.map((content) => part('form-data; name="files"; filename="f"', content)).join('') + last;
  const length = Buffer.byteLength(body);

  it.each([1, 2, 3, 5, 7, 8, 9, 16, 17, 64, length - 1, length])('reads chunks of %i bytes', (chunkLength) => {
    const parts = parse(body, chunkLength);
    expect(parts.map((found) => Buffer.from(found.content, 'latin1').toString())).toEqual(contents);
    expect(parts.every((found) => found.ended)).toBe(true);
  });

  it('accepts the last boundary with and without a CRLF', () => {
    expect(parse(`${file('a')}--b0und--`)).toHaveLength(1);
    expect(parse(`${file('a')}--b0und--\r\n`)).toHaveLength(1);
    expect(parse('--b0und--\r\n')).toHaveLength(0);
  });

  it.each([
    ['a.txt', 'a.txt'],
    ['with space;semicolon=.txt', 'with space;semicolon=.txt'],
    ['ünï — 文件.txt', 'ünï — 文件.txt'],
    ['%22quoted%22', '"quoted"'],
    [String.raw`\"curl\"`, '"curl"'],
    ['two%0D%0Alines', 'two\r\nlines'],
    ['100%25 %41 %0d %', '100%25 %41 %0d %'],
    [String.raw`back\slash`, String.raw`back\slash`],
    ['', ''],
  ])('reads the filename %j as %j', (sent, expected) => {
    expect(parse(file(sent) + last)[0]?.filename).toBe(expected);
  });

  it('distinguishes fields from files, and reads tokens', () => {
    expect(parse(part('form-data; name=files; filename=a.txt') + last)[0]).toMatchObject({ filename: 'a.txt' });
    expect(parse(part('form-data; name="plain"') + last)[0]).toMatchObject({ name: 'plain', filename: undefined });
  });

  it.each([
    ['no opening boundary', `x${file('a')}${last}`],
    ['another boundary', '--other\r\n'],
    ['a preamble', `preamble\r\n${file('a')}${last}`],
    ['an epilogue', `${file('a')}${last}epilogue`],
    ['an epilogue of one byte', `${file('a')}--b0und--x`],
    ['half a CRLF at the end', `${file('a')}--b0und--\r`],
    ['no last boundary', file('a')],
    ['a boundary that goes on', `${file('a')}--b0undary\r\n`],
    ['transport padding', `--b0und \r\n${file('a').slice('--b0und\r\n'.length)}${last}`],
    ['no header', `--b0und\r\n\r\nx\r\n${last}`],
    ['no Content-Disposition', `--b0und\r\nContent-Type: text/plain\r\n\r\nx\r\n${last}`],
    ['Content-Disposition twice', file('a').replace('\r\n\r\n', '\r\nContent-Disposition: form-data\r\n\r\n') + last],
    ['an unknown header', file('a').replace('\r\n\r\n', '\r\nContent-Length: 1\r\n\r\n') + last],
    ['a folded header', file('a').replace('; filename', ';\r\n filename') + last],
    ['bare LFs', file('a').replaceAll('\r\n', '\n') + last],
    ['a bad Content-Type', file('a').replace('\r\n\r\n', '\r\nContent-Type: text\r\n\r\n') + last],
    ['attachment', part('attachment; name="files"; filename="a"') + last],
    ['no name', part('form-data; filename="a"') + last],
    ['filename*', part(`form-data; name="files"; filename*=UTF-8''a`) + last],
    ['filename twice', part('form-data; name="files"; filename="a"; filename="b"') + last],
    ['a quote inside', file('a"b') + last],
    ['an open quote', part('form-data; name="files"; filename="a') + last],
    ['a NUL', file('a\0b') + last],
    ['a huge header', file('a'.repeat(17_000)) + last],
  ])('rejects %s', (_, malformed) => {
    expect(() => parse(malformed)).toThrow(MultipartError);
    expect(() => parse(malformed, 1)).toThrow(MultipartError);
  });

  it('rejects a header that is not UTF-8', () => {
    expect(() => parse(file('\u00e9') + last, 1000, 'latin1')).toThrow('not UTF-8');
  });
});

describe('multipartBoundary', () => {
  it.each([
    ['multipart/form-data; boundary=abc', 'abc'],
    ['Multipart/Form-Data;charset=utf-8; Boundary="a b:c"', 'a b:c'],
    ['multipart/mixed; boundary=abc', undefined],
    ['application/json', undefined],
    [undefined, undefined],
  ])('%j has %j', (contentType, boundary) => {
    expect(multipartBoundary(contentType)).toBe(boundary);
  });

  it.each(['', '; boundary=', '; boundary="a "', `; boundary=${'a'.repeat(71)}`, '; boundary=a; boundary=b'])(
    'rejects multipart/form-data%s',
    (parameters) => {
      expect(() => multipartBoundary(`multipart/form-data${parameters}`)).toThrow(MultipartError);
    },
  );
});
