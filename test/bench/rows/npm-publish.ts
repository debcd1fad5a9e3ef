/** Publishes an npm package in half of npm's time and memory, and a large one in flat memory. */

import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { tarEntry } from '../../archive/tar/tar-writer.ts';
import { medianPeakBytes, medianWallMs, type Contestant } from '../contest.ts';
import { makeRandomFile } from '../inputs.ts';
import type { Command } from '../measure.ts';
import { type Bench, ratio, type Row } from '../row.ts';
import { startSink } from '../sink-process.ts';
import { megabytes } from '../table.ts';
import { plainEnvironment, token, withCompileCache } from '../uploads.ts';

const mebibyte = 1024 * 1024;

export const npmPublish: Row = {
  id: 'npm-publish',
  async measure(bench) {
    const size = 10 * mebibyte;
    const tarball = await makePackage(bench, size);
    const sink = await startSink({ stored: tarball.document });
    try {
      const scores = await bench.compete(
        [
          {
            name: 'the pipe',
            command: withCompileCache(bench, pipeCommand(bench, sink.origin, tarball.name)),
            sends: tarball.sends(3),
          },
          { name: 'npm publish', ...(await npmCommand(bench, sink.origin, tarball.name)), sends: tarball.sends(3) },
        ],
        { sink },
      );
      const [pipe, npm] = scores;
      return {
        title: `An npm package of ${size / mebibyte} MiB`,
        scores,
        notes: [
          'The pipe also reads back what it has published; npm does not. It has its compile cache, as in the image.',
        ],
        targets: [
          {
            claim: "npm package: the pipe's time / npm's",
            actual: ratio(medianWallMs(pipe), medianWallMs(npm)),
            relation: '≤',
            limit: 0.25,
          },
          {
            claim: "npm package: the pipe's peak memory / npm's",
            actual: ratio(medianPeakBytes(pipe), medianPeakBytes(npm)),
            relation: '≤',
            limit: 0.5,
          },
        ],
      };
    } finally {
      await sink.close();
    }
  },
};

export const npmMemory: Row = {
  id: 'npm-memory',
  async measure(bench) {
    const size = (bench.isQuick ? 100 : 500) * 1_000_000;
    const tarball = await makePackage(bench, size - (size % 512));
    const sink = await startSink({ stored: tarball.document });
    try {
      const command = pipeCommand(bench, sink.origin, tarball.name);
      const scores = await bench.compete([{ name: 'the pipe', command, sends: tarball.sends(3) }], { sink });
      return {
        title: `An npm package of ${size / 1_000_000} MB`,
        scores,
        targets: [
          {
            claim: "large npm package: the pipe's peak memory",
            actual: megabytes(medianPeakBytes(scores[0])),
            relation: '≤',
            limit: 160,
            unit: 'MB',
          },
        ],
      };
    } finally {
      await sink.close();
    }
  },
};

interface Package {
  readonly name: string;
  /** What a registry shows of it. */
  readonly document: string;
  /** The bytes that the sink must receive, in this many requests. */
  sends(requests: number): NonNullable<Contestant['sends']>;
}

/** @param size of the only file in it, which is incompressible; a multiple of 512 */
async function makePackage(bench: Bench, size: number): Promise<Package> {
  const at = (name: string): string => join(bench.directory, name);
  const name = `npm-${size}.tgz`;
  await makeRandomFile(at(`npm-${size}.bin`), size);
  async function* archive(): AsyncGenerator<Buffer> {
    const manifest = JSON.stringify({ name: '@bench/lib', version: '1.0.0', license: 'MIT' });
    yield tarEntry({ name: 'package/package.json', content: manifest });
    yield tarEntry({ name: 'package/large.bin', size });
    for await (const chunk of createReadStream(at(`npm-${size}.bin`))) yield chunk as Buffer;
    yield Buffer.alloc(1024);
  }
  let packedBytes = 0;
  const counting = createGzip({ level: 1 });
  const [sha512, sha1] = [createHash('sha512'), createHash('sha1')];
  counting.on('data', (chunk: Buffer) => {
    packedBytes += chunk.length;
    sha512.update(chunk);
    sha1.update(chunk);
  });
  await pipeline(Readable.from(archive()), counting, createWriteStream(at(name)));
  const contentBytes = Math.ceil(packedBytes / 3) * 4;
  const dist = { integrity: `sha512-${sha512.digest('base64')}`, shasum: sha1.digest('hex') };
  const versions = { '1.0.0': { name: '@bench/lib', version: '1.0.0', dist } };
  const document = JSON.stringify({ name: '@bench/lib', 'dist-tags': { latest: '1.0.0' }, versions });
  return { name, document, sends: (requests) => ({ requests, contentBytes }) };
}

function pipeCommand(bench: Bench, origin: string, filename: string): Command {
  const env = { ...plainEnvironment(), TYPE: 'npm', REGISTRY: `${origin}/`, FILENAME: filename, TOKEN: token };
  return { argv: [process.execPath, bench.bundlePath], env, workingDirectory: bench.directory };
}

async function npmCommand(
  bench: Bench,
  origin: string,
  filename: string,
): Promise<Pick<Contestant, 'command' | 'missing'>> {
  const { program, missing } = bench.peers.npm;
  if (program === undefined) return { command: undefined, missing };
  const npmrc = join(bench.directory, 'npmrc');
  await writeFile(npmrc, `${origin.replace('http:', '')}/:_authToken=${token}\nupdate-notifier=false\n`);
  const argv = [program, 'publish', `./${filename}`, `--registry=${origin}/`, `--userconfig=${npmrc}`];
  argv.push(`--cache=${join(bench.directory, 'npm-cache')}`);
  return { command: { argv, env: plainEnvironment(), workingDirectory: bench.directory } };
}
