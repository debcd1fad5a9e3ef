/** The registry of a sandbox in another process: its state, and both ends of its remote control. */
import type { Registry } from './registry.ts';
import {
  manifestBytes,
  seedImage,
  type SeededImage,
  type SeedImage,
  type SeedManifest,
  type SeedTarget,
} from './registry-seed.ts';
import type { TagMove } from './registry-store.ts';

/** The state of a repository, with records by name, digest and tag instead of the maps of a local sandbox. */
export interface RegistryState {
  readonly dataBytes: number;
  readonly repositories: Readonly<Record<string, RepositoryState>>;
}

export interface RepositoryState {
  readonly blobs: Readonly<
    Record<string, { readonly size: number; readonly uploads: number; readonly mounted: boolean }>
  >;
  /** `content` as a string. */
  readonly manifests: Readonly<Record<string, { readonly mediaType: string; readonly content: string }>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly moves: readonly TagMove[];
}

/** The remote counterpart of `Registry`. */
export interface RemoteRegistry {
  createPackage(name: string, options?: { readonly ofOtherRepository?: boolean }): Promise<void>;
  seed(name: string, image?: SeedImage): Promise<SeededImage>;
  putBlob(name: string, content: Buffer | string): Promise<string>;
  putManifest(name: string, manifest: SeedManifest): Promise<string>;
  loseBlob(name: string, digest: string): Promise<void>;
  expireTokens(): Promise<void>;
  pullProblems(name: string, reference: string): Promise<string[]>;
}

export function describeRegistry({ dataBytes, repositories }: Registry): RegistryState {
  const described = [...repositories.values()].map(
    ({ name, blobs, manifests, tags, moves }): [string, RepositoryState] => [
      name,
      {
        blobs: Object.fromEntries(
          [...blobs].map(([digest, { size, uploads, mounted }]) => [digest, { size, uploads, mounted }]),
        ),
        manifests: Object.fromEntries(
          [...manifests].map(([digest, { mediaType, bytes }]) => [digest, { mediaType, content: bytes.toString() }]),
        ),
        tags: Object.fromEntries(tags),
        moves,
      },
    ],
  );
  return { dataBytes, repositories: Object.fromEntries(described) };
}

/** `POST /registry/<operation>?name=…` with the content as its body. */
export async function administerRegistry(
  registry: Registry,
  operation: string,
  parameters: URLSearchParams,
  body: Buffer,
): Promise<unknown> {
  const required = (key: string): string => {
    const value = parameters.get(key);
    if (value === null) throw new TypeError(`no ${key}`);
    return value;
  };
  switch (operation) {
    case 'create-package':
      registry.createPackage(required('name'), { ofOtherRepository: parameters.has('ofOtherRepository') });
      return undefined;
    case 'put-blob':
      return registry.putBlob(required('name'), body);
    case 'put-manifest':
      return registry.putManifest(required('name'), {
        mediaType: required('mediaType'),
        content: body,
        tags: parameters.getAll('tag'),
      });
    case 'lose-blob':
      registry.loseBlob(required('name'), required('digest'));
      return undefined;
    case 'expire-tokens':
      registry.expireTokens();
      return undefined;
    case 'pull-problems':
      return registry.pullProblems(required('name'), required('reference'));
    default:
      throw new TypeError(`unknown: ${operation}`);
  }
}

export function remoteRegistry(post: (path: string, body: Buffer) => Promise<unknown>): RemoteRegistry {
  const call = (
    operation: string,
    parameters: readonly (readonly [string, string])[] = [],
    body: Buffer = Buffer.alloc(0),
  ): Promise<unknown> => {
    const query = new URLSearchParams(parameters.map(([key, value]) => [key, value]));
    return post(`/registry/${operation}?${query.toString()}`, body);
  };
  const target: SeedTarget & Pick<RemoteRegistry, 'putBlob' | 'putManifest'> = {
    putBlob: async (name, content) => String(await call('put-blob', [['name', name]], Buffer.from(content))),
    putManifest: async (name, manifest) => {
      const tags = (manifest.tags ?? []).map((tag) => ['tag', tag] as const);
      const parameters = [['name', name], ['mediaType', manifest.mediaType], ...tags] as const;
      return String(await call('put-manifest', parameters, manifestBytes(manifest)));
    },
  };
  return {
    ...target,
    createPackage: async (name, { ofOtherRepository = false } = {}) => {
      const flag = ofOtherRepository ? ([['ofOtherRepository', '']] as const) : [];
      await call('create-package', [['name', name], ...flag]);
    },
    seed: (name, image = {}) => seedImage(target, name, image),
    loseBlob: async (name, digest) => {
      await call('lose-blob', [
        ['name', name],
        ['digest', digest],
      ]);
    },
    expireTokens: async () => {
      await call('expire-tokens');
    },
    pullProblems: async (name, reference) => {
      const parameters = [['name', name] as const, ['reference', reference] as const];
      const problems: string[] = JSON.parse(JSON.stringify(await call('pull-problems', parameters)));
      return problems;
    },
  };
}
