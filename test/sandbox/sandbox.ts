/** Bitbucket Cloud on loopback: starts and stops all of its servers. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BuildHistory } from './build-history.ts';
import { isBuildHistoryPath, serveBuildHistory } from './build-history-api.ts';
import { DownloadStore, type StoredDownload } from './download-store.ts';
import { serveContent } from './content-server.ts';
import { serveDownloadsApi } from './downloads-api.ts';
import { FaultList, type Fault } from './faults.ts';
import { originOf } from './listen.ts';
import { createNpmRegistry, type NpmRegistry } from './npm-registry.ts';
import type { NpmOptions } from './npm-options.ts';
import { createMavenRepository, type MavenOptions, type MavenRepository } from './maven-repository.ts';
import { createOctopus, type Octopus } from './octopus.ts';
import type { OctopusOptions } from './octopus-options.ts';
import { servePipelinesProxy } from './pipelines-proxy.ts';
import { createPypiIndex, type PypiIndex } from './pypi-index.ts';
import type { PypiOptions } from './pypi-options.ts';
import type { RecordedRequest, SandboxEvent, ServerContext } from './recorded-request.ts';
import { createRegistry, type Registry } from './registry.ts';
import type { RegistryOptions } from './registry-options.ts';
import { startServer, type SandboxServer } from './sandbox-server.ts';
import { SignedUrls } from './signed-urls.ts';
import { tokens, type SandboxTokens } from './tokens.ts';
import { serveWeb, versionListPath } from './web-server.ts';

export interface SandboxOptions {
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Host name for clients, if it differs (`host.docker.internal`). Default `host`. */
  readonly publicHost?: string | undefined;
  /** The API's port. Default 0: any. */
  readonly port?: number | undefined;
  /** The pipelines proxy's port. Default 0: any. */
  readonly proxyPort?: number | undefined;
  /** Delay before each answer. Default 0. */
  readonly latencyMs?: number | undefined;
  /** Default `acme`. */
  readonly workspace?: string | undefined;
  /** Default `app`. */
  readonly repository?: string | undefined;
  /** 413 beyond this. Default 2 GiB. */
  readonly maxFileBytes?: number | undefined;
  /** Page length of the listing if the request has no `pagelen`. Default 10. */
  readonly pageLength?: number | undefined;
  /** For benchmarks: uploads are only counted. Default false. */
  readonly discardContent?: boolean | undefined;
  /** Called at each step of each exchange, synchronously: a test may kill the client at that very moment. */
  readonly observe?: ((event: SandboxEvent) => void) | undefined;
  readonly registry?: RegistryOptions | undefined;
  readonly npm?: NpmOptions | undefined;
  readonly maven?: MavenOptions | undefined;
  readonly octopus?: OctopusOptions | undefined;
  readonly pypi?: PypiOptions | undefined;
}

export interface Sandbox {
  /** As `API_URL`: `http://127.0.0.1:PORT/2.0`. */
  readonly apiUrl: string;
  /** The origin that `GET …/downloads/{name}` redirects to. */
  readonly contentOrigin: string;
  readonly pipelinesProxyUrl: string;
  /** The tags of the pipe's repository, the newest of which is 9.9.9. */
  readonly versionListUrl: string;
  /** As `REGISTRY`: `http://127.0.0.1:PORT`. */
  readonly registryUrl: string;
  /** `127.0.0.1:PORT`, the beginning of image references. */
  readonly registryHost: string;
  /** The origin of the registry's token server. */
  readonly authOrigin: string;
  /** The origin that the registry's uploads and redirects may lead to. */
  readonly blobsOrigin: string;
  /** As `REGISTRY` of npm packages: `http://127.0.0.1:PORT/acme/`. */
  readonly npmUrl: string;
  /** As `REGISTRY` of a Maven artifact: `http://127.0.0.1:PORT/repository/`. */
  readonly mavenUrl: string;
  /** As `REGISTRY` of packages for Octopus: `http://127.0.0.1:PORT/`. */
  readonly octopusUrl: string;
  /** As `REGISTRY` of Python packages: `http://127.0.0.1:PORT/acme`. */
  readonly pypiUrl: string;
  readonly tokens: SandboxTokens;
  /** Every request to every server, in order of arrival. */
  readonly requests: readonly RecordedRequest[];
  readonly downloads: ReadonlyMap<string, StoredDownload>;
  /** The commits and pipelines of the repository, which tests add. */
  readonly history: BuildHistory;
  /** Code Insights by `${sha}/${id}`. */
  readonly reports: ReadonlyMap<string, unknown>;
  /** Every token and signature that was issued, which clients must not reveal. */
  readonly issued: readonly string[];
  readonly registry: Registry;
  readonly npm: NpmRegistry;
  readonly maven: MavenRepository;
  readonly octopus: Octopus;
  readonly pypi: PypiIndex;
  /** Every request that no correct client would send, with the reason. */
  readonly violations: readonly string[];
  /** Seeds a download. */
  put(name: string, content: Buffer | string, createdOn?: Date): void;
  /** @throws TypeError if the fault is not valid */
  inject(fault: Fault): void;
  /** Resolves once no connection is open, and everything that was received has been handled. */
  idle(): Promise<void>;
  /** Forgets everything, including faults, and keeps the servers running. */
  reset(): void;
  /** Destroys open connections and stored content. */
  close(): Promise<void>;
}

