import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { planPackages } from '../../../pipe/destinations/pypi/plan.ts';
import { pax, tar, type TarEntry } from '../../archive/tar/tar-writer.ts';
import { lib, metadataOf, sdist, sdistEntries, sdistName } from './packages.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sdist-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

async function plan(content: Buffer, name = sdistName(lib)) {
  await writeFile(join(directory, name), content);
  return await planPackages({ patterns: { form: 'string', value: name } }, { workingDirectory: directory });
}

function withEntries(...more: readonly TarEntry[]): Buffer {
  return gzipSync(tar([...sdistEntries(), ...more]));
}

const top = 'acme_lib-1.0.0';

it('is read with its metadata', async () => {
  const { files } = await plan(sdist({ ...lib, headers: ['Summary: A lib'] }));
  expect(files).toMatchObject([{ filename: sdistName(lib), name: 'acme-lib', filetype: 'sdist', warnings: [] }]);
  expect(files[0]?.fields).toEqual(
    expect.arrayContaining([
      ['summary', 'A lib'],
      ['pyversion', 'source'],
    ]),
  );
});

it('may have links inside of it, global headers, and PKG-INFO of others', async () => {
  const content = gzipSync(
    tar([
      pax({ comment: 'a commit' }, 'g'),
      ...sdistEntries(),
      { name: `${top}/link`, type: '2', linkName: 'setup.py' },
      { name: `${top}/hard`, type: '1', linkName: `${top}/setup.py` },
      { name: `${top}/src/acme.egg-info/PKG-INFO`, content: 'other' },
    ]),
  );
  await expect(plan(content)).resolves.toMatchObject({ files: [{ version: '1.0.0' }] });
});

it('may be named as older builders did, which some indexes refuse', async () => {
  const entries = sdistEntries().map((entry) => ({ ...entry, name: entry.name.replace(top, 'Acme-Lib-1.0') }));
  const { files } = await plan(gzipSync(tar(entries)), 'Acme-Lib-1.0.tar.gz');
  expect(files[0]?.warnings).toEqual([
    'Acme-Lib-1.0.tar.gz is not named acme_lib-1.0.0.tar.gz, as PEP 625 requires: some indexes refuse it',
  ]);
});

it.each<[string, () => Buffer, RegExp]>([
  ['other bytes', () => Buffer.from('text'), /is not compressed with gzip, although its name ends with \.tar\.gz/],
  ['something else inside', () => gzipSync('text'.repeat(1000)), /is not a tar archive/],
  ['half of it', () => sdist().subarray(0, 100), /is cut off/],
  [
    'no end mark',
    () => gzipSync(tar(sdistEntries(), Buffer.alloc(0))),
    /is cut off: its tar archive has no end marker/,
  ],
  [
    'no PKG-INFO',
    () => gzipSync(tar(sdistEntries().filter(({ name }) => !name.endsWith('PKG-INFO')))),
    /has no PKG-INFO in its top/,
  ],
  [
    'two directories',
    () => withEntries({ name: 'other/a.py', content: '' }),
    /has other\/a\.py outside of acme_lib-1\.0\.0/,
  ],
  ['a file at the top', () => withEntries({ name: 'a.py', content: '' }), /has a\.py outside of acme_lib-1\.0\.0/],
  ['another name', () => sdist({ ...lib, name: 'other' }), /has the top directory other-1\.0\.0, which is not/],
  [
    'other metadata',
    () => withEntries({ name: `${top}/PKG-INFO`, content: metadataOf({ ...lib, version: '2.0' }) }),
    /contains acme-lib 2\.0, which is not the name and version/,
  ],
  ['a path that leads out', () => withEntries({ name: `${top}/../a`, content: '' }), /which leads out of the package/],
  [
    'a link that leads out',
    () => withEntries({ name: `${top}/a`, type: '2', linkName: '../../etc/passwd' }),
    /a link to \.\.\/\.\.\/etc\/passwd, which leads out/,
  ],
  ['an absolute link', () => withEntries({ name: `${top}/a`, type: '2', linkName: '/etc/passwd' }), /which leads out/],
  ['a device', () => withEntries({ name: `${top}/a`, type: '3' }), /a special file, which pip refuses to unpack/],
  [
    'a directory PKG-INFO',
    () => withEntries({ name: `${top}/PKG-INFO/`, type: '5' }),
    /PKG-INFO is a directory, not a file/,
  ],
  [
    'a bomb',
    () => withEntries({ name: `${top}/a`, content: Buffer.alloc(101e6) }),
    /expands from .* to more than 100 MB/,
  ],
])('is refused with %s', async (_, make, message) => {
  await expect(plan(make())).rejects.toThrow(message);
});

it('is one of several of the same name, which is refused', async () => {
  await writeFile(join(directory, sdistName(lib)), sdist());
  await writeFile(join(directory, 'copy'), sdist());
  const { mkdir, rename } = await import('node:fs/promises');
  await mkdir(join(directory, 'sub'));
  await rename(join(directory, 'copy'), join(directory, 'sub', sdistName(lib)));
  const patterns = { form: 'items', items: [sdistName(lib), 'sub/*'] } as const;
  await expect(planPackages({ patterns }, { workingDirectory: directory })).rejects.toThrow(
    'acme_lib-1.0.0.tar.gz and sub/acme_lib-1.0.0.tar.gz would all be published as acme_lib-1.0.0.tar.gz',
  );
});
