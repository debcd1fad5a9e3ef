/** The sandbox's container registry: its interface for tests, and the handlers of its three servers. */
import type { Handler } from './sandbox-server.ts';
import type { RecordedRequest } from './recorded-request.ts';
import type { RegistryContext, RegistryOrigins } from './registry-context.ts';
import { registryBehaviour, type RegistryOptions } from './registry-options.ts';
import { pullProblems } from './registry-pull.ts';
import { manifestBytes, seedImage, type SeededImage, type SeedImage, type SeedManifest } from './registry-seed.ts';
import { serveBlobs, serveRegistry } from './registry-server.ts';
import { RegistryStore, type RegistryRepository } from './registry-store.ts';
import { RegistryTokens } from './registry-tokens.ts';
import { serveTokens } from './registry-token-server.ts';
import { OpenUploads } from './registry-open-uploads.ts';
import { SignedUrls } from './signed-urls.ts';

export interface Registry {
  /** By name, `acme/app`. */
  readonly repositories: ReadonlyMap<string, RegistryRepository>;
  /** Total bytes of blobs that requests have sent, stored or not. */
  readonly dataBytes: number;
  /** Every token and signature that it has issued, which clients must not reveal. */
  readonly issued: readonly string[];
  /** The name includes the workspace. `ofOtherRepository`: the pipeline's own credentials have no access. */
  createPackage(name: string, options?: { readonly ofOtherRepository?: boolean }): void;
  /** Adds an image to a package, correct or incorrect. */
  seed(name: string, image?: SeedImage): Promise<SeededImage>;
  /** Its digest. */
  putBlob(name: string, content: Buffer | string): string;
  /** Its digest. Nothing is checked. */
  putManifest(name: string, manifest: SeedManifest): string;
  /** Deletes a blob, as garbage collection does. */
  loseBlob(name: string, digest: string): void;
  /** Invalidates all tokens. */
  expireTokens(): void;
  /** The problems of pulling the image, including diff IDs; empty if it is correct. */
  pullProblems(name: string, reference: string): Promise<string[]>;
}

export interface RegistrySetting {
  readonly workspace: string;
  readonly repository: string;
  readonly discardContent: boolean;
  readonly requests: readonly RecordedRequest[];
  /** Known once the servers listen. */
  readonly origins: () => RegistryOrigins;
}

export interface RegistryParts {
  readonly registry: Registry;
  readonly serve: Readonly<Record<'registry' | 'auth' | 'blobs', Handler>>;
  /** Forgets everything. */
  reset(): void;
  /** Deletes the content stored in files. */
  close(): void;
}

export function createRegistry(options: RegistryOptions, setting: RegistrySetting): RegistryParts {
  const behaviour = registryBehaviour(options, `${setting.workspace}/${setting.repository}`);
  const store = new RegistryStore(setting.discardContent);
  const uploads = new OpenUploads(behaviour);
  const tokens = new RegistryTokens();
  const context: RegistryContext = {
    behaviour,
    workspace: setting.workspace,
    store,
    uploads,
    tokens,
    urls: new SignedUrls(),
    origins: setting.origins,
  };
  const createPackages = (): void => behaviour.packages.forEach((name) => void store.create(name));
  createPackages();

  const putBlob = (name: string, content: Buffer | string): string =>
    store.plantBlob(store.repository(name), Buffer.from(content));
  const putManifest = (name: string, manifest: SeedManifest): string => {
    const kept = { mediaType: manifest.mediaType, bytes: manifestBytes(manifest) };
    return store.plantManifest(store.repository(name), kept, manifest.tags ?? []);
  };
  return {
    registry: {
      repositories: store.repositories,
      get dataBytes() {
        const dataRequests = setting.requests.filter(({ steps }) => steps.includes('data'));
        return dataRequests.reduce((sum, { bytesReceived }) => sum + bytesReceived, 0);
      },
      get issued() {
        return [...tokens.issued, ...context.urls.issued];
      },
      createPackage: (name, { ofOtherRepository = false } = {}) => void store.create(name, ofOtherRepository),
      seed: (name, image = {}) => seedImage({ putBlob, putManifest }, name, image),
      putBlob,
      putManifest,
      loseBlob: (name, digest) => {
        if (!store.repository(name).blobs.delete(digest)) throw new TypeError(`no blob ${digest}`);
      },
      expireTokens: () => tokens.expireAll(),
      pullProblems: (name, reference) => pullProblems(store, name, reference),
    },
    serve: {
      registry: (exchange) => serveRegistry(exchange, context),
      auth: (exchange) => serveTokens(exchange, context),
      blobs: (exchange) => serveBlobs(exchange, context),
    },
    reset: () => {
      store.clear();
      uploads.clear();
      tokens.expireAll();
      tokens.issued.length = 0;
      context.urls.issued.length = 0;
      createPackages();
    },
    close: () => store.clear(),
  };
}
