/** The sandbox's npm registry: its interface for tests, and the handler of its server. */
import { ContentStore } from './content-store.ts';
import { parseNpmOptions, type NpmOptions } from './npm-options.ts';
import { serveNpm } from './npm-server.ts';
import { digestsOf, type NpmContext, type NpmPackage, publishVersion, tarballAddress } from './npm-store.ts';
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
  const contents = new ContentStore(discardContent);
  const created = options.packages === undefined ? undefined : new Set(options.packages);
  const context: NpmContext = { options, workspace, packages, created, contents, registryUrl };
  return {
    npm: {
      packages,
      seed: (name, version, { content = 'sandbox tarball', tag = 'latest', deprecated } = {}) => {
        created?.add(name);
        const tarball = contents.keep(Buffer.from(content));
        const { integrity, shasum } = digestsOf(Buffer.from(content));
        const dist = { integrity, shasum, tarball: tarballAddress(registryUrl(), name, version) };
        const manifest = { name, version, dist, ...(deprecated !== undefined && { deprecated }) };
        publishVersion(context, name, version, tag, { manifest, tarball, document: undefined });
      },
      createPackage: (name) => void created?.add(name),
      installProblems: (name, version) => installProblems(packages.get(name), version),
    },
    serve: (exchange) => serveNpm(exchange, context),
    reset: () => {
      packages.clear();
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
