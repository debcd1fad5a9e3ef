/**
 * The form fields of an upload, exactly those that twine sends.
 *
 * @see https://docs.pypi.org/api/upload/
 */

import type { FormField } from '../../http/multipart.ts';
import type { CoreMetadata } from './metadata.ts';
import type { FileName } from './names.ts';

/** The digests of a file, in hexadecimal digits. */
export interface FileDigests {
  readonly sha256: string;
  readonly blake2b256: string;
}

/** The form's name of each header that does not simply have its dashes replaced. */
const otherNames: Readonly<Record<string, string>> = { classifier: 'classifiers', 'project-url': 'project_urls' };

/** Headers of metadata 2.5 that the form does not have yet. */
const withoutField: ReadonlySet<string> = new Set(['import-name', 'import-namespace']);

/** The fields of a file, except its content. */
export function formFields(
  { headers, metadataVersion, name }: CoreMetadata,
  { filetype, pyversion }: FileName,
  { sha256, blake2b256 }: FileDigests,
): readonly FormField[] {
  const fields: FormField[] = [
    [':action', 'file_upload'],
    ['protocol_version', '1'],
  ];
  for (const [header, values] of headers) {
    // Older builders wrote it before the specification had it, with another meaning (PEP 639).
    if (withoutField.has(header) || (header === 'license-file' && !knowsLicenseFiles(metadataVersion))) continue;
    const field = otherNames[header] ?? header.replaceAll('-', '_');
    for (const value of values) fields.push([field, fieldValue(header, value, name)]);
  }
  fields.push(['filetype', filetype], ['pyversion', pyversion]);
  fields.push(['sha256_digest', sha256], ['blake2_256_digest', blake2b256]);
  return fields;
}

function fieldValue(header: string, value: string, name: string): string {
  if (header === 'name') return name.replaceAll(/[^A-Za-z0-9.]+/g, '-');
  const trimAll = (parts: readonly string[]): string => parts.map((part) => part.trim()).join(', ');
  if (header === 'keywords') return trimAll(value.split(','));
  if (header !== 'project-url') return value;
  const [label = ''] = value.split(',', 1);
  return trimAll([label, value.slice(label.length + 1)]);
}

/** From metadata 2.4 on (PEP 639). */
function knowsLicenseFiles(metadataVersion: string): boolean {
  const [major = 0, minor = 0] = metadataVersion.split('.').map(Number);
  return major > 2 || (major === 2 && minor >= 4);
}
