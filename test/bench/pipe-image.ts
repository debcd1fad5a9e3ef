/** The pipe's own image, where this machine's engine has it: what it weighs, and what it packs with. */

import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** As `.ci/run` builds it. */
export const pipeImage = 'packagepipes/bitbucket-upload-package:test';

const run = promisify(execFile);
const libraries = ['/usr/lib/x86_64-linux-gnu/libdeflate.so.0', '/usr/lib/aarch64-linux-gnu/libdeflate.so.0'] as const;

export async function hasPipeImage(docker: string): Promise<boolean> {
  return await run(docker, ['image', 'inspect', pipeImage]).then(
    () => true,
    () => false,
  );
}

/** Takes libdeflate out of the image. @returns the directory with it, or undefined where there is no such image */
export async function libdeflateOfImage(docker: string, directory: string): Promise<string | undefined> {
  if (!(await hasPipeImage(docker))) return undefined;
  const target = join(directory, 'image-libdeflate');
  await mkdir(target, { recursive: true });
  const { stdout } = await run(docker, ['create', pipeImage]);
  const container = stdout.trim();
  try {
    const copies = libraries.map(async (library) => await run(docker, ['cp', `${container}:${library}`, target]));
    await Promise.any(copies);
    await Promise.allSettled(copies);
  } finally {
    await run(docker, ['rm', container]);
  }
  return target;
}
