/** Makes small images with the tools that others use, in all the forms in which these hand images over. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { tar } from '../archive/tar/tar-writer.ts';
import { patience } from '../patience.ts';

const execute = promisify(execFile);

/** Where ci-scripts/install-image-tools.sh has put them. */
const binaries = join(process.env['IMAGE_TOOLS'] ?? '', 'bin');

export type Run = (program: string, ...args: readonly string[]) => Promise<string>;

/** Runs a program of `IMAGE_TOOLS` or of the system. @throws Error with its output if it fails */
export function runIn(directory: string, env: NodeJS.ProcessEnv = {}): Run {
  const variables = { ...process.env, PATH: `${binaries}:${process.env['PATH'] ?? ''}`, ...env };
  return async (program, ...args) =>
    (await execute(program, args, { cwd: directory, env: variables, maxBuffer: 16 * 1024 ** 2 })).stdout;
}

/** The path of a program of `IMAGE_TOOLS`. */
export function toolPath(name: string): string {
  return join(binaries, name);
}

/** Two files in layers of their own; one of them does not compress. */
export async function writeContext(directory: string): Promise<void> {
  await mkdir(join(directory, 'context'));
  await writeFile(join(directory, 'context/text'), 'a line of text\n'.repeat(1000));
  await writeFile(join(directory, 'context/other'), 'another line\n'.repeat(700));
  await writeFile(join(directory, 'context/Dockerfile'), 'FROM scratch\nCOPY text /\nCOPY other /\nCMD ["/text"]\n');
  await writeFile(join(directory, 'layer.tar'), tar([{ name: 'text', content: 'a line of text\n'.repeat(1000) }]));
}

/** With their storage inside the directory, and nothing that needs a kernel module. */
function storageFlags(directory: string): readonly string[] {
  return ['--root', join(directory, 'storage'), '--runroot', join(directory, 'run'), '--storage-driver', 'vfs'];
}

/** `podman save` in each of its formats; `podman manifest push`. */
export async function makeWithPodman(directory: string): Promise<void> {
  const run = runIn(directory);
  const podman: Run = (command, ...args) => run('podman', ...storageFlags(directory), command, ...args);
  for (const name of ['app:1', 'other:1'])
    await podman('build', '--quiet', '--isolation', 'chroot', '--label', `name=${name}`, '--tag', name, 'context');
  for (const format of ['docker-archive', 'oci-archive', 'oci-dir', 'docker-dir'])
    await podman('save', '--quiet', '--format', format, '--output', `podman-${format}`, 'app:1');
  await podman('save', '--quiet', '--multi-image-archive', '--output', 'podman-multi', 'app:1', 'other:1');
  await podman('build', '--quiet', '--isolation', 'chroot', '--manifest', 'list', 'context');
  await podman('manifest', 'push', '--quiet', '--all', 'list', 'oci:podman-manifest:1');
}

/** `buildah push` into archives and layouts, also with Docker's media types. */
export async function makeWithBuildah(directory: string): Promise<void> {
  const run = runIn(directory);
  const buildah: Run = (command, ...args) => run('buildah', ...storageFlags(directory), command, ...args);
  await buildah('build', '--quiet', '--isolation', 'chroot', '--layers', '--tag', 'built:1', 'context');
  for (const target of [
    'oci-archive:buildah-oci.tar:built:1',
    'docker-archive:buildah-docker.tar:built:1',
    'oci:buildah-layout:1',
  ])
    await buildah('push', '--quiet', 'built:1', target);
}

/** `skopeo copy` from Podman's archive. */
export async function makeWithSkopeo(directory: string): Promise<void> {
  const run = runIn(directory);
  const copy: Run = (...args) => run('skopeo', '--insecure-policy', 'copy', '--quiet', ...args);
  const from = 'docker-archive:podman-docker-archive';
  await copy(from, 'dir:skopeo-dir');
  await copy(from, 'oci:skopeo-layout:1');
  await copy('--dest-compress-format', 'zstd', from, 'oci-archive:skopeo-zstd.tar:1');
  await copy(from, 'docker-archive:skopeo-docker.tar:app:1');
}

/** A layout that umoci makes from nothing. */
export async function makeWithUmoci(directory: string): Promise<void> {
  const run = runIn(directory);
  await run('umoci', 'init', '--layout', 'umoci');
  await run('umoci', 'new', '--image', 'umoci:1');
  for (const file of ['text', 'other'])
    await run('umoci', 'insert', '--image', 'umoci:1', `context/${file}`, `/${file}`);
}

