import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { planPackages } from '../../../pipe/destinations/pypi/plan.ts';
import { zip, type ZipMember } from '../../archive/zip-writer.ts';
import { lib, metadataOf, recordHash, wheel, wheelMembers, wheelName } from './packages.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wheel-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

async function plan(content: Buffer, name = wheelName(lib)) {
  await writeFile(join(directory, name), content);
  return await planPackages({ patterns: { form: 'string', value: name } }, { workingDirectory: directory });
}

/** The members, with others in place of some. */
function changed(change: (name: string, content: Buffer | string) => ZipMember | undefined): Buffer {
  return zip(wheelMembers().flatMap(({ name, content }) => change(name, content) ?? []));
}

/** With these rows added to RECORD. */
function withRecord(rows: string, ...more: readonly ZipMember[]): Buffer {
  const members = wheelMembers().map(({ name, content }) => ({
    name,
    content: name.endsWith('/RECORD') ? `${content.toString()}${rows}` : content,
  }));
  return zip([...members, ...more]);
}

it('is read with its metadata, whatever its files are called', async () => {
  const release = { ...lib, headers: ['Summary: A lib'] };
  const { files } = await plan(
    wheel(release, { 'a dir/ünï,"1".txt': 'x', 'empty.txt': '', 'acme/large.bin': Buffer.alloc(500_000, 'ab') }),
  );
  expect(files).toMatchObject([
    { filename: wheelName(lib), name: 'acme-lib', version: '1.0.0', filetype: 'bdist_wheel' },
  ]);
  expect(files[0]?.fields).toContainEqual(['summary', 'A lib']);
});

it('may have stored members, directories, and signatures that are not in RECORD', async () => {
  const members = wheelMembers().map((member) => ({ ...member, isStored: true }));
  const more = ['acme_lib/', 'acme_lib-1.0.0.dist-info/RECORD.jws'].map((name) => ({ name, content: '' }));
  await expect(plan(zip([...members, ...more]))).resolves.toMatchObject({ files: [{}] });
});

it('may have hashes better than SHA-256', async () => {
  const extra = { name: 'acme_lib/extra.py', content: 'x = 1\n' };
  const row = `${extra.name},${recordHash(extra.content, 'sha512')},6\n`;
  await expect(plan(withRecord(row, extra))).resolves.toMatchObject({ files: [{}] });
});

it.each<[string, () => Buffer, RegExp]>([
  ['a file that is not a ZIP archive', () => Buffer.from('text'), /is not a wheel that can be installed/],
  ['no dist-info', () => zip([{ name: 'a.py', content: '' }]), /has no \.dist-info directory/],
  [
    'two of them',
    () => zip([...wheelMembers(), { name: 'other-1.0.dist-info/METADATA', content: '' }]),
    /has several \.dist-info directories: acme_lib-1\.0\.0\.dist-info, other-1\.0\.dist-info/,
  ],
  ...['METADATA', 'WHEEL', 'RECORD'].map((part): [string, () => Buffer, RegExp] => [
    `no ${part}`,
    () => changed((name, content) => (name.endsWith(`/${part}`) ? undefined : { name, content })),
    new RegExp(`has no acme_lib-1\\.0\\.0\\.dist-info/${part}: build the wheel anew`),
  ]),
  [
    'a changed file',
    () => changed((name, content) => ({ name, content: name.endsWith('.py') ? 'changed' : content })),
    /RECORD does not match the files .*\n.*RECORD: acme_lib\/__init__\.py has sha256 [0-9a-f]{64}, but is listed with [0-9a-f]{64}/,
  ],
  [
    'a file that is not listed',
    () => zip([...wheelMembers(), { name: 'acme_lib/extra.py', content: '' }]),
    /RECORD: acme_lib\/extra\.py is in the wheel, but not listed/,
  ],
  [
    'a file that is listed without a hash',
    () => withRecord('acme_lib/extra.py,,\n', { name: 'acme_lib/extra.py', content: '' }),
    /acme_lib\/extra\.py is in the wheel, but listed without a hash/,
  ],
  [
    'a listed file that is not there',
    () => withRecord(`acme_lib/gone.py,${recordHash('')},0\n`),
    /RECORD: acme_lib\/gone\.py is listed, but not in the wheel/,
  ],
  [
    'a wrong size',
    () => withRecord(`a.py,${recordHash('a')},2\n`, { name: 'a.py', content: 'a' }),
    /a\.py has 1 bytes, but is listed with 2/,
  ],
  [
    'many files that are not listed',
    () => zip([...wheelMembers(), ...Array.from({ length: 20 }, (_, at) => ({ name: `f${at}.py`, content: '' }))]),
    /RECORD: and 15 more such files\n(?:.*not listed\n){4}.*f4\.py is in the wheel, but not listed$/,
  ],
  [
    'two files of one path',
    () => zip([...wheelMembers(), { name: 'acme_lib/__init__.py', content: '' }]),
    /has two files acme_lib\/__init__\.py, and installers differ/,
  ],
  ['a path that leads out', () => zip([...wheelMembers(), { name: '../a.py', content: '' }]), /which leads out/],
  ['a path with a backslash', () => zip([...wheelMembers(), { name: 'a\\b.py', content: '' }]), /which leads out/],
  [
    'another version',
    () => wheel({ ...lib, version: '1.0.1' }),
    /has acme_lib-1\.0\.1\.dist-info, which is not the name/,
  ],
  [
    'other metadata',
    () => {
      const other = metadataOf({ ...lib, name: 'other' });
      const path = 'acme_lib-1.0.0.dist-info/METADATA';
      const members = wheelMembers().map(({ name, content }) => ({
        name,
        content:
          name === path
            ? other
            : name.endsWith('/RECORD')
              ? content.toString().replace(/^.*METADATA.*$/m, `${path},${recordHash(other)},`)
              : content,
      }));
      return zip(members);
    },
    /contains other 1\.0\.0, which is not the name and version of the file/,
  ],
  [
    'an unknown Wheel-Version',
    () => changed((name, content) => ({ name, content: name.endsWith('/WHEEL') ? 'Wheel-Version: 2.0\n' : content })),
    /has the Wheel-Version "2\.0", but installers know 1\.0/,
  ],
  [
    'a size that lies',
    () =>
      zip(
        wheelMembers(lib, { 'a.bin': Buffer.alloc(2_000_000) }).map((each) =>
          each.name === 'a.bin' ? { ...each, claimedSize: 10 } : each,
        ),
      ),
    /a\.bin in it is longer than its header says/,
  ],
  [
    'more than any package',
    () =>
      zip(
        wheelMembers(lib, { 'a.bin': 'a' }).map((each) =>
          each.name === 'a.bin' ? { ...each, claimedSize: 200_000_000 } : each,
        ),
      ),
    /expands from .* to more than 100 MB, which no package does/,
  ],
])('is refused with %s', async (_, make, message) => {
  await expect(plan(make())).rejects.toThrow(message);
});

it('is refused if it is empty', async () => {
  await expect(plan(Buffer.alloc(0))).rejects.toThrow('is empty: it is not a package');
});
