/** Measures the download that a step in Pipelines needs before the pipe can start: what the release pushes. */

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hasPipeImage, libdeflateOfImage, pipeImage } from '../pipe-image.ts';
import { startRegistry } from '../registry-process.ts';
import type { Bench, Row } from '../row.ts';
import { megabytes } from '../table.ts';
import { plainEnvironment } from '../uploads.ts';

const run = promisify(execFile);
/** As in ci-scripts/push-platforms.sh. */
const level = 12;

export const imageSize: Row = {
  id: 'image-size',
  async measure(bench) {
    const { docker, registry } = bench.peers;
    const missing = docker.missing ?? registry.missing;
    const isThere = docker.program !== undefined && (await hasPipeImage(docker.program));
    const size =
      isThere && registry.program !== undefined
        ? megabytes(await pushedBytes(bench, docker.program, registry.program))
        : undefined;
    return {
      title: 'Image size',
      scores: [],
      notes: [
        size === undefined
          ? `Skipped: ${missing ?? `no image ${pipeImage} here; build it first`}.`
          : `The pipe's image as the pipe pushes it, with --compression-level ${level}: ${size.toFixed(1)} MB.`,
      ],
      targets: [{ claim: 'image size', actual: size, relation: '≤', limit: 44, unit: 'MB' }],
    };
  },
};

async function pushedBytes(bench: Bench, docker: string, program: string): Promise<number> {
  const { directory } = bench;
  const libdeflate = await libdeflateOfImage(docker, directory);
  await run(docker, ['save', '--output', join(directory, 'pipe-image.tar'), pipeImage]);
  const registry = await startRegistry(program, join(directory, 'size-registry'));
  try {
    const env = {
      ...plainEnvironment(),
      IMAGE: `${await registry.newHost()}/pipe:size`,
      FILENAME: 'pipe-image.tar',
      EXTRA_ARGS: JSON.stringify(['--compression-level', String(level), '--output', 'size.json']),
      ...(libdeflate !== undefined && { LD_LIBRARY_PATH: libdeflate }),
    };
    await run(process.execPath, [bench.bundlePath], { env, cwd: directory });
  } finally {
    await registry.close();
  }
  const { items } = JSON.parse(await readFile(join(directory, 'size.json'), 'utf8')) as { items: { size: number }[] };
  return items[0]?.size ?? 0;
}
