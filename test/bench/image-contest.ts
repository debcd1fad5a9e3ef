/** Pushes an image of six layers to a real registry with the pipe and its peers, always without a cache on the machine. */

import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type BenchImage, benchImages, benchName } from './bench-image.ts';
import type { Contestant, Score } from './contest.ts';
import type { LineSpeed } from './line.ts';
import type { Command } from './measure.ts';
import type { Peer } from './peers.ts';
import { libdeflateOfImage, pipeImage } from './pipe-image.ts';
import { type Registry, startRegistry } from './registry-process.ts';
import type { Bench } from './row.ts';
import { plainEnvironment, token, withCompileCache } from './uploads.ts';

const execute = promisify(execFile);
let count = 0;

/** The starting point of a run, and the image to push. */
interface Setting {
  readonly bench: Bench;
  readonly registry: Registry;
  readonly image: BenchImage;
  /** The directory with the libdeflate of the pipe's image; undefined to use the system's. */
  readonly libdeflate: string | undefined;
  /** The repository that this run pushes to; may already contain an image that the same tool has pushed. */
  prepare(tool: Tool): Promise<string>;
}

type Tool = 'pipe' | 'skopeo' | 'crane';

export interface Runner {
  readonly name: string;
  readonly peer?: Peer;
  /** The tool that has pushed the existing image. */
  readonly seededBy: Tool;
  readonly command: (setting: Setting, host: string, repository: string) => Promise<Command>;
}

const tag = 'new';

export function pipe(
  name: string,
  options: { env?: Readonly<Record<string, string>>; args?: readonly string[]; isFromEngine?: boolean } = {},
): Runner {
  const { env = {}, args = [], isFromEngine = false } = options;
  return {
    name: `the pipe, ${name}`,
    seededBy: 'pipe',
    async command({ bench, image, libdeflate }, host, repository) {
      const reference = isFromEngine ? `${host}/${repository}` : repository;
      if (isFromEngine) await execute('docker', ['tag', image.name, `${reference}:${tag}`]);
      return withCompileCache(bench, {
        argv: [process.execPath, bench.bundlePath],
        env: {
          ...plainEnvironment(),
          REGISTRY: host,
          IMAGE: `${reference}:${tag}`,
          ...(!isFromEngine && { FILENAME: image.archive }),
          ...engineAddress(),
          USERNAME: 'bench',
          TOKEN: token.replace('ATCT', 'ATAT'),
          EXTRA_ARGS: JSON.stringify(args),
          ...(libdeflate !== undefined && { LD_LIBRARY_PATH: libdeflate }),
          ...env,
        },
        workingDirectory: bench.directory,
      });
    },
  };
}

function skopeo(peer: Peer, ...args: readonly string[]): Runner {
  return {
    name: ['skopeo copy', ...args].join(' '),
    peer,
    seededBy: 'skopeo',
    async command({ bench, image }, host, repository) {
      // It keeps its cache of known blobs in this directory if it believes to run without root.
      const cache = join(bench.directory, `skopeo-${count++}`);
      await mkdir(cache);
      return {
        argv: [
          'skopeo',
          '--insecure-policy',
          'copy',
          '--quiet',
          '--dest-tls-verify=false',
          ...args,
          `docker-archive:${image.archive}`,
          `docker://${host}/${repository}:${tag}`,
        ],
        env: { ...plainEnvironment(), _CONTAINERS_ROOTLESS_UID: '1000', XDG_DATA_HOME: cache, XDG_RUNTIME_DIR: cache },
        workingDirectory: bench.directory,
      };
    },
  };
}

/** The engine remembers what it has sent to a host, so each run uses another host, with layers compressed by another tool. */
function dockerPush(peer: Peer): Runner {
  return {
    name: 'docker push',
    peer,
    seededBy: 'pipe',
    async command({ bench, image }, host, repository) {
      const name = `${host}/${repository}:${tag}`;
      await execute('docker', ['tag', image.name, name]);
      return {
        argv: ['docker', 'push', '--quiet', name],
        env: { ...plainEnvironment(), ...engineAddress() },
        workingDirectory: bench.directory,
      };
    },
  };
}

function crane(peer: Peer): Runner {
  return {
    name: 'crane push',
    peer,
    seededBy: 'crane',
    command: async ({ bench, image }, host, repository) =>
      await Promise.resolve({
        argv: ['crane', 'push', '--insecure', image.archive, `${host}/${repository}:${tag}`],
        env: plainEnvironment(),
        workingDirectory: bench.directory,
      }),
  };
}

function engineAddress(): Record<string, string> {
  const { DOCKER_HOST = '' } = process.env;
  return DOCKER_HOST === '' ? {} : { DOCKER_HOST };
}

