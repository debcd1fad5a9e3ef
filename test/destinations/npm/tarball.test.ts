/** A tarball that is not a package is refused with a reason, before any request. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { base256, pax, tar, type TarEntry } from '../../archive/tar/tar-writer.ts';
import { noise } from '../../oci/registry/images.ts';
import { useSandbox } from '../../run-pipe.ts';
import { lib, type Manifest, packageEntries, packageTarball, publish } from './tarballs.ts';

const packed = (...entries: readonly TarEntry[]): Buffer => gzipSync(tar(entries), { level: 1 });
const entries = packageEntries(lib);
const [manifest = { name: '' }] = entries;
const sound = packageTarball(lib, { 'index.js': noise(3000) });

const files: readonly (readonly [string, Buffer | string, RegExp])[] = [
  ['an empty file', '', /lib\.tgz is empty/],
  ['not gzip', 'hello', /lib\.tgz is not compressed with gzip/],
  ['an uncompressed tar archive', tar(entries), /is not compressed with gzip/],
  ['compressed in another format', deflateSync('x'), /is not compressed with gzip/],
  ['a zip', Buffer.from('PK\u0003\u0004'), /is not compressed with gzip/],
  ['gzip of nothing', gzipSync(''), /is cut off: its tar archive has no end marker/],
  ['gzip of something else', gzipSync(noise(2000)), /is not a tar archive/],
  [
    'gzip that is damaged',
    Buffer.concat([sound.subarray(0, 1000), noise(100), sound.subarray(1100)]),
    /is damaged: its gzip data/,
  ],
  ['a wrong checksum of gzip', Buffer.concat([sound.subarray(0, -8), Buffer.alloc(8)]), /is damaged: its gzip data/],
  ['a tar archive that is cut off', gzipSync(tar(entries).subarray(0, 560)), /is cut off: it ends after 560 bytes/],
  [
    'a tar archive without its end',
    gzipSync(tar(entries, Buffer.alloc(0))),
    /is cut off: its tar archive has no end marker/,
  ],
  ['a header with a wrong checksum', packed({ ...manifest, checksumError: 1 }), /is not a tar archive/],
  ['a size beyond the end', packed({ ...manifest, size: 4000 }), /is cut off/],
  ['an absurd size', packed({ name: 'package/x', size: base256(2n ** 50n) }), /is cut off/],
  ['a size that is not a valid number', packed({ name: 'package/x', size: base256(2n ** 60n) }), /has no valid size/],
  [
    'a huge package.json',
    packed({ name: 'package/package.json', content: Buffer.alloc(5_000_000, 32) }),
    /package\.json has 5\.00 MB, but the limit is 4\.19 MB/,
  ],
  [
    'a package.json that claims to be huge',
    packed({ ...manifest, size: base256(2n ** 40n) }),
    /package\.json has 1\.10 TB, but the limit is/,
  ],
  ['no package.json', packed({ name: 'package/index.js' }), /has no package\.json in its top directory/],
  [
    'a package.json at the root',
    packed({ ...manifest, name: 'package.json' }),
    /its package\.json must be inside a directory/,
  ],
  [
    'a package.json too deep',
    packed({ ...manifest, name: 'package/lib/package.json' }),
    /has no package\.json in its top directory/,
  ],
  ['two package.json', packed(...entries, manifest), /package\/package\.json is another package\.json/],
  [
    'two package.json in two directories',
    packed(...entries, { ...manifest, name: 'other/package.json' }),
    /other\/package\.json is another/,
  ],
  [
    'two package.json, one written in an unusual way',
    packed(...entries, { ...manifest, name: 'package/.//package.json' }),
    /is another package\.json/,
  ],
  [
    'a package.json by a pax header',
    packed(...entries, pax({ path: 'x/package.json' }), { ...manifest, name: 'x/y' }),
    /is another package\.json/,
  ],
  ['a directory package.json', packed({ name: 'package/package.json/', type: '5' }), /is a directory, not a file/],
  [
    'a link package.json',
    packed({ name: 'package/package.json', type: '2', linkName: '/etc/passwd' }),
    /is a symbolic link, not a file/,
  ],
  [
    'a path that goes up',
    packed(...entries, { name: 'package/../../evil' }),
    /has an entry package\/\.\.\/\.\.\/evil, which leads out/,
  ],
  [
    'a path that goes up with backslashes',
    packed(...entries, { name: 'package\\..\\..\\evil' }),
    /which leads out of the package/,
  ],
  ['an absolute path', packed(...entries, { name: '/etc/passwd' }), /has an entry \/etc\/passwd, which leads out/],
  [
    'a link that goes up, by name',
    packed(...entries, { name: '../evil', type: '2', linkName: 'x' }),
    /has an entry \.\.\/evil/,
  ],
  [
    'a huge README',
    packed(...entries, { name: 'package/README.md', content: Buffer.alloc(17_000_000, 32) }),
    /README and AUTHORS files have 17\.0 MB/,
  ],
  [
    'a gzip bomb',
    packed(...entries, { name: 'package/zeros', content: Buffer.alloc(101_000_000) }),
    /expands from 4\d\d kB to more than 100 MB/,
  ],
];

/** The largest entries that are accepted; with one more byte, they are refused. */
const largest = {
  'its longest name': {
    added: (more: number): readonly TarEntry[] => [
      pax({ path: `package/${'x'.repeat(4096 - 'package/'.length + more)}` }),
      { name: 'package/x' },
    ],
    message: /has a name of more than 4096 characters/,
  },
  'its longest README': {
    added: (more: number): readonly TarEntry[] => [
      { name: 'package/README.md', content: Buffer.alloc(4 * 1024 ** 2 + more, 32) },
    ],
    message: /README and AUTHORS files have 4\.19 MB/,
  },
} as const;

