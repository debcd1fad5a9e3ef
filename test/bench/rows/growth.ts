/** The curves of `npm run bench -- --growth`: bytes, files, layers, tags and listings. */

import { writeFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startSandbox } from '../../sandbox/sandbox.ts';
import { tokens } from '../../sandbox/tokens.ts';
import type { Contestant } from '../contest.ts';
import { type Curve, growthRow, type Stage } from '../growth.ts';
import { makeSparseFile } from '../inputs.ts';
import { writeLayeredImage } from '../layered-image.ts';
import { startRegistry } from '../registry-process.ts';
import type { Bench, Row } from '../row.ts';
import { startSink } from '../sink-process.ts';
import { pipeCommand, plainEnvironment, token } from '../uploads.ts';

const megabyte = 1_000_000;
const smallFileBytes = 1024;

const fileSize: Curve = {
  id: 'growth-bytes',
  title: 'One file of so many MB',
  sizes: [64, 256, 1024, 4096],
  quickSizes: [64, 256, 1024],
  unit: 'MB',
  prepare: async (bench) =>
    await withSink(bench, async (size) => {
      const filename = `growth-${size}.bin`;
      await makeSparseFile(join(bench.directory, filename), size * megabyte);
      return { filename, sends: { requests: 1, contentBytes: size * megabyte } };
    }),
};

const fileCount: Curve = {
  id: 'growth-files',
  title: 'So many files of 1 KiB',
  sizes: [10, 100, 1000, 10_000],
  quickSizes: [10, 300, 900],
  unit: 'files',
  prepare: async (bench) =>
    await withSink(bench, async (size) => {
      const name = `growth-${size}`;
      await mkdir(join(bench.directory, name), { recursive: true });
      for (let index = 0; index < size; index++)
        await writeFile(join(bench.directory, name, `${index}.txt`), Buffer.alloc(smallFileBytes, `${index}`));
      return { filename: `${name}/*.txt`, sends: { requests: size, contentBytes: size * smallFileBytes } };
    }),
};

const layerCount: Curve = {
  id: 'growth-layers',
  title: 'An image of so many layers of 4 KiB',
  sizes: [1, 10, 100, 300],
  quickSizes: [1, 50, 100],
  unit: 'layers',
  prepare: async (bench) =>
    await withRegistry(bench, async (size) => {
      const layout = `growth-layers-${size}`;
      await writeLayeredImage(join(bench.directory, layout), size);
      return { FILENAME: layout };
    }),
};

const tagCount: Curve = {
  id: 'growth-tags',
  title: 'An image under so many tags',
  sizes: [1, 10, 50],
  quickSizes: [1, 10, 50],
  unit: 'tags',
  prepare: async (bench) =>
    await withRegistry(bench, async (size) => {
      await writeLayeredImage(join(bench.directory, 'growth-tags'), 1);
      const tags = Array.from({ length: size - 1 }, (_, index) => `tag-${index}`);
      return { FILENAME: 'growth-tags', ...(tags.length > 0 && { TAGS: JSON.stringify(tags) }) };
    }),
};

/** With pages of 100, as long as Bitbucket's may be. */
const listingLength: Curve = {
  id: 'growth-listing',
  title: 'One file beside so many downloads',
  sizes: [100, 1000, 10_000],
  quickSizes: [100, 1000, 3000],
  unit: 'downloads',
  async prepare(bench) {
    const sandboxes: { close(): Promise<void> }[] = [];
    await writeFile(join(bench.directory, 'growth-listing.txt'), 'one');
    return {
      async contestant(size) {
        const sandbox = await startSandbox({ pageLength: 100, workspace: 'bench', repository: 'files' });
        sandboxes.push(sandbox);
        for (let index = 0; index < size; index++) sandbox.put(`download-${index}.zip`, '');
        const { env, ...command } = pipeCommand(bench, new URL(sandbox.apiUrl).origin, 'growth-listing.txt', [
          '--keep',
          '5',
          '--keep-pattern',
          'growth-*',
        ]);
        return { command: { ...command, env: { ...env, TOKEN: tokens.accessToken } } };
      },
      async close() {
        for (const sandbox of sandboxes) await sandbox.close();
      },
    };
  },
};

/** @param filesFor writes the files that FILENAME names, and tells what the sink must receive */
async function withSink(
  bench: Bench,
  filesFor: (size: number) => Promise<{ readonly filename: string } & Required<Pick<Contestant, 'sends'>>>,
): Promise<Stage> {
  const sink = await startSink();
  return {
    async contestant(size) {
      const { filename, sends } = await filesFor(size);
      return { command: pipeCommand(bench, sink.origin, filename), sends };
    },
    counter: sink,
    close: async () => await sink.close(),
  };
}

/** @param variablesFor writes what is published, and makes the run's variables */
async function withRegistry(
  bench: Bench,
  variablesFor: (size: number) => Promise<Readonly<Record<string, string>>>,
): Promise<Stage | string> {
  const { program, missing = 'there is no registry' } = bench.peers.registry;
  if (program === undefined) return missing;
  const registry = await startRegistry(program, join(bench.directory, 'growth-registry'));
  const host = await registry.newHost();
  let count = 0;
  return {
    async contestant(size) {
      const own = await variablesFor(size);
      return {
        command: async () =>
          await Promise.resolve({
            argv: [process.execPath, bench.bundlePath],
            env: {
              ...plainEnvironment(),
              REGISTRY: host,
              IMAGE: `bench/growth-${count++}:new`,
              USERNAME: 'bench',
              TOKEN: token.replace('ATCT', 'ATAT'),
              ...own,
            },
            workingDirectory: bench.directory,
          }),
      };
    },
    close: async () => await registry.close(),
  };
}

/** In the order of the report. */
export const growthRows: readonly Row[] = [fileSize, fileCount, layerCount, tagCount, listingLength].map(growthRow);
