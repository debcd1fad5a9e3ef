/** The sandbox's Python index accepts only forms that twine could have sent. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHashes } from '../../pipe/io/hashes.ts';
import { startSandbox, type Sandbox } from './sandbox.ts';
import { tokens } from './tokens.ts';

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await startSandbox();
});
afterEach(() => sandbox.close());

const content = Buffer.from('a wheel');
const filename = 'acme_lib-1.0-py3-none-any.whl';
const authorization = `Basic ${Buffer.from(`${tokens.packagesUser}:${tokens.packagesToken}`).toString('base64')}`;

function digests(): Readonly<Record<'sha256' | 'blake2b256', string>> {
  const hashes = createHashes(['sha256', 'blake2b256']);
  hashes.update(content);
  return hashes.digest();
}

type Fields = readonly (readonly [name: string, value: string])[];

const valid: Fields = [
  [':action', 'file_upload'],
  ['protocol_version', '1'],
  ['metadata_version', '2.1'],
  ['name', 'acme-lib'],
  ['version', '1.0'],
  ['classifiers', 'A'],
  ['classifiers', 'B'],
  ['filetype', 'bdist_wheel'],
  ['pyversion', 'py3'],
  ['sha256_digest', digests().sha256],
  ['blake2_256_digest', digests().blake2b256],
];

async function send(fields: Fields, name = filename, more: Readonly<Record<string, string>> = {}): Promise<number> {
  const part = (head: string, body: string): string =>
    `--B\r\nContent-Disposition: form-data; ${head}\r\n\r\n${body}\r\n`;
  const type = 'Content-Type: application/octet-stream';
  const file = part(`name="content"; filename="${name}"\r\n${type}`, content.toString());
  const body = [...fields.map(([key, value]) => part(`name="${key}"`, value)), file, '--B--\r\n'].join('');
  const headers = { authorization, 'content-type': 'multipart/form-data; boundary=B', ...more };
  return (await fetch(sandbox.pypiUrl, { method: 'POST', headers, body })).status;
}

const without = (name: string): Fields => valid.filter(([key]) => key !== name);
const replaced = (name: string, value: string): Fields => valid.map(([key, old]) => [key, key === name ? value : old]);

it('accepts a form, and shows the file', async () => {
  expect(await send(valid)).toBe(200);
  expect(sandbox.violations).toEqual([]);
  const page = await fetch(`${sandbox.pypiUrl}/simple/acme-lib/`, {
    headers: { authorization, accept: 'application/vnd.pypi.simple.v1+json' },
  });
  expect(await page.json()).toMatchObject({ files: [{ filename, hashes: { sha256: digests().sha256 } }] });
  const html = await fetch(`${sandbox.pypiUrl}/simple/acme-lib/`, { headers: { authorization } });
  expect(await html.text()).toContain(`/acme/files/${filename}#sha256=${digests().sha256}"`);
  // Identical content is a success for PyPI.
  expect(await send(valid)).toBe(200);
});

describe('refuses, as a violation,', () => {
  it.each<[string, Fields, string?]>([
    ['an unknown field', [...valid, ['md5_digest', 'x']]],
    ['a field twice', [...valid, ['summary', 'a'], ['summary', 'b']]],
    ...[
      ':action',
      'protocol_version',
      'metadata_version',
      'name',
      'version',
      'filetype',
      'pyversion',
      'sha256_digest',
    ].map((name): [string, Fields] => [`no ${name}`, without(name)]),
    ['another action', replaced(':action', 'submit')],
    ['an unknown metadata version', replaced('metadata_version', '9.9')],
    ['a wrong SHA-256', replaced('sha256_digest', 'a'.repeat(64))],
    ['a wrong BLAKE2', replaced('blake2_256_digest', 'a'.repeat(64))],
    ['another kind', replaced('filetype', 'sdist')],
    ['another Python', replaced('pyversion', 'py2')],
    ['another name', replaced('name', 'other')],
    ['another file', valid, 'acme_lib-1.0.zip'],
  ])('%s', async (_, fields, name = filename) => {
    expect(await send(fields, name)).toBe(400);
    expect(sandbox.violations).toHaveLength(1);
    expect(sandbox.pypi.projects.size).toBe(0);
  });
});

it('asks for credentials', async () => {
  expect(await send(valid, filename, { authorization: `Basic ${btoa('a:b')}` })).toBe(401);
  expect((await fetch(`${sandbox.pypiUrl}/simple/acme-lib/`)).status).toBe(401);
});