const manifests: readonly (readonly [string, Manifest | string, RegExp])[] = [
  ['invalid JSON', '{"name": "lib", ', /package\.json is not valid JSON/],
  ['an empty package.json', '', /package\.json is not valid JSON/],
  ['a list', '[]', /package\.json is not an object/],
  ['bytes that are not text', '{"name": "\u0000', /package\.json is not valid JSON/],
  ['no name', { version: '1.0.0' }, /package\.json: it has no name/],
  ['no version', { name: 'lib' }, /package\.json: it has no version/],
  ['a name that is a number', { ...lib, name: 5 }, /its name 5 is not a valid package name/],
  ['a name with spaces', { ...lib, name: 'my lib' }, /its name "my lib" is not a valid package name/],
  ['a name that goes up', { ...lib, name: '../lib' }, /is not a valid package name/],
  ['a name in a scope that goes up', { ...lib, name: '@acme/..' }, /is not a valid package name/],
  ['a name with three parts', { ...lib, name: '@a/b/c' }, /is not a valid package name/],
  ['an invalid version', { ...lib, version: '1.0' }, /its version "1\.0" is not valid semver \(for example 1\.2\.3\)/],
  ['a version that is a number', { ...lib, version: 1 }, /its version 1 is not valid semver/],
  ['a private package', { ...lib, private: true }, /"private" is set/],
  ['a prerelease without a tag', { ...lib, version: '1.0.0-beta' }, /1\.0\.0-beta is a prerelease.*give --dist-tag/],
  [
    'a tag of its own that is a version',
    { ...lib, publishConfig: { tag: '1.x' } },
    /its tag "1\.x" is not a valid dist-tag: npm would read it as a version range/,
  ],
  [
    'a restriction without a scope',
    { ...lib, name: 'lib', publishConfig: { access: 'restricted' } },
    /only packages with a scope/,
  ],
  ['package extensions', { ...lib, packageExtensions: {} }, /"packageExtensions" works only in the project/],
  [
    'a dependency on a workspace',
    { ...lib, dependencies: { a: 'workspace:^' } },
    /dependencies\.a is "workspace:\^", which nothing can install/,
  ],
  ['a main that is not a string', { ...lib, main: {} }, /"main" is not a string/],
];

