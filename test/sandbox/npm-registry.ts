/** The sandbox's npm registry: its interface for tests, and the handler of its server. */
import { randomUUID } from 'node:crypto';
import { ContentStore } from './content-store.ts';
import { parseNpmOptions, type NpmOptions } from './npm-options.ts';
import { serveNpm } from './npm-server.ts';
import {
  digestsOf,
  type NpmContext,
  type NpmPackage,
  type NpmVersion,
  publishVersion,
  type StagedVersion,
  tarballAddress,
} from './npm-store.ts';
import type { Handler } from './sandbox-server.ts';

export interface SeedVersion {
  readonly content?: Buffer | string;
  /** Default `latest`. */
  readonly tag?: string;
  readonly deprecated?: string;
}

/** The interface for tests. */
export interface NpmRegistry {
  readonly packages: ReadonlyMap<string, NpmPackage>;
  /** Adds a version. */
  seed(name: string, version: string, seeded?: SeedVersion): void;
  /** Those that wait for approval, by their identifier. */
  readonly staged: ReadonlyMap<string, StagedVersion>;
  /** Stages a version. @returns its identifier */
  seedStaged(name: string, version: string, seeded?: SeedVersion): string;
  /** Creates a package, if only existing packages can be published to. */
  createPackage(name: string): void;
  /** The problems of installing it; empty if there are none. */
  installProblems(name: string, version: string): Promise<string[]>;
}

export interface NpmSetting {
  readonly workspace: string;
  readonly discardContent: boolean;
  /** Known once the server listens. */
  readonly origin: () => string;
}

export interface NpmParts {
  readonly npm: NpmRegistry;
  readonly serve: Handler;
  reset(): void;
  close(): void;
}

export function createNpmRegistry(given: NpmOptions, { workspace, discardContent, origin }: NpmSetting): NpmParts {
  const options = parseNpmOptions(given);
  const registryUrl = (): string => `${origin()}/${workspace}/`;
  const packages = new Map<string, NpmPackage>();
  const staged = new Map<string, StagedVersion>();
  const contents = new ContentStore(discardContent);
  const created = options.packages === undefined ? undefined : new Set(options.packages);
  const context: NpmContext = { options, workspace, packages, staged, created, contents, registryUrl };
  const toVersion = (
    name: string,
    version: string,
    { content = 'sandbox tarball', deprecated }: SeedVersion,
  ): NpmVersion => {
    const tarball = contents.keep(Buffer.from(content));
    const { integrity, shasum } = digestsOf(Buffer.from(content));
    const dist = { integrity, shasum, tarball: tarballAddress(registryUrl(), name, version) };
    const manifest = { name, version, dist, ...(deprecated !== undefined && { deprecated }) };
    return { manifest, tarball, document: undefined };
  };
  return {
    npm: {
      packages,
      staged,
      seed: (name, version, seeded = {}) => {
        created?.add(name);
        publishVersion(context, name, version, seeded.tag ?? 'latest', toVersion(name, version, seeded));
      },
      seedStaged: (name, version, seeded = {}) => {
        const id = randomUUID();
        const { tag = 'latest' } = seeded;
        const createdAt = '2026-01-01T00:00:00.000Z';
        const published = toVersion(name, version, seeded);
        staged.set(id, { id, name, version, tag, createdAt, published, staleReads: 0 });
        return id;
      },
      createPackage: (name) => void created?.add(name),
      installProblems: (name, version) => installProblems(packages.get(name), version),
    },
    serve: (exchange) => serveNpm(exchange, context),
    reset: () => {
      packages.clear();
      staged.clear();
      created?.clear();
      for (const name of options.packages ?? []) created?.add(name);
    },
    close: () => contents.close(),
  };
}

async function installProblems(found: NpmPackage | undefined, version: string): Promise<string[]> {
  const published = found?.versions.get(version);
  if (found === undefined || published === undefined) return [`${version} is not published`];
  const content = await published.tarball.read();
  const { integrity, shasum } = digestsOf(content);
  const dist = published.manifest['dist'] as Readonly<Record<string, unknown>>;
  return [
    ...(dist['integrity'] === integrity ? [] : ['the integrity is wrong']),
    ...(dist['shasum'] === shasum ? [] : ['the shasum is wrong']),
  ];
}
