/** Fuzzers for files: tar and zip archives, the JSON of images and packages, POMs. */

import { createHash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readPom } from '../../../pipe/destinations/maven/pom.ts';
import { planPublication } from '../../../pipe/destinations/maven/plan.ts';
import { planPackages } from '../../../pipe/destinations/npm/plan.ts';
import { openImage } from '../../../pipe/oci/open-image.ts';
import { gnuLong, pax, tar, type TarEntry } from '../../archive/tar/tar-writer.ts';
import { zip } from '../../archive/zip-writer.ts';
import { descriptor, jar, pomText } from '../../destinations/maven/artifacts.ts';
import { modules, withChecksumFiles } from '../../destinations/maven/staged.ts';
import { mutateBytes, mutateJson, mutateText } from '../mutate.ts';
import type { Random } from '../random.ts';
import { readAll } from '../read-all.ts';
import { allowRejection, type Target } from '../target.ts';

type Files = Readonly<Record<string, unknown>>;

const manifest = {
  name: '@acme/app',
  version: '1.0.0',
  description: 'An app',
  bin: { app: 'cli.js' },
  files: ['*.js'],
  dependencies: { a: '^1.0.0', b: 'workspace:*' },
  repository: 'github:acme/app',
  bugs: { url: 'https://example.com', email: 'a@example.com' },
  author: 'A <a@example.com> (https://example.com)',
  maintainers: [{ name: 'B' }],
  license: 'MIT',
  keywords: 'a b',
  scripts: { install: 'x' },
  engines: { node: '>=20' },
  publishConfig: { access: 'public', tag: 'next', registry: 'https://example.com/' },
  man: './a.1',
  directories: { bin: 'bin' },
};

function entriesOf(files: Files): TarEntry[] {
  return Object.entries(files).map(([name, value]) => ({
    name,
    content: Buffer.isBuffer(value) || typeof value === 'string' ? value : JSON.stringify(value),
  }));
}

function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const layer = tar([{ name: 'a', content: 'content' }]);
const packedLayer = gzipSync(layer);
const config = {
  architecture: 'amd64',
  os: 'linux',
  config: { Env: ['A=b'], Labels: { a: 'b' } },
  history: [{ created_by: 'x' }, { empty_layer: true }],
  rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`, `sha256:${sha256(layer)}`] },
};

/** The files of a `docker save` archive. @param change is applied to every document before it is referred to */
function dockerFiles(change: (document: unknown) => unknown): Files {
  const changed = Buffer.from(JSON.stringify(change(config)) ?? '');
  const list = [{ Config: 'config.json', RepoTags: ['app:latest'], Layers: ['a/layer.tar', 'b/layer.tar'] }];
  return {
    'a/layer.tar': layer,
    'b/layer.tar': packedLayer,
    'config.json': changed,
    'manifest.json': change(list) ?? '',
    repositories: '{}',
  };
}

/** The files of an OCI layout, whose digests are right although its documents are changed. */
function layoutFiles(change: (document: unknown) => unknown): Files {
  const files: Record<string, unknown> = {};
  const add = (mediaType: string, value: unknown): { mediaType: string; digest: string; size: number } => {
    const bytes = Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(change(value)) ?? '');
    files[`blobs/sha256/${sha256(bytes)}`] = bytes;
    return { mediaType, digest: `sha256:${sha256(bytes)}`, size: bytes.length };
  };
  const oci = 'application/vnd.oci.image';
  const image = (architecture: string, more: object = {}): object => ({
    ...add(`${oci}.manifest.v1+json`, {
      schemaVersion: 2,
      mediaType: `${oci}.manifest.v1+json`,
      config: add(`${oci}.config.v1+json`, { ...config, architecture }),
      layers: [add(`${oci}.layer.v1.tar`, layer), add(`${oci}.layer.v1.tar+gzip`, packedLayer)],
      annotations: { a: 'b' },
      ...more,
    }),
    platform: { os: 'linux', architecture },
    annotations: { 'org.opencontainers.image.ref.name': 'latest' },
  });
  const one = image('amd64');
  const inner = add(`${oci}.index.v1+json`, { schemaVersion: 2, manifests: [one, image('arm64', { subject: one })] });
  return {
    ...files,
    'oci-layout': change({ imageLayoutVersion: '1.0.0' }) ?? '',
    'index.json': change({ schemaVersion: 2, manifests: [inner] }) ?? '',
  };
}

/** Changes about one in `rarity` documents. */
function changer(random: Random, rarity: number): (document: unknown) => unknown {
  return (document) => (random.chance(1 / rarity) ? mutateJson(document, random) : document);
}

const unchanged = (document: unknown): unknown => document;

/** Corrects the checksum of every header, so that a changed field is read, and not only noticed. */
function withChecksums(bytes: Buffer): Buffer {
  for (let at = 0; at + 512 <= bytes.length; at += 512) {
    const header = bytes.subarray(at, at + 512);
    if (header.toString('latin1', 257, 262) !== 'ustar') continue;
    header.fill(0x20, 148, 156);
    header.write(
      `${header
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
      'latin1',
    );
  }
  return bytes;
}