describe('refuses a tarball that is', () => {
  const fixture = useSandbox();
  const refuse = async (content: Buffer | string, message: RegExp): Promise<void> => {
    await writeFile(join(fixture.directory, 'lib.tgz'), content);
    const { exitCode, output } = await publish(fixture, 'lib.tgz');
    expect([exitCode, output]).toEqual([1, expect.stringMatching(message)]);
    expect(output).not.toContain('Unexpected error');
    expect(fixture.sandbox.requests).toEqual([]);
  };

  it.each(files)('%s', async (_, content, message) => refuse(content, message));
  it.each(manifests)('of a package with %s', async (_, content, message) =>
    refuse(packageTarball(content, {}), message),
  );

  it.each(Object.entries(largest))('larger than %s', async (_, { added, message }) => {
    await writeFile(join(fixture.directory, 'lib.tgz'), packed(...entries, ...added(0)));
    const { exitCode, output } = await publish(fixture, 'lib.tgz', '--dry-run');
    expect([exitCode, output]).toEqual([0, expect.stringMatching(/^✔ /m)]);
    await refuse(packed(...entries, ...added(1)), message);
  });

  it('cut off anywhere', async () => {
    for (let length = 1; length < sound.length; length += 97)
      await refuse(sound.subarray(0, length), /cut off|not compressed with gzip|not a package/);
  });

  it('one of several: all problems are reported, and nothing is published', async () => {
    for (const [name, content] of [
      ['a', sound],
      ['b', Buffer.from('x')],
      ['c', packageTarball('{}')],
    ] as const)
      await writeFile(join(fixture.directory, `${name}.tgz`), content);
    const { exitCode, output } = await publish(fixture, '*.tgz');
    expect(exitCode).toBe(1);
    expect(output).toMatch(/✖ b\.tgz is not compressed with gzip.*\nc\.tgz: package\.json: it has no name/);
    expect(fixture.sandbox.requests).toEqual([]);
  });

  it('the same version as another', async () => {
    for (const name of ['a', 'b']) await writeFile(join(fixture.directory, `${name}.tgz`), sound);
    const { exitCode, output } = await publish(fixture, '*.tgz');
    expect(exitCode).toBe(1);
    expect(output).toContain('a.tgz and b.tgz are all @acme/lib@1.0.0: keep just one of them');
    expect(fixture.sandbox.requests).toEqual([]);
  });
});

describe('accepts an unusual tarball', () => {
  const fixture = useSandbox();

  it.each([
    ['with another first directory', packed({ ...manifest, name: 'lib-v1/package.json' })],
    ['with a byte order mark', packageTarball(`\uFEFF${JSON.stringify(lib)}`)],
    ['with links, which npm leaves out', packed(...entries, { name: 'package/link', type: '2', linkName: '../../x' })],
    ['with zeros after the end', Buffer.concat([sound, Buffer.alloc(700)])],
    [
      'of two gzip members',
      Buffer.concat([gzipSync(tar(entries).subarray(0, 600)), gzipSync(tar(entries).subarray(600))]),
    ],
    [
      'with fields of unexpected types',
      packageTarball({
        ...lib,
        man: 1,
        files: {},
        repositories: [5],
        directories: { bin: 5 },
        bin: [5],
        author: true,
        bugs: 5,
        keywords: 5,
        contributors: [null, 5],
        scripts: [],
      }),
    ],
  ])('%s', async (_, content) => {
    await writeFile(join(fixture.directory, 'lib.tgz'), content);
    const { exitCode, output } = await publish(fixture, 'lib.tgz');
    expect([exitCode, output]).toEqual([0, expect.any(String)]);
    expect(await fixture.sandbox.npm.packages.get('@acme/lib')?.versions.get('1.0.0')?.tarball.read()).toEqual(content);
  });
});
