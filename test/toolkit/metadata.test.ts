import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { findNewerVersion, isNewer, parseMetadata, readMetadata } from '../../pipe/toolkit/metadata.ts';

const yaml = `name: Upload
image: acme/upload:1.2.3
repository: https://bitbucket.org/acme/upload-pipe
variables:
  - name: TOKEN
`;
const metadata = {
  name: 'Upload',
  version: '1.2.3',
  repositoryPath: 'acme/upload-pipe',
  repositoryUrl: 'https://bitbucket.org/acme/upload-pipe',
};

describe('parseMetadata', () => {
  it('reads name, version and repository', () => {
    expect(parseMetadata(yaml)).toEqual(metadata);
  });

  it.each([
    ['a registry with a port', yaml.replace('acme/upload:', 'registry:5000/upload:'), metadata],
    ['a slash at the end', yaml.replace('upload-pipe', 'upload-pipe/'), metadata],
    ['no name', yaml.replace(/^name.*\n/, ''), { ...metadata, name: 'acme/upload-pipe' }],
  ])('accepts %s', (_, text, expected) => {
    expect(parseMetadata(text)).toEqual(expected);
  });

  it.each([
    ['no image', yaml.replace(/^image.*\n/m, '')],
    ['an image without a tag', yaml.replace(':1.2.3', '')],
    ['an image without a tag, of a registry with a port', yaml.replace('acme/upload:1.2.3', 'registry:5000/upload')],
    ['an image that is no text', yaml.replace('acme/upload:1.2.3', '{ name: upload }')],
    ['no repository', yaml.replace(/^repository.*\n/m, '')],
    ['a repository that is no web address', yaml.replace('https://bitbucket.org/', 'git@bitbucket.org:')],
    ['nothing', ''],
    ['a string', 'pipe'],
  ])('finds nothing in a file with %s', (_, text) => {
    expect(parseMetadata(text)).toBeUndefined();
  });
});

describe('readMetadata', () => {
  it('reads the first file that exists and is readable', async () => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'metadata-'));
    const at = (name: string): string => join(directory.path, name);
    await writeFile(at('broken.yml'), '{');
    await writeFile(at('first.yml'), yaml);
    await writeFile(at('second.yml'), yaml.replace('1.2.3', '9.9.9'));
    expect(await readMetadata([at('none.yml'), at('broken.yml'), at('first.yml'), at('second.yml')])).toEqual(metadata);
  });

  it('finds nothing if there is no file', async () => {
    expect(await readMetadata([])).toBeUndefined();
    expect(await readMetadata(['/no/such/pipe.yml'])).toBeUndefined();
  });
});

describe('isNewer', () => {
  it.each([
    ['1.2.4', '1.2.3'],
    ['1.3.0', '1.2.9'],
    ['2.0.0', '1.9.9'],
    ['1.2.10', '1.2.9'],
    ['10.0.0', '9.0.0'],
  ])('%s is newer than %s, and not the other way round', (newer, older) => {
    expect([isNewer(newer, older), isNewer(older, newer)]).toEqual([true, false]);
  });

  it.each([
    ['1.2.3', '1.2.3'],
    ['2.0.0-rc1', '1.0.0'],
    ['v2.0.0', '1.0.0'],
    ['2.0', '1.0.0'],
    ['latest', '1.0.0'],
    ['2.0.0', 'latest'],
    ['', ''],
  ])('%j is not newer than %j', (candidate, current) => {
    expect(isNewer(candidate, current)).toBe(false);
  });
});

describe('findNewerVersion', () => {
  const entry = { repositoryPath: 'acme/upload-pipe', version: '1.3.0' };

  it('finds the version of this pipe, in the list that Atlassian publishes', async () => {
    const asked: string[] = [];
    const other = { repositoryPath: 'acme/other', version: '9.0.0' };
    const found = await findNewerVersion(metadata, (url) => {
      asked.push(url);
      return list(null, other, {}, entry)();
    });
    expect([found, asked]).toEqual([
      '1.3.0',
      ['https://bitbucket.org/bitbucketpipelines/official-pipes/raw/master/pipes.prod.json'],
    ]);
  });

  it('reads another list if one is given', async () => {
    const found = await findNewerVersion(
      metadata,
      async (url) => (url === 'https://mirror.example/' ? [entry] : []),
      'https://mirror.example/',
    );
    expect(found).toBe('1.3.0');
  });

  it.each<[string, () => Promise<unknown>]>([
    ['the same version', list({ ...entry, version: '1.2.3' })],
    ['an older one', list({ ...entry, version: '1.2.2' })],
    ['a version that is not a string', list({ ...entry, version: 2 })],
    ['other pipes only', list({ ...entry, repositoryPath: 'acme/other' })],
    ['an empty list', list()],
    ['entries that are not objects', list(null, 5)],
    ['an object instead of a list', async () => ({ values: [] })],
    ['null', async () => null],
    ['no answer', () => Promise.reject(new Error('offline'))],
    [
      'a failure at once',
      () => {
        throw new Error('offline');
      },
    ],
  ])('finds nothing, and does not throw: %s', async (_, fetchJson) => {
    expect(await findNewerVersion(metadata, fetchJson)).toBeUndefined();
  });
});

/** Fetches a list of these entries. */
function list(...entries: readonly unknown[]): () => Promise<unknown> {
  return async () => entries;
}