async function readImage(directory: string, bytes: Buffer, random: Random): Promise<void> {
  const path = 'app.tar';
  await writeFile(join(directory, path), bytes);
  await allowRejection(async () => {
    const choice = random.chance(0.2) ? { reference: 'app:latest', platform: 'linux/amd64' } : {};
    const image = await openImage({ path, absolutePath: join(directory, path) }, choice);
    try {
      for (const { layers } of [...image.images, ...(image.referrers ?? [])])
        for (const each of layers) if (!each.isForeign) await readAll(each.open());
    } finally {
      await image.close();
    }
  });
}

async function readPackage(directory: string, bytes: Buffer): Promise<void> {
  await writeFile(join(directory, 'app.tgz'), bytes);
  const settings = {
    patterns: { form: 'items', items: ['app.tgz'] },
    distTag: undefined,
    access: undefined,
    registry: new URL('https://registry.example/'),
  } as const;
  await allowRejection(() => planPackages(settings, { workingDirectory: directory }));
}

/** Archives of images and packages, with changed blocks. */
export function tarArchives(directory: string): Target {
  const archives = [
    tar(entriesOf(dockerFiles(unchanged))),
    tar(entriesOf(layoutFiles(unchanged))),
    tar([
      pax({ path: 'package/package.json', size: '20', 'SCHILY.xattr.a': 'b' }),
      { name: 'x', content: '{"name":"a","version":"1.0.0"}' },
      gnuLong('L', `package/${'x'.repeat(200)}`),
      { name: 'y', content: 'z' },
      { name: 'package/link', type: '2', linkName: 'y' },
      { name: 'package/hard', type: '1', linkName: 'package/package.json' },
      { name: 'package/dir/', type: '5' },
    ]),
  ];
  return {
    async attack(random) {
      const changed = mutateBytes(random.pick(archives), random);
      const bytes = random.chance(0.7) ? withChecksums(changed) : changed;
      await readImage(directory, random.chance(0.2) ? gzipSync(bytes, { level: 1 }) : bytes, random);
      const packed = gzipSync(bytes, { level: 1 });
      await readPackage(directory, random.chance(0.2) ? mutateBytes(packed, random) : packed);
    },
  };
}

/** The documents of image archives and layouts. */
export function imageDocuments(directory: string): Target {
  return {
    async attack(random) {
      const files = random.chance(0.3) ? dockerFiles(changer(random, 2)) : layoutFiles(changer(random, 5));
      const texts = Object.entries(files).map(([name, value]): [string, unknown] => {
        if (Buffer.isBuffer(value) || !random.chance(0.1)) return [name, value];
        return [name, mutateText(typeof value === 'string' ? value : JSON.stringify(value), random)];
      });
      await readImage(directory, tar(entriesOf(Object.fromEntries(texts))), random);
    },
  };
}