/** Forces Node.js's zlib: the file under the library's name is not a library. */
export async function withoutLibdeflate(bench: Bench): Promise<Readonly<Record<string, string>>> {
  const directory = join(bench.directory, 'no-libdeflate');
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'libdeflate.so.0'), '');
  return { LD_LIBRARY_PATH: directory };
}

export interface Contest {
  /** The contents of the registry before each run. */
  readonly seed: 'nothing' | 'original';
  readonly push: 'original' | 'changed' | BenchImage;
  /** The speed of the line to the registry; by default, as fast as the machine. */
  readonly speed?: LineSpeed | undefined;
  readonly others?: readonly Contestant[];
}

export async function contest(
  bench: Bench,
  runners: readonly Runner[],
  { seed, push, speed, others = [] }: Contest,
): Promise<{ scores: readonly Score[]; notes: readonly string[]; bytes: number } | string> {
  const { docker, registry: registryPeer } = bench.peers;
  if (docker.program === undefined || registryPeer.program === undefined)
    return `Skipped: ${docker.missing ?? registryPeer.missing ?? ''}.`;
  const images = await benchImages(bench, docker.program);
  const registry = await startRegistry(registryPeer.program, join(bench.directory, `registry-${count++}`));
  try {
    const libdeflate = await libdeflateOfImage(docker.program, bench.directory);
    const seeds = new Set<string>();
    const setting: Setting = {
      bench,
      registry,
      image: typeof push === 'string' ? images[push] : push,
      libdeflate,
      prepare: async (tool) => {
        const repository = `${benchName}/run-${count++}`;
        if (seed === 'nothing') return repository;
        const from = `${benchName}/seed-${tool}`;
        if (!seeds.has(from)) await sow(tool, from);
        seeds.add(from);
        await registry.copyRepository(from, repository);
        return repository;
      },
    };
    // As `latest`, where the pipe looks by default.
    const sow = async (tool: Tool, repository: string): Promise<void> => {
      const runner = { pipe: pipe(''), skopeo: skopeo(bench.peers.skopeo), crane: crane(bench.peers.crane) }[tool];
      const command = await runner.command(
        { ...setting, image: images.original },
        await registry.newHost(),
        repository,
      );
      const asLatest = (text: string): string => text.replace(new RegExp(`:${tag}$`), ':latest');
      const [program = '', ...args] = command.argv.map(asLatest);
      const env = Object.fromEntries(Object.entries(command.env).map(([key, value]) => [key, asLatest(value)]));
      await execute(program, args, { env, cwd: command.workingDirectory });
    };
    const contestants = runners.map(({ name, peer, seededBy, command }) => ({
      name,
      missing: peer?.missing,
      command:
        peer !== undefined && peer.program === undefined
          ? undefined
          : async (): Promise<Command> => {
              const repository = await setting.prepare(seededBy);
              const made = await command(setting, await registry.newHost(speed), repository);
              await registry.takeCounts();
              return made;
            },
    }));
    const scores = await bench.compete([...contestants, ...others], { sink: registry });
    return {
      scores,
      bytes: images.bytes,
      notes: [
        `${(images.bytes / 1_000_000).toFixed(0)} MB of files in six layers. From an archive of docker save, except docker push and where the engine is named; the engine's own memory is not counted. The pipe has its compile cache${libdeflate === undefined ? '' : ' and libdeflate'}, as in the image.`,
        ...(libdeflate === undefined ? [`No image ${pipeImage} here: gzip is by this system's libdeflate.`] : []),
        ...(seed === 'nothing'
          ? []
          : ['docker push finds layers compressed by the pipe: as on a cold machine, it recognises none of them.']),
      ],
    };
  } finally {
    await registry.close();
  }
}

export const gzipPipe = pipe('gzip');
export const zstdPipe = pipe('zstd', { args: ['--compression', 'zstd'] });
export const autoPipe = pipe('gzip, level auto', { args: ['--compression-level', 'auto'] });
export const enginePipe = pipe('gzip, from the engine', { isFromEngine: true });

/** skopeo with zstd instead of gzip. */
export function zstdPeer({ peers }: Bench): Runner {
  return skopeo(peers.skopeo, '--dest-compress-format', 'zstd');
}

/** skopeo with gzip, and nothing else. */
export function gzipPeer({ peers }: Bench): Runner {
  return skopeo(peers.skopeo);
}

export function peerRunners({ peers }: Bench): readonly [Runner, Runner, Runner, Runner] {
  return [
    skopeo(peers.skopeo),
    skopeo(peers.skopeo, '--dest-precompute-digests'),
    dockerPush(peers.docker),
    crane(peers.crane),
  ];
}
