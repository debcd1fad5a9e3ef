/** Every file of the image is in its SBOM, and every work of others has its notices. */

import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Component, reachableFrom, type Sbom, sbomProblems } from '../cyclonedx.ts';
import { outputOf } from '../release/run-command.ts';
import { docker, image, runNode } from './run-pipe.ts';

const root = join(__dirname, '..', '..');
let directory = '';
let sbom: Sbom;
let notices = '';

/** Unpacks the files of a container that never runs. */
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pipe-contents-'));
  const container = `pipe-test-${randomBytes(6).toString('hex')}`;
  await docker('create', `--name=${container}`, image);
  await docker('export', `--output=${directory}/files.tar`, container);
  await docker('rm', container);
  await mkdir(join(directory, 'files'));
  // Docker adds these to every container.
  const added = ['dev', 'etc/hostname', 'etc/hosts', 'etc/mtab', 'etc/resolv.conf', '.dockerenv'];
  const excluded = added.map((path) => `--exclude=${path}`);
  await outputOf('tar', [
    '--extract',
    `--directory=${directory}/files`,
    ...excluded,
    '--file',
    `${directory}/files.tar`,
  ]);
  sbom = JSON.parse(readFileSync(join(directory, 'files/dist/sbom.cdx.json'), 'utf8'));
  notices = readFileSync(join(directory, 'files/dist/THIRD-PARTY-NOTICES.txt'), 'utf8');
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

/** SHA-256 by path, without links. */
async function hashesOf(path: string): Promise<readonly string[]> {
  const stats = await lstat(path);
  if (stats.isDirectory())
    return (await Promise.all((await readdir(path)).map(async (name) => await hashesOf(join(path, name))))).flat();
  if (!stats.isFile()) return [];
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return [`${relative(join(directory, 'files'), path)} ${hash.digest('hex')}`];
}

const filesOf = ({ components = [] }: Component): readonly string[] =>
  components.map(({ name, hashes }) => `${name} ${hashes?.[0]?.content}`);
const libraries = (): readonly Component[] =>
  sbom.components.filter(({ purl }) => purl?.startsWith('pkg:npm/') !== true);

it("has an SBOM that is valid by CycloneDX's schema", () => {
  expect(sbomProblems(sbom)).toBe('No errors');
  expect(sbom.metadata.component).toMatchObject({ type: 'container', name: 'bitbucket-upload-package' });
});

it('has an SBOM with every file, once, and with its hash; only the SBOM does not have its own', async () => {
  const stated = [sbom.metadata.component, ...sbom.components].flatMap(filesOf);
  const found = (await hashesOf(join(directory, 'files'))).map((line) =>
    line.replace(/^(dist\/sbom\.cdx\.json) .*/, '$1 undefined'),
  );
  expect(found.length).toBeGreaterThan(10);
  expect([...stated].sort()).toEqual([...found].sort());
});

it('has an SBOM with every module of the bundle, Node.js, and the packages that the other files are from', async () => {
  const bundle: Sbom = JSON.parse(await readFile(join(root, 'dist/sbom.cdx.json'), 'utf8'));
  const described = sbom.components.filter(({ components }) => components === undefined);
  expect(described).toEqual(bundle.components);
  expect(described.length).toBeGreaterThan(10);
  const reachable = reachableFrom(sbom);
  for (const { name, 'bom-ref': reference = '' } of sbom.components)
    expect([name, reachable.has(reference)]).toEqual([name, true]);
  const names = ['ca-certificates', 'libatomic1', 'libc6', 'libdeflate0', 'libgcc-s1', 'libstdc++6', 'node'];
  expect(
    libraries()
      .map(({ name }) => name)
      .filter((name) => name !== 'llhttp')
      .toSorted(),
  ).toEqual(names);
  for (const { name, purl } of libraries())
    if (name.startsWith('lib'))
      expect(purl).toMatch(/^pkg:deb\/debian\/[^@]+@[^?]+\?arch=(?:amd64|arm64)&distro=debian-\d+&upstream=/);
  expect(libraries().find(({ name }) => name === 'node')?.version).toBe(
    (await runNode('console.log(process.versions.node)')).trim(),
  );
});

it('has the notices of everything that the SBOM names, and the licences that they refer to', () => {
  const titles = sbom.components.map(({ name, version, licenses }) => {
    const title = `${[name, version].filter(Boolean).join(' ')}: ${licenses?.[0]?.expression}`;
    return `\n${'='.repeat(80)}\n${title}\n`;
  });
  const referredTo = [...new Set(notices.match(/\/usr\/share\/common-licenses\/[\w.-]*\w/g))];
  expect(referredTo.length).toBeGreaterThan(2);
  const texts = [
    'Copyright Node.js contributors',
    '- OpenSSL, located at deps/openssl, is licensed as follows:',
    'Debian prepackaged version of the GNU C Library',
    'GCC RUNTIME LIBRARY EXCEPTION',
    'Eric Biggers',
    'Mozilla Public License Version 2.0',
    'GNU LESSER GENERAL PUBLIC LICENSE\n                       Version 2.1',
    'GNU GENERAL PUBLIC LICENSE\n                       Version 3',
  ];
  const expected = [...titles, ...referredTo.map((path) => `\n${'='.repeat(80)}\n${path}: `), ...texts];
  expect(expected.filter((text) => !notices.includes(text))).toEqual([]);
});
