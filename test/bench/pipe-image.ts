/** The pipe's own image, if this machine's engine has it, and the libdeflate in it. */

import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The name that `.ci/run` gives it. */
export const pipeImage = 'packagepipes/bitbucket-upload-package:test';

const run = promisify(execFile);
/** The image is built for the builder's processor. */
const triplet = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';

export async function hasPipeImage(docker: string): Promise<boolean> {
  return await run(docker, ['image', 'inspect', pipeImage]).then(
    () => true,
    () => false,
  );
}

/** Extracts libdeflate from the image. @returns the directory with it; undefined if there is no such image */
export async function libdeflateOfImage(docker: string, directory: string): Promise<string | undefined> {
  if (!(await hasPipeImage(docker))) return undefined;
  const target = join(directory, 'image-libdeflate');
  await mkdir(target, { recursive: true });
  const { stdout } = await run(docker, ['create', pipeImage]);
  const container = stdout.trim();
  try {
    await run(docker, ['cp', `${container}:/usr/lib/${triplet}/libdeflate.so.0`, target]);
  } finally {
    await run(docker, ['rm', container]);
  }
  return target;
}