type SevenServers = readonly [
  SandboxServer,
  SandboxServer,
  SandboxServer,
  SandboxServer,
  SandboxServer,
  SandboxServer,
  SandboxServer,
];

export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { host = '127.0.0.1', publicHost = host, workspace = 'acme', repository = 'app', registry = {} } = options;
  const closing = new AbortController();
  const faults = new FaultList();
  const requests: RecordedRequest[] = [];
  const violations: string[] = [];
  const reports = new Map<string, unknown>();
  const discardContent = options.discardContent ?? false;
  const store = new DownloadStore(discardContent);
  const history: BuildHistory = { commits: [], pipelines: [] };
  const urls = new SignedUrls();
  const context: ServerContext = {
    faults,
    requests,
    violations,
    latencyMs: options.latencyMs ?? 0,
    observe: options.observe ?? ((): void => undefined),
    closing: closing.signal,
  };
  const api = {
    store,
    history,
    urls,
    workspace,
    repository,
    maxFileBytes: options.maxFileBytes ?? 2 * 1024 ** 3,
    pageLength: options.pageLength ?? 10,
    apiUrl: (): string => `${origin(servers[0])}/2.0`,
    contentOrigin: (): string => origin(servers[1]),
  };
  const origin = ({ port }: SandboxServer): string => originOf({ host: publicHost, port });
  const registryParts = createRegistry(registry, {
    workspace,
    repository,
    discardContent,
    requests,
    origins: () => ({ registry: origin(servers[4]), auth: origin(servers[5]), blobs: origin(servers[6]) }),
  });
  const { serve } = registryParts;
  const mavenParts = createMavenRepository(options.maven ?? {}, discardContent);
  const servers: SevenServers = await Promise.all([
    startServer('api', context, { host, port: options.port ?? 0 }, (exchange) =>
      isBuildHistoryPath(exchange.path) ? serveBuildHistory(exchange, api) : serveDownloadsApi(exchange, api),
    ),
    startServer('content', context, { host, port: 0 }, (exchange) => serveContent(exchange, { store, urls })),
    startServer('proxy', context, { host, port: options.proxyPort ?? 0 }, (exchange) =>
      servePipelinesProxy(exchange, { workspace, repository, reports }),
    ),
    startServer('web', context, { host, port: 0 }, serveWeb),
    startServer('registry', context, { host, port: registry.port ?? 0 }, serve.registry),
    startServer('auth', context, { host, port: registry.authPort ?? 0 }, serve.auth),
    startServer('blobs', context, { host, port: registry.blobsPort ?? 0 }, serve.blobs),
  ]);
  const npmParts = createNpmRegistry(options.npm ?? {}, {
    workspace,
    discardContent,
    origin: () => origin(npmServer),
  });
  const npmServer: SandboxServer = await startServer('npm', context, { host, port: 0 }, npmParts.serve);
  const octopusParts = createOctopus(options.octopus ?? {}, discardContent);
  const octopusServer = await startServer('octopus', context, { host, port: 0 }, octopusParts.serve);
  const mavenServer = await startServer('maven', context, { host, port: 0 }, mavenParts.serve);
  const pypiParts = createPypiIndex(options.pypi ?? {}, workspace, discardContent);
  const pypiServer = await startServer('pypi', context, { host, port: 0 }, pypiParts.serve);

  return {
    apiUrl: api.apiUrl(),
    contentOrigin: api.contentOrigin(),
    pipelinesProxyUrl: origin(servers[2]),
    versionListUrl: `${origin(servers[3])}${versionListPath}`,
    registryUrl: origin(servers[4]),
    registryHost: new URL(origin(servers[4])).host,
    authOrigin: origin(servers[5]),
    blobsOrigin: origin(servers[6]),
    npmUrl: `${origin(npmServer)}/${workspace}/`,
    mavenUrl: `${origin(mavenServer)}${mavenParts.basePath}`,
    octopusUrl: `${origin(octopusServer)}/`,
    pypiUrl: `${origin(pypiServer)}/${workspace}`,
    tokens,
    requests,
    downloads: store.downloads,
    history,
    reports,
    get issued() {
      return [...urls.issued, ...registryParts.registry.issued, ...octopusParts.issued];
    },
    registry: registryParts.registry,
    npm: npmParts.npm,
    maven: mavenParts.repository,
    octopus: octopusParts.octopus,
    pypi: pypiParts.pypi,
    violations,
    put: (name, content, createdOn) => store.put(name, content, createdOn),
    inject: (fault) => faults.inject(fault),
    idle: async () => {
      const all = [...servers, npmServer, mavenServer, octopusServer, pypiServer];
      // At least one turn of the event loop, in which connections that wait are accepted.
      do await sleep(2);
      while (!all.every((server) => server.isIdle));
    },
    reset: () => {
      faults.clear();
      requests.length = 0;
      violations.length = 0;
      urls.issued.length = 0;
      reports.clear();
      history.commits.length = 0;
      history.pipelines.length = 0;
      store.clear();
      registryParts.reset();
      npmParts.reset();
      mavenParts.repository.clear();
      octopusParts.reset();
      pypiParts.reset();
    },
    close: async () => {
      closing.abort();
      await Promise.all(
        [...servers, npmServer, mavenServer, octopusServer, pypiServer].map((server) => server.close()),
      );
      npmParts.close();
      store.close();
      registryParts.close();
      mavenParts.close();
      octopusParts.close();
      pypiParts.close();
    },
  };
}
