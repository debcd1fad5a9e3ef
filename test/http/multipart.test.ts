import { describe, expect, it } from '@jest/globals';
import { fileForm, formBody, needsEscaping } from '../../pipe/http/multipart.ts';
import { type Body, bytesBody } from '../../pipe/io/body.ts';

async function textOf(body: Body): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body.open()) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

it('formBody has its fields before the file, repeated ones and line breaks as they are', async () => {
  const fields = [
    ['name', 'lib'],
    ['classifiers', 'a'],
    ['classifiers', 'b\nc "ü"'],
  ] as const;
  const { body } = formBody(fields, { field: 'files', filename: 'a.whl', content: bytesBody('content') }, 'B');
  const text = await textOf(body);
  expect(text).toMatch(/^--B\r\nContent-Disposition: form-data; name="name"\r\n\r\nlib\r\n--B\r\n/);
  expect(text).toContain('name="classifiers"\r\n\r\na\r\n--B');
  expect(text).toContain('name="classifiers"\r\n\r\nb\nc "ü"\r\n--B\r\nContent-Disposition: form-data; name="files"');
  expect(body.length).toBe(Buffer.byteLength(text));
});

describe('fileForm', () => {
  it('is one part as in RFC 7578, with the exact length', async () => {
    const { body, contentType } = fileForm('files', 'app.zip', bytesBody('content'), 'B');
    expect(contentType).toBe('multipart/form-data; boundary=B');
    const text = await textOf(body);
    expect(text).toBe(
      '--B\r\nContent-Disposition: form-data; name="files"; filename="app.zip"\r\nContent-Type: application/octet-stream\r\n\r\ncontent\r\n--B--\r\n',
    );
    expect(body.length).toBe(Buffer.byteLength(text));
  });

  it('can be opened again with the same boundary', async () => {
    const { body, contentType } = fileForm('files', 'ünï.zip', bytesBody('content'));
    const first = await textOf(body);
    expect(await textOf(body)).toBe(first);
    expect(first).toContain(contentType.replace('multipart/form-data; boundary=', '--'));
    expect(body.length).toBe(Buffer.byteLength(first));
  });

  it('has another boundary for each form', () => {
    expect(fileForm('files', 'a', bytesBody('')).contentType).not.toBe(
      fileForm('files', 'a', bytesBody('')).contentType,
    );
  });

  it.each([
    ['a"b.zip', 'filename="a%22b.zip"'],
    ['a\r\nb.zip', 'filename="a%0D%0Ab.zip"'],
    ['ünï 漢字.zip', 'filename="ünï 漢字.zip"'],
    ['back\\slash.zip', 'filename="back\\slash.zip"'],
  ])('writes the name %j as browsers do', async (name, expected) => {
    const head = (await textOf(fileForm('files', name, bytesBody('')).body)).split('\r\n\r\n')[0];
    expect(head).toContain(expected);
    expect(head?.split('\r\n')).toHaveLength(3);
  });
});

it.each([
  ['a"b', true],
  ['a\nb', true],
  ['100%22.zip', true],
  ['with space & ünï.zip', false],
  ['50%.zip', false],
])('needsEscaping(%j) is %s', (name, expected) => {
  expect(needsEscaping(name)).toBe(expected);
});
