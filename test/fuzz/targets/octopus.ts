/** Fuzzers for Octopus: signatures and deltas, what its server answers, the names of packages, and what is packed. */

import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type PackFormat, packFormatOf } from '../../../pipe/archive/pack/format.ts';
import { packFile } from '../../../pipe/archive/pack/pack-file.ts';
import { isPackageId, isPackageVersion, parsePackageName } from '../../../pipe/archive/pack/package-name.ts';
import { ForwardReader } from '../../../pipe/archive/tar/reader.ts';
import { TarWalk } from '../../../pipe/archive/tar/walk.ts';
import { withZipMembers } from '../../../pipe/archive/zip.ts';
import { buildInformation } from '../../../pipe/destinations/octopus/build.ts';
import { createOctopusClient } from '../../../pipe/destinations/octopus/client.ts';
import { createHistoryClient } from '../../../pipe/destinations/octopus/commits/history-client.ts';
import { deltaBody, deltaBytes } from '../../../pipe/destinations/octopus/delta/delta-body.ts';
import { findDelta } from '../../../pipe/destinations/octopus/delta/find-delta.ts';
import { readSignatureAnswer } from '../../../pipe/destinations/octopus/delta/read-signature-answer.ts';
import { bytesBody } from '../../../pipe/io/body.ts';
import { selectTree } from '../../../pipe/io/select-tree.ts';
import { fileBody, fingerprintOf, type SourceFile } from '../../../pipe/io/source-file.ts';
import { applyDelta, signatureOf } from '../../sandbox/octopus-delta.ts';
import { mutateBytes, mutateText } from '../mutate.ts';
import { readAll } from '../read-all.ts';
import { allowRejection, FuzzFailure, type Target } from '../target.ts';
import { openDocuments } from './answers.ts';

const { signal } = new AbortController();
const base = Buffer.from(Array.from({ length: 20_000 }, (_, index) => (index * index * 7) % 251));

/** Signatures: of one that is right, the delta makes the file; of one that is not, its parts still are the file's length. */
export function signatures(directory: string): Target {
  const path = join(directory, 'new');
  return {
    async attack(random) {
      const rollingChecksum = random.pick(['Adler32', 'Adler32V2'] as const);
      const valid = signatureOf(base, { rollingChecksum, chunkBytes: random.pick([128, 2048, 31_744]) });
      const isValid = random.chance(0.4);
      const signature = isValid ? valid : mutateBytes(valid, random);
      const document = JSON.stringify({ Signature: signature.toString('base64'), BaseVersion: '1.0' });
      const text = isValid || random.chance(0.7) ? document : mutateText(document, random);
      const content = mutateBytes(base, random);
      await writeFile(path, content);
      const file = await sourceOf(path);
      await allowRejection(async () => {
        const read = await readSignatureAnswer(inPieces(Buffer.from(text), 1 + random.below(3000)));
        if (read === undefined) throw new FuzzFailure('a small signature is too large');
        const parts = (await findDelta(fileBody(file), read.signature, signal)) ?? [];
        const length = parts.reduce((sum, part) => sum + part.length, 0);
        if (length !== content.length) throw new FuzzFailure(`parts of ${length} bytes, not ${content.length}`);
        if (!isValid) return;
        const body = deltaBody(file, parts, createHash('sha1').update(content).digest('hex'));
        const delta = await readAll(body.open());
        if (
          delta.length !== body.length ||
          delta.length !== deltaBytes(parts) ||
          !applyDelta(base, delta).equals(content)
        )
          throw new FuzzFailure('the delta makes something else');
      });
    },
  };
}

async function sourceOf(absolutePath: string): Promise<SourceFile> {
  const stats = await stat(absolutePath, { bigint: true });
  return { path: 'new', absolutePath, size: Number(stats.size), fingerprint: fingerprintOf(stats) };
}

async function* inPieces(bytes: Buffer, length: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += length)
    yield await Promise.resolve(bytes.subarray(start, start + length));
}

const resource = {
  Id: 'packages-app.1.0',
  PackageId: 'app',
  Version: '1.0',
  BaseVersion: '0.9',
  Signature: signatureOf(base, { rollingChecksum: 'Adler32', chunkBytes: 2048 }).toString('base64'),
  PackageSizeBytes: 10,
  Hash: 'A'.repeat(40),
  Items: [
    { Id: 'Spaces-1', Name: 'Default' },
    { Id: 'Spaces-2', Name: 'Team' },
  ],
};

/** What a server answers about spaces, packages, signatures and build information. */
export async function octopusDocuments(): Promise<Target> {
  const identity = { id: 'app', version: '1.0' };
  return await openDocuments(resource, async (http, origin) => {
    const client = createOctopusClient(http, new URL(origin), {});
    const place = { server: new URL(origin), spaceId: 'Spaces-1' };
    await allowRejection(() => client.findSpace('Team'));
    await allowRejection(() => client.findSignature(place, identity));
    await allowRejection(() => client.addBuildInformation(place, identity, 'FailIfExists', {}));
    const found = await client.find(place, identity);
    if (found?.size !== undefined && typeof found.size !== 'number') throw new FuzzFailure('a size that is no number');
  });
}

