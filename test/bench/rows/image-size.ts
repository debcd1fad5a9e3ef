/** What a Pipelines step downloads before the pipe can start. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Row } from '../row.ts';
import { megabytes } from '../table.ts';

const image = 'packagepipes/bitbucket-upload-package:test';
const run = promisify(execFile);

export const imageSize: Row = {
  id: 'image-size',
  async measure({ peers }) {
    const { program, missing } = peers.docker;
    const isThere = program !== undefined && (await hasImage(program));
    const size = isThere ? megabytes(await compressedBytes(program)) : undefined;
    return {
      title: 'Image size',
      scores: [],
      notes: [
        size === undefined
          ? `Skipped: ${missing ?? `no image ${image} here; build it first`}.`
          : `docker save ${image} | gzip -6: ${size.toFixed(1)} MB.`,
      ],
      targets: [{ claim: 'image size, gzip -6', actual: size, relation: '≤', limit: 50, unit: 'MB' }],
    };
  },
};

async function hasImage(docker: string): Promise<boolean> {
  return await run(docker, ['image', 'inspect', image]).then(
    () => true,
    () => false,
  );
}

// gzip itself: Node.js's zlib, at the same level, leaves 3 % more.
async function compressedBytes(docker: string): Promise<number> {
  const { stdout } = await run('sh', ['-c', '"$0" save "$1" | gzip -6 | wc -c', docker, image]);
  return Number(stdout);
}
