/** The images to push: real files of this machine in six layers, the same with the last layer changed, and files of one kind. */

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants, copyFile, lstat, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Bench } from './row.ts';

export interface BenchImage {
  /** Its name in the engine. */
  readonly name: string;
  /** The file written by `docker save`, in the benchmark's directory. */
  readonly archive: string;
}

export interface BenchImages {
  readonly original: BenchImage;
  readonly changed: BenchImage;
  /** Total size of the files. */
  readonly bytes: number;
}

const run = promisify(execFile);
/** Part of the name of every image that is removed from the engine. */
export const benchName = `pipe-bench-${process.pid}`;
const layerNames = ['one', 'two', 'three', 'four', 'five', 'six'] as const;
const layerBytes = 95_000_000;
const lastLayerBytes = 31_000_000;
let made: Promise<BenchImages> | undefined;
let madeOfKinds: Promise<readonly BenchImage[]> | undefined;

/** Kinds of content, each two layers of an image of its own. */
export const contentKinds = ['programs', 'texts', 'mix'] as const;
const kindLayerBytes = 80_000_000;
/** In directory order. */
const kindDirectories = { programs: ['/usr/lib/x86_64-linux-gnu', '/usr/lib'], texts: ['/usr/share'] } as const;

/** The images, created once for all rows. */
export async function benchImages(bench: Bench, docker: string): Promise<BenchImages> {
  made ??= make(bench, docker);
  return await made;
}

/** Removes the images from the engine, under all names that they were pushed by. */
export async function removeBenchImages(): Promise<void> {
  if (made === undefined && madeOfKinds === undefined) return;
  const { stdout } = await run('docker', ['image', 'ls', '--format', '{{.Repository}}:{{.Tag}}']);
  const ours = stdout.split('\n').filter((name) => name.includes(benchName));
  made = undefined;
  madeOfKinds = undefined;
  if (ours.length > 0) await run('docker', ['image', 'rm', '--force', ...ours]);
}

/** An image of each kind, created once. */
export async function imagesOfKinds(bench: Bench, docker: string): Promise<readonly BenchImage[]> {
  madeOfKinds ??= (async () => {
    const images: BenchImage[] = [];
    for (const kind of contentKinds) images.push(await makeKind(bench, docker, kind));
    return images;
  })();
  return await madeOfKinds;
}

async function makeKind(bench: Bench, docker: string, kind: (typeof contentKinds)[number]): Promise<BenchImage> {
  const context = join(bench.directory, `context-${kind}`);
  const wanted = kindLayerBytes / (bench.isQuick ? 10 : 1);
  const sources = kind === 'mix' ? (['programs', 'texts'] as const) : [kind, kind];
  const files = { programs: walkAll(kindDirectories.programs), texts: walkAll(kindDirectories.texts) };
  for (const [index, source] of sources.entries()) {
    const layer = join(context, String(index));
    // Of the mix, a quarter does not shrink.
    await fill(layer, files[source], kind === 'mix' ? wanted * 0.75 : wanted);
    if (kind === 'mix') await writeFile(join(layer, 'noise'), randomBytes(wanted / 4));
  }
  await writeFile(join(context, 'Dockerfile'), 'FROM scratch\nCOPY 0 /0/\nCOPY 1 /1/\nCMD ["/none"]\n');
  const image = await build(bench.directory, docker, context, kind);
  await rm(context, { recursive: true });
  return image;
}

async function build(directory: string, docker: string, context: string, tag: string): Promise<BenchImage> {
  const name = `${benchName}:${tag}`;
  await run(docker, ['build', '--quiet', '--force-rm', '--tag', name, context]);
  await run(docker, ['save', '--output', join(directory, `${tag}.tar`), name]);
  return { name, archive: `${tag}.tar` };
}

async function* walkAll(directories: readonly string[]): AsyncGenerator<{ path: string; size: number }> {
  for (const directory of directories) yield* walk(directory);
}

async function make({ directory, isQuick }: Bench, docker: string): Promise<BenchImages> {
  const context = join(directory, 'context');
  const files = realFiles();
  let bytes = 0;
  for (const [index, layer] of layerNames.entries()) {
    const wanted = (index === layerNames.length - 1 ? lastLayerBytes : layerBytes) / (isQuick ? 10 : 1);
    bytes += await fill(join(context, layer), files, wanted);
  }
  const lines = ['FROM scratch', ...layerNames.map((layer) => `COPY ${layer} /${layer}/`), 'CMD ["/none"]'];
  await writeFile(join(context, 'Dockerfile'), lines.join('\n'));
  const images: BenchImage[] = [];
  for (const tag of ['original', 'changed']) {
    await writeFile(join(context, 'six', 'version'), tag);
    images.push(await build(directory, docker, context, tag));
  }
  await rm(context, { recursive: true });
  const [original, changed] = images;
  if (original === undefined || changed === undefined) throw new Error('no image was built');
  return { original, changed, bytes };
}

/** Programs, libraries, texts and scripts, in directory order. */
function realFiles(): AsyncGenerator<{ path: string; size: number }> {
  return walkAll(['/usr/lib', '/usr/share', dirname(dirname(process.execPath)), '/usr/bin']);
}

async function* walk(directory: string): AsyncGenerator<{ path: string; size: number }> {
  for (const name of (await readdir(directory).catch(() => [] as string[])).sort((a, b) => (a < b ? -1 : 1))) {
    const path = join(directory, name);
    const status = await lstat(path);
    if (status.isDirectory()) yield* walk(path);
    else if (status.isFile()) yield { path, size: status.size };
  }
}

/** Copies this many bytes, or slightly more, of the remaining files. @returns the number of bytes */
async function fill(
  target: string,
  files: AsyncGenerator<{ path: string; size: number }>,
  wanted: number,
): Promise<number> {
  await mkdir(target, { recursive: true });
  let bytes = 0;
  for (let count = 0; bytes < wanted; count++) {
    const { value, done } = await files.next();
    if (done === true) throw new Error('this machine has too few files for the image');
    if (value.size > wanted / 2) continue;
    await copyFile(value.path, join(target, `${count}-${basename(value.path)}`), constants.COPYFILE_FICLONE);
    bytes += value.size;
  }
  return bytes;
}
