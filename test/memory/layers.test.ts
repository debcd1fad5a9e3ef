import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { constants, zstdCompressSync } from 'node:zlib';
import { expect, it } from '@jest/globals';
import { resourcesOf } from '../../pipe/compression/thread-count.ts';
import { containerLimits } from '../../pipe/io/container-limits.ts';
import { tar } from '../archive/tar/tar-writer.ts';
import { runCompressionProgram, useCompressionProgram } from '../compression/compression-program.ts';
import { layerLike, mebibyte } from '../compression/samples.ts';
import { blob, config, descriptor, index, json, layout, manifest, ociTypes, writeFiles } from '../oci/fixtures.ts';
import { useBundle } from '../run-bundle.ts';
import { dockerArchive } from '../sandbox/demo-image.ts';
import { tokens } from '../sandbox/tokens.ts';
import { compressionThreads, poolThreads } from '../threads-of.ts';

const program = useCompressionProgram();
const fixture = useBundle();

it.each(['gzip', 'zstd'])(
  'compressing 1 GiB with %s takes less than 160 MB of memory',
  async (format) => {
    const { size, peakBytes } = await runCompressionProgram(program.bundle, format, '1024', 'measure');
    expect(size).toBeGreaterThan(0.86 * 1024 * mebibyte);
    expect(peakBytes).toBeLessThan(160e6);
  },
  60_000,
);

/** A whole push takes up to 28 MB more. The promises are those for 8 and 16 processors: see thread-count.ts. */
it.each([
  ['gzip', 8, 208e6],
  ['zstd', 5, 208e6],
  ['gzip', 16, 304e6],
  ['zstd', 11, 304e6],
])(
  'compressing with %s takes no more memory than promised with %d threads',
  async (format, threads, promised) => {
    const { peakBytes } = await runCompressionProgram(program.bundle, format, '384', 'measure', String(threads));
    expect(peakBytes).toBeLessThan(promised - 28e6);
  },
  120_000,
);

/** Whole pushes, several layers at once, by programs that find so many processors, whatever the machine has. */
it.each([
  ['gzip', 8, 208e6],
  ['zstd', 8, 208e6],
  ['gzip', 16, 304e6],
  ['zstd', 16, 304e6],
])(
  'pushing six layers with %s takes no more memory than promised for %d processors',
  async (format, processors, promised) => {
    const contents = Array.from({ length: 6 }, () => Buffer.concat([layerLike(), randomBytes(24 * mebibyte)]));
    const files = Object.fromEntries(contents.map((content, number) => [`file-${number}`, content]));
    await writeFiles(fixture.directory, { 'image.tar': dockerArchive('acme/app:1.0', files) });
    const { child, ended } = fixture.start(
      {
        IMAGE: 'acme/app:1.0',
        REGISTRY: fixture.sandbox.registryUrl,
        USERNAME: tokens.packagesUser,
        TOKEN: tokens.packagesToken,
        FILENAME: 'image.tar',
        EXTRA_ARGS: `['--compression', '${format}']`,
      },
      { processors },
    );
    // zstd compresses on the threads of Node.js.
    const threadsOf = format === 'gzip' ? compressionThreads : poolThreads;
    let threads = 0;
    const watch = setInterval(() => (threads = Math.max(threads, threadsOf(child.pid ?? 0))), 10);
    const { exitCode, output, peakBytes } = await ended;
    clearInterval(watch);
    expect({ exitCode, output: exitCode === 0 ? '' : output.slice(-2000) }).toEqual({ exitCode: 0, output: '' });
    expect(threads).toBeGreaterThan(resourcesOf(processors, containerLimits()).processors / 2);
    expect(peakBytes).toBeLessThan(promised);
  },
  120_000,
);

it.each(['gzip', 'zstd'])(
  'checking a %s layer of 256 MiB takes less than 105 MB of memory',
  async (format) => {
    const program = join(__dirname, '..', 'oci', 'check-generated.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [program, format, '256']);
    expect(Number(stdout)).toBeGreaterThan(20e6);
    expect(Number(stdout)).toBeLessThan(105e6);
  },
  60_000,
);

it.each([
  ['an OCI layout', 4],
  ['a Docker archive', 16],
])(
  'layers of zstd with windows of 32 MiB in %s take at most 160 MB, %d at a time',
  async (format, concurrency) => {
    const params = { [constants.ZSTD_c_windowLog]: 25, [constants.ZSTD_c_compressionLevel]: 1 };
    const noise = randomBytes(34 * mebibyte);
    const raw = ['a', 'b', 'c', 'd'].map((name) => tar([{ name, content: noise }]));
    const layers = raw.map((content) => blob(ociTypes.zstd, zstdCompressSync(content, { params })));
    const image = blob(ociTypes.config, config(raw));
    const top = manifest(image, layers);
    const files =
      format === 'an OCI layout'
        ? layout(index([descriptor(top)]), [image, top, ...layers])
        : {
            'config.json': image.bytes,
            ...Object.fromEntries(layers.map(({ bytes }, number) => [`${number}.tar`, bytes])),
            'manifest.json': json([
              { Config: 'config.json', RepoTags: ['app:1.0'], Layers: layers.map((_, number) => `${number}.tar`) },
            ]),
          };
    await writeFiles(join(fixture.directory, 'image'), files);
    const { exitCode, output, peakBytes } = await fixture.start({
      IMAGE: 'acme/app:1.0',
      REGISTRY: fixture.sandbox.registryUrl,
      USERNAME: tokens.packagesUser,
      TOKEN: tokens.packagesToken,
      FILENAME: 'image',
      EXTRA_ARGS: `['--concurrency', '${concurrency}']`,
    }).ended;
    expect({ exitCode, output: exitCode === 0 ? '' : output.slice(-2000) }).toEqual({ exitCode: 0, output: '' });
    expect(peakBytes).toBeLessThan(160e6);
  },
  60_000,
);