/** The package.json, and the other members, of a package. */
export function packages(directory: string): Target {
  return {
    async attack(random) {
      const changed = random.chance(0.8) ? mutateJson(manifest, random) : mutateText(JSON.stringify(manifest), random);
      const files = {
        'package/package.json': changed ?? '',
        'package/README.md': random.chance(0.3) ? mutateText('# Readme\n\ntext', random) : 'text',
        'package/AUTHORS': random.chance(0.3) ? mutateText('A <a@example.com>\n# comment\nB', random) : 'A',
        [random.chance(0.3) ? mutateText('package/cli.js', random) : 'package/cli.js']: 'x',
      };
      await readPackage(directory, gzipSync(tar(entriesOf(files)), { level: 1 }));
    },
  };
}

const coordinates = { groupId: 'com.acme', artifactId: 'app', version: '1.0' } as const;

/** Directories in repository layout with a changed path or file. */
export function stagedDirectories(directory: string): Target {
  const place = join(directory, 'staging');
  const files = Object.entries(withChecksumFiles(modules));
  return {
    async attack(random) {
      await rm(place, { recursive: true, force: true });
      const changed = random.below(files.length);
      for (const [index, [path, content]] of files.entries()) {
        const isOther = index === changed;
        const name = isOther && random.chance(0.5) ? mutateText(path, random).replaceAll(/[\0]/g, '') : path;
        const target = join(place, ...name.split('/').filter((part) => part !== '..'));
        // A path that is a directory by now, or too long, is not written.
        await mkdir(dirname(target), { recursive: true }).catch(() => undefined);
        await writeFile(target, isOther ? mutateBytes(Buffer.from(content), random) : content).catch(() => undefined);
      }
      await plan(directory, 'staging');
    },
  };
}

async function readArtifact(directory: string, bytes: Buffer): Promise<void> {
  await writeFile(join(directory, 'app-1.0.jar'), bytes);
  await plan(directory, 'app-1.0.jar');
}

async function plan(directory: string, filename: string): Promise<void> {
  const settings = {
    patterns: { form: 'items', items: [filename] },
    pom: undefined,
    sources: undefined,
    javadoc: undefined,
    classifier: undefined,
    attachments: [],
  } as const;
  await allowRejection(() => planPublication(settings, { workingDirectory: directory }));
}

/** Jars with changed bytes. */
export function zipArchives(directory: string): Target {
  const plugin = { name: 'META-INF/maven/plugin.xml', content: descriptor() };
  const members = [
    { name: 'META-INF/maven/com.acme/app/pom.xml', content: pomText(coordinates), isStored: true },
    plugin,
  ];
  const archives = [jar(coordinates, [plugin]), zip(members), zip(members, { isZip64: true })];
  return {
    async attack(random) {
      await readArtifact(directory, mutateBytes(random.pick(archives), random));
    },
  };
}

/** POMs and plugin descriptors, alone and in a jar. */
export function poms(directory: string): Target {
  const pom = pomText({
    ...coordinates,
    packaging: 'maven-plugin',
    more: '<parent><groupId>${a}</groupId><version>1</version></parent><properties><a>b${c}</a><c>d</c></properties><!-- a -->',
  });
  return {
    async attack(random) {
      const text = mutateText(pom, random);
      const bytes = random.chance(0.2) ? mutateBytes(Buffer.from(text), random) : Buffer.from(text);
      await allowRejection(() => readPom(bytes, 'pom.xml'));
      if (!random.chance(0.2)) return;
      const plugin = { name: 'META-INF/maven/plugin.xml', content: mutateText(descriptor(), random) };
      await readArtifact(directory, zip([{ name: 'META-INF/maven/com.acme/app/pom.xml', content: bytes }, plugin]));
    },
  };
}
