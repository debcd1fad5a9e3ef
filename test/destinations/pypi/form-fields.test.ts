/** The fields that twine 7.0 sent for the same metadata, as recorded; test/integration/pypi compares them with real ones. */

import { expect, it } from '@jest/globals';
import { formFields } from '../../../pipe/destinations/pypi/form-fields.ts';
import { readMetadata } from '../../../pipe/destinations/pypi/metadata.ts';

const metadata = `Metadata-Version: 2.1
Name: Acme_Lib.x
Version: 1.0
Summary: A lib
Keywords: one,two , three
Home-page: https://acme.example
Author-email: Jürgen <j@acme.example>
License: MIT
 and more
License-File: LICENSE
Project-URL: Source , https://acme.example/src,x
Project-URL: Docs,https://acme.example/docs
Platform: any
Supported-Platform: linux
Classifier: A
Classifier: B
Requires-Python: >=3.9
Requires-Dist: six>=1 ; extra == "x"
Provides-Extra: x
Dynamic: License
Description-Content-Type: text/markdown

# Acme
`;

const digests = { sha256: 'a'.repeat(64), blake2b256: 'b'.repeat(64) };
const file = { filetype: 'bdist_wheel', pyversion: 'py3', readings: [] } as const;

const expected = [
  [':action', 'file_upload'],
  ['author_email', 'Jürgen <j@acme.example>'],
  ['blake2_256_digest', 'b'.repeat(64)],
  ['classifiers', 'A'],
  ['classifiers', 'B'],
  ['description', '# Acme\n'],
  ['description_content_type', 'text/markdown'],
  ['dynamic', 'License'],
  ['filetype', 'bdist_wheel'],
  ['home_page', 'https://acme.example'],
  ['keywords', 'one, two, three'],
  ['license', 'MIT\n and more'],
  ['metadata_version', '2.1'],
  ['name', 'Acme-Lib.x'],
  ['platform', 'any'],
  ['project_urls', 'Docs, https://acme.example/docs'],
  ['project_urls', 'Source, https://acme.example/src,x'],
  ['protocol_version', '1'],
  ['provides_extra', 'x'],
  ['pyversion', 'py3'],
  ['requires_dist', 'six>=1 ; extra == "x"'],
  ['requires_python', '>=3.9'],
  ['sha256_digest', 'a'.repeat(64)],
  ['summary', 'A lib'],
  ['supported_platform', 'linux'],
  ['version', '1.0'],
];

function fieldsOf(text: string) {
  return formFields(readMetadata(Buffer.from(text), 'METADATA'), file, digests).map(([name, value]) => [name, value]);
}

it('are exactly those of twine', () => {
  expect(fieldsOf(metadata).sort((a, b) => (a.join('\0') < b.join('\0') ? -1 : 1))).toEqual(expected);
});

it('include licence files from metadata 2.4 on', () => {
  expect(fieldsOf(metadata.replace('2.1', '2.4'))).toContainEqual(['license_file', 'LICENSE']);
  expect(fieldsOf(metadata.replace('2.1', '2.3'))).not.toContainEqual(['license_file', 'LICENSE']);
});

it('leave out what the form does not have', () => {
  const text = metadata.replace('Metadata-Version: 2.1', 'Metadata-Version: 2.5\nImport-Name: acme');
  const names = fieldsOf(text).map(([name]) => name);
  expect(names).not.toContain('import_name');
});
