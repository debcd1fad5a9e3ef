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
  version: '1.2.3',
  repositoryPath: 'acme/upload-pipe',
  repositoryUrl: 'https://bitbucket.org/acme/upload-pipe',
};

describe('parseMetadata', () => {
  it('reads version and repository', () => {
    expect(parseMetadata(yaml)).toEqual(metadata);
  });

  it.each([
    ['a registry with a port', yaml.replace('acme/upload:', 'registry:5000/upload:'), metadata],
    ['a slash at the end', yaml.replace('upload-pipe', 'upload-pipe/'), metadata],
    ['quotes', yaml.replace('acme/upload:1.2.3', '"acme/upload:1.2.3"').replace(/(https.*)/, "'$1'"), metadata],
    ['line breaks of Windows', yaml.replaceAll('\n', '\r\n'), metadata],
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
  it('reads the first file that exists and is complete', async () => {
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
  it("finds the newest version among the tags of the pipe's repository", async () => {
    const asked: string[] = [];
    const found = await findNewerVersion(metadata, (url) => {
      asked.push(url);
      return tags('9', 'nightly', '1.2.9', '1.10.0', '1.3.0', '1.2.3', '2.0.0-rc1')();
    });
    expect([found, asked]).toEqual([
      '1.10.0',
      [
        'https://api.bitbucket.org/2.0/repositories/acme/upload-pipe/refs/tags?sort=-target.date&pagelen=100&fields=values.name',
      ],
    ]);
  });

  it('reads another list if one is given', async () => {
    const found = await findNewerVersion(
      metadata,
      async (url) => (url === 'https://mirror.example/' ? { values: [{ name: '1.3.0' }] } : {}),
      'https://mirror.example/',
    );
    expect(found).toBe('1.3.0');
  });

  it.each<[string, () => Promise<unknown>]>([
    ['the same version', tags('1.2.3')],
    ['an older one', tags('1.2.2')],
    ['a version that is not a string', tags(2)],
    ['no version', tags('latest', 'v9.0.0')],
    ['an empty list', tags()],
    ['entries that are not objects', async () => ({ values: [null, 5] })],
    ['a list instead of an object', async () => [{ name: '9.9.9' }]],
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

/** Fetches a list of these tags. */
function tags(...names: readonly unknown[]): () => Promise<unknown> {
  return async () => ({ values: names.map((name) => ({ name })) });
}