const pipeline = {
  build_number: 41,
  state: { name: 'COMPLETED', result: { name: 'SUCCESSFUL' } },
  target: {
    ref_type: 'branch',
    ref_name: 'main',
    selector: { type: 'branches', pattern: 'main' },
    commit: { hash: 'a'.repeat(40) },
  },
};
const commit = { hash: 'b'.repeat(40), message: 'A change\n\nMore' };
const historyDocument = { ...pipeline, ...commit, values: [{ ...pipeline, ...commit }, commit], next: 'http://host/' };

/** What Bitbucket answers about the pipelines and commits of a build. */
export async function buildHistory(): Promise<Target> {
  return await openDocuments(historyDocument, async (http, origin) => {
    const source = { apiUrl: new URL(`${origin}/2.0`), workspace: 'acme', repository: 'app' };
    const client = createHistoryClient(http, source);
    await allowRejection(() => client.pipeline('{1}'));
    await allowRejection(() => client.successfulPipelines('main'));
    await allowRejection(() => client.commit('b'));
    const { commits } = await client.commitsSince('b', 'a');
    const information = buildInformation(build, commits);
    if (JSON.stringify(information).length > 1e6) throw new FuzzFailure('build information is too long');
  });
}

const build = {
  number: '42',
  url: undefined,
  branch: 'main',
  tag: undefined,
  repositoryUrl: undefined,
  commit: undefined,
  pipelineId: undefined,
};

const names = ['Acme.Web.1.0.0.42.zip', 'pterm-0.12.42.tar.gz', 'x_y.1.0-rc.1+meta.5.nupkg', 'a.b-c.2026.11.27.jar'];

/** The names of packages: what is found in one has the form that ID and VERSION must have, and is at its beginning. */
export function packageNames(): Target {
  return {
    attack(random) {
      const name = mutateText(random.pick(names), random);
      const found = parsePackageName(name);
      packFormatOf(name);
      if (found === undefined) return;
      const { id, version } = found;
      if (!name.startsWith(`${id}.${version}`) || !isPackageId(id) || !isPackageVersion(version))
        throw new FuzzFailure(`${JSON.stringify(name)} is read as ${JSON.stringify(found)}`);
    },
  };
}

/** Packs files with odd names, and reads the archive again: it has all of them. */
export function packing(directory: string): Target {
  const source = join(directory, 'dist');
  const path = join(directory, 'packed');
  return {
    async attack(random) {
      for (const each of [source, path]) await rm(each, { recursive: true, force: true });
      await mkdir(source);
      for (let count = 1 + random.below(4); count > 0; count--) {
        const name = mutateText(random.pick(['a/b.txt', 'LICENSE', 'lib/Ä b&c.dll', '_rels/x']), random);
        const target = join(
          source,
          ...name
            .replaceAll('\0', '')
            .split('/')
            .filter((part) => part !== '..'),
        );
        // A path that is a directory by now, or too long, is not written.
        await mkdir(random.chance(0.2) ? target : dirname(target), { recursive: true }).catch(() => undefined);
        await writeFile(target, 'content').catch(() => undefined);
      }
      const format = random.pick(['zip', 'nupkg', 'tar', 'tar.gz'] as const);
      await allowRejection(async () => {
        const tree = await selectTree({ form: 'string', value: 'dist' }, { workingDirectory: directory });
        const rules = { name: `app.1.0.${format}`, format, identity: { id: 'app', version: '1.0' }, time: 0, signal };
        const { file } = await packFile(tree, path, rules);
        const paths = new Set(await pathsIn(file, format));
        const missing = tree.files.filter((each) => format !== 'nupkg' && !paths.has(each.path));
        if (missing.length > 0 || (format === 'nupkg' && paths.size < 3))
          throw new FuzzFailure(`${format} lacks ${JSON.stringify(missing.map((each) => each.path))}`);
      });
    },
  };
}

async function pathsIn(file: SourceFile, format: PackFormat): Promise<readonly string[]> {
  if (format === 'zip' || format === 'nupkg')
    return await withZipMembers(
      file,
      () => true,
      async (members) => await Promise.resolve(members.map(({ path }) => path)),
    );
  const bytes = await readFile(file.absolutePath);
  const reader = new ForwardReader(bytesBody(format === 'tar' ? bytes : gunzipSync(bytes)).open());
  const walk = new TarWalk(reader, 'archive');
  const paths: string[] = [];
  for await (const { name, size } of walk.members()) {
    paths.push(name);
    await reader.skip(size);
  }
  return paths;
}
