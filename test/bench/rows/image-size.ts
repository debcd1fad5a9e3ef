/** Measures the download that a step in Pipelines needs before the pipe can start. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { hasPipeImage, pipeImage } from '../pipe-image.ts';
import type { Row } from '../row.ts';
import { megabytes } from '../table.ts';

const run = promisify(execFile);

export const imageSize: Row = {
  id: 'image-size',
  async measure({ peers }) {
    const { program, missing } = peers.docker;
    const isThere = program !== undefined && (await hasPipeImage(program));
    const size = isThere ? megabytes(await compressedBytes(program)) : undefined;
    return {
      title: 'Image size',
      scores: [],
      notes: [
        size === undefined
          ? `Skipped: ${missing ?? `no image ${pipeImage} here; build it first`}.`
          : `docker save ${pipeImage} | gzip -6: ${size.toFixed(1)} MB.`,
      ],
      targets: [{ claim: 'image size, gzip -6', actual: size, relation: '≤', limit: 50, unit: 'MB' }],
    };
  },
};

// With gzip itself: Node.js's zlib output at the same level is 3 % larger.
async function compressedBytes(docker: string): Promise<number> {
  const { stdout } = await run('sh', ['-c', '"$0" save "$1" | gzip -6 | wc -c', docker, pipeImage]);
  return Number(stdout);
}
