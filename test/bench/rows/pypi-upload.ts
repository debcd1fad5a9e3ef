/** Publishes a wheel in less time than twine, and compares with uv. */

import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { wheel, wheelName } from '../../destinations/pypi/packages.ts';
import { createSha256 } from '../../../pipe/io/hashes.ts';
import { medianPeakBytes, medianWallMs, type Contestant } from '../contest.ts';
import type { Command } from '../measure.ts';
import { type Bench, ratio, type Row } from '../row.ts';
import { startSink } from '../sink-process.ts';
import { plainEnvironment, withCompileCache } from '../uploads.ts';

const mebibyte = 1024 * 1024;
const release = { name: 'bench-lib', version: '1.0.0' };
const filename = wheelName(release);
const username = '__token__';
/** Has the form and length of a token of PyPI. */
const token = `pypi-${'x'.repeat(170)}`;

export const pypiUpload: Row = {
  id: 'pypi-upload',
  async measure(bench) {
    const size = 10 * mebibyte;
    const content = wheel(release, { 'bench_lib/data.bin': randomBytes(size) });
    await writeFile(join(bench.directory, filename), content);
    const sink = await startSink({ stored: pageOf(content) });
    // Two addresses where the index may be, the upload, and reading back.
    const sends = { requests: 4, contentBytes: content.length };
    try {
      const scores = await bench.compete(
        [
          {
            name: 'the pipe',
            command: withCompileCache(bench, pipeCommand(bench, sink.origin)),
            sends,
          },
          { name: 'twine upload', ...twineCommand(bench, sink.origin) },
          { name: 'uv publish', ...uvCommand(bench, sink.origin) },
        ],
        { sink },
      );
      const [pipe, twine] = scores;
      return {
        title: `A Python wheel of ${size / mebibyte} MiB`,
        scores,
        notes: ['The pipe also compares the files of the wheel with its RECORD, and reads back what it has published.'],
        targets: [
          {
            claim: "Python wheel: the pipe's time / twine's",
            actual: ratio(medianWallMs(pipe), medianWallMs(twine)),
            relation: '≤',
            limit: 0.5,
          },
          {
            claim: "Python wheel: the pipe's peak memory / twine's",
            actual: ratio(medianPeakBytes(pipe), medianPeakBytes(twine)),
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

/** What an index shows of the wheel once it is there. */
function pageOf(content: Buffer): string {
  const hash = createSha256();
  hash.update(content);
  const files = [{ filename, url: filename, hashes: { sha256: hash.digest() } }];
  return JSON.stringify({ meta: { 'api-version': '1.0' }, name: release.name, files });
}

function pipeCommand(bench: Bench, origin: string): Command {
  const env = { ...plainEnvironment(), TYPE: 'pypi', REGISTRY: `${origin}/`, FILENAME: filename, TOKEN: token };
  return { argv: [process.execPath, bench.bundlePath], env, workingDirectory: bench.directory };
}

function twineCommand(bench: Bench, origin: string): Pick<Contestant, 'command' | 'missing'> {
  const { program, missing } = bench.peers.twine;
  if (program === undefined) return { command: undefined, missing };
  const argv = [program, 'upload', '--non-interactive', '--disable-progress-bar', '-u', username, '-p', token];
  argv.push('--repository-url', `${origin}/`, filename);
  return { command: { argv, env: plainEnvironment(), workingDirectory: bench.directory } };
}

function uvCommand(bench: Bench, origin: string): Pick<Contestant, 'command' | 'missing'> {
  const { program, missing } = bench.peers.uv;
  if (program === undefined) return { command: undefined, missing };
  const argv = [program, 'publish', '--no-progress', '--no-config', '-u', username, '-p', token];
  argv.push('--publish-url', `${origin}/`, filename);
  return { command: { argv, env: plainEnvironment(), workingDirectory: bench.directory } };
}