/** `crane append` without a base, and `crane pull` in each of its formats. @param host of a registry to go through */
export async function makeWithCrane(directory: string, host: string): Promise<void> {
  const run = runIn(directory);
  const crane: Run = (command, ...args) => run('crane', command, '--insecure', ...args);
  await crane('append', '--new_layer', 'layer.tar', '--new_tag', 'app:1', '--output', 'crane-append.tar');
  await crane('push', 'crane-append.tar', `${host}/crane/app:1`);
  await crane('index', 'append', '--manifest', `${host}/crane/app:1`, '--tag', `${host}/crane/index:1`);
  for (const format of ['tarball', 'legacy', 'oci'])
    await crane('pull', `${host}/crane/app:1`, `crane-${format}`, '--format', format);
  await crane('pull', `${host}/crane/index:1`, 'crane-index', '--format', 'oci');
}

/** A Go program on a base image. @param host of a registry to go through */
export async function makeWithKo(directory: string, host: string): Promise<void> {
  await mkdir(join(directory, 'program'));
  await writeFile(join(directory, 'program/go.mod'), 'module example.com/program\n\ngo 1.20\n');
  await writeFile(join(directory, 'program/main.go'), 'package main\n\nfunc main() { println("hello") }\n');
  const base = `${host}/ko/base:1`;
  const copy = ['copy', '--quiet', '--dest-tls-verify=false', 'oci:skopeo-layout:1', `docker://${base}`];
  await runIn(directory)('skopeo', '--insecure-policy', ...copy);
  const env = { KO_DEFAULTBASEIMAGE: base, KO_DOCKER_REPO: 'example.com/program', GOFLAGS: '' };
  const ko: Run = (...args) =>
    runIn(join(directory, 'program'), env)('ko', 'build', '--push=false', '--bare', ...args, '.');
  await ko('--tarball', '../ko.tar');
  await ko('--oci-layout-path', '../ko-layout');
}

/** An artifact, and an image with an SBOM, copied with and without what refers to it. */
export async function makeWithOras(directory: string): Promise<void> {
  const run = runIn(directory);
  await writeFile(join(directory, 'sbom.json'), '{}');
  const artifact = ['--artifact-type', 'application/vnd.example', 'layer.tar:application/x-tar'];
  await run('oras', 'push', '--oci-layout', 'oras-artifact:1', ...artifact);
  await run('oras', 'copy', '--from-oci-layout', 'skopeo-layout:1', '--to-oci-layout', 'oras-sbom:1');
  const sbom = ['--artifact-type', 'application/vnd.example.sbom', 'sbom.json'];
  await run('oras', 'attach', '--oci-layout', 'oras-sbom:1', ...sbom);
  await run('oras', 'copy', '--recursive', '--from-oci-layout', 'oras-sbom:1', '--to-oci-layout', 'oras-recursive:1');
}

/** An image with provenance for each platform, for both of them, and with uncompressed layers. */
export async function makeWithBuildKit(directory: string): Promise<void> {
  await withBuildKit(directory, async (build) => {
    const made = async (platform: string, output: string): Promise<void> => {
      const options = [`--opt=platform=${platform}`, '--opt=attest:provenance=mode=min'];
      await build(...options, `--output=type=oci,name=app:1,${output}`);
    };
    await made('linux/amd64', 'dest=buildkit-amd64.tar');
    await made('linux/arm64', 'dest=buildkit-arm64.tar');
    await made('linux/amd64,linux/arm64', 'dest=buildkit-both.tar');
    await made('linux/amd64', 'dest=buildkit-plain.tar,compression=uncompressed,force-compression=true');
    await made('linux/amd64', 'dest=buildkit-zstd.tar,compression=zstd,force-compression=true');
  });
}

/** @param use is given `buildctl build` with the directory's context, and the daemon's socket, while the daemon runs */
export async function withBuildKit(
  directory: string,
  use: (build: (...args: readonly string[]) => Promise<void>, socketPath: string) => Promise<void>,
): Promise<void> {
  const run = runIn(directory);
  const socketPath = join(directory, 'buildkit.sock');
  const address = `unix://${socketPath}`;
  const daemon = startBuildKit(directory, address);
  const sources = ['--local=context=context', '--local=dockerfile=context'];
  try {
    await untilReady(daemon, async () => await run('buildctl', '--addr', address, 'debug', 'workers'));
    await use(async (...args) => {
      const words = ['build', '--progress=plain', '--frontend=dockerfile.v0', ...sources, ...args];
      await run('buildctl', '--addr', address, ...words);
    }, socketPath);
  } finally {
    const exited = daemon.exitCode === null ? once(daemon, 'exit') : undefined;
    daemon.kill('SIGTERM');
    await exited;
  }
}

function startBuildKit(directory: string, address: string): ChildProcess {
  const flags = ['--addr', address, '--root', join(directory, 'buildkit'), '--oci-worker-snapshotter=native'];
  return spawn(toolPath('buildkitd'), [...flags, '--containerd-worker=false'], { stdio: 'ignore' });
}

async function untilReady(daemon: ChildProcess, ask: () => Promise<string>): Promise<void> {
  const until = performance.now() + patience(20_000);
  for (;;) {
    try {
      await ask();
      return;
    } catch (error) {
      if (daemon.exitCode !== null || performance.now() > until) throw error;
      await setTimeout(100);
    }
  }
}
