/** Checks the fields of an upload against the API that PyPI documents. @see https://docs.pypi.org/api/upload/ */
import type { FormPair } from './pypi-store.ts';
import { normalized } from './pypi-store.ts';

const single = [
  ':action',
  'protocol_version',
  'filetype',
  'pyversion',
  'sha256_digest',
  'blake2_256_digest',
  'metadata_version',
  'name',
  'version',
  'summary',
  'description',
  'description_content_type',
  'keywords',
  'home_page',
  'download_url',
  'author',
  'author_email',
  'maintainer',
  'maintainer_email',
  'license',
  'license_expression',
  'requires_python',
];

const repeated = [
  'classifiers',
  'platform',
  'supported_platform',
  'requires',
  'provides',
  'obsoletes',
  'requires_dist',
  'provides_dist',
  'obsoletes_dist',
  'requires_external',
  'project_urls',
  'provides_extra',
  'dynamic',
  'license_file',
];

const required = [
  ':action',
  'protocol_version',
  'filetype',
  'pyversion',
  'sha256_digest',
  'metadata_version',
  'name',
  'version',
];
const metadataVersions = ['1.0', '1.1', '1.2', '2.0', '2.1', '2.2', '2.3', '2.4'];

export interface ReceivedFile {
  readonly filename: string;
  readonly sha256: string;
  readonly blake2b256: string;
}

/** @returns what is wrong with the form; undefined if nothing is */
export function formProblem(
  fields: readonly FormPair[],
  { filename, sha256, blake2b256 }: ReceivedFile,
): string | undefined {
  const unknown = fields.find(([name]) => !single.includes(name) && !repeated.includes(name));
  if (unknown !== undefined) return `an unknown field ${unknown[0]}`;
  const twice = single.find((name) => fields.filter(([other]) => other === name).length > 1);
  if (twice !== undefined) return `the field ${twice} twice`;
  const values = new Map(fields);
  const missing = required.find((name) => (values.get(name) ?? '') === '');
  if (missing !== undefined) return `no field ${missing}`;
  if (values.get(':action') !== 'file_upload' || values.get('protocol_version') !== '1') return 'another action';
  if (!metadataVersions.includes(values.get('metadata_version') ?? '')) return 'an unknown metadata_version';
  if (values.get('sha256_digest') !== sha256) return 'the sha256_digest is wrong';
  if ((values.get('blake2_256_digest') ?? blake2b256) !== blake2b256) return 'the blake2_256_digest is wrong';
  return nameProblem(values, filename);
}

function nameProblem(values: ReadonlyMap<string, string>, filename: string): string | undefined {
  const isWheel = filename.endsWith('.whl');
  if (!isWheel && !filename.endsWith('.tar.gz')) return `the file name ${filename}`;
  if (values.get('filetype') !== (isWheel ? 'bdist_wheel' : 'sdist'))
    return `another filetype than that of ${filename}`;
  const parts = filename.replace(/\.whl$|\.tar\.gz$/, '').split('-');
  if (values.get('pyversion') !== (isWheel ? parts.at(-3) : 'source'))
    return `another pyversion than that of ${filename}`;
  const begins = normalized(filename).startsWith(`${normalized(values.get('name') ?? '')}-`);
  return begins ? undefined : `the name ${values.get('name')} for ${filename}`;
}
