/** Runs the sandbox as a separate process: prints one line of JSON when it is ready, and ends on SIGTERM or SIGINT. */
import { parseArgs } from 'node:util';
import { startAdminServer } from './admin-server.ts';
import { parseFault } from './faults.ts';
import { parseNpmOptions } from './npm-options.ts';
import { parseMavenOptions } from './maven-repository.ts';
import { parseOctopusOptions } from './octopus-options.ts';
import { parsePypiOptions } from './pypi-options.ts';
import { parseRegistryOptions } from './registry-options.ts';
import { startSandbox } from './sandbox.ts';
import type { SandboxTokens } from './tokens.ts';

/** The line printed. */
export interface SandboxAddresses {
  readonly apiUrl: string;
  readonly contentOrigin: string;
  readonly pipelinesProxyUrl: string;
  readonly versionListUrl: string;
  readonly registryUrl: string;
  readonly registryHost: string;
  readonly authOrigin: string;
  readonly blobsOrigin: string;
  readonly npmUrl: string;
  readonly mavenUrl: string;
  readonly octopusUrl: string;
  readonly pypiUrl: string;
  readonly adminUrl: string;
  readonly tokens: SandboxTokens;
}

const { values } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    'public-host': { type: 'string' },
    port: { type: 'string' },
    'proxy-port': { type: 'string' },
    'latency-ms': { type: 'string' },
    workspace: { type: 'string' },
    repository: { type: 'string' },
    'max-file-bytes': { type: 'string' },
    'page-length': { type: 'string' },
    'discard-content': { type: 'boolean', default: false },
    /** Its options, as JSON. */
    registry: { type: 'string', default: '{}' },
    npm: { type: 'string', default: '{}' },
    /** The Maven repository's, as JSON. */
    maven: { type: 'string', default: '{}' },
    /** The Octopus server's, as JSON. */
    octopus: { type: 'string', default: '{}' },
    /** The Python index's, as JSON. */
    pypi: { type: 'string', default: '{}' },
    /** A fault, or an array of them, as JSON. */
    faults: { type: 'string', default: '[]' },
    /** End with the standard input, so that no sandbox outlives the process that started it. */
    'exit-with-stdin': { type: 'boolean', default: false },
  },
});

const { host } = values;
const sandbox = await startSandbox({
  host,
  publicHost: values['public-host'],
  workspace: values.workspace,
  repository: values.repository,
  port: toNumber(values.port),
  proxyPort: toNumber(values['proxy-port']),
  latencyMs: toNumber(values['latency-ms']),
  maxFileBytes: toNumber(values['max-file-bytes']),
  pageLength: toNumber(values['page-length']),
  discardContent: values['discard-content'],
  registry: parseRegistryOptions(JSON.parse(values.registry)),
  npm: parseNpmOptions(JSON.parse(values.npm)),
  maven: parseMavenOptions(JSON.parse(values.maven)),
  octopus: parseOctopusOptions(JSON.parse(values.octopus)),
  pypi: parsePypiOptions(JSON.parse(values.pypi)),
});
for (const fault of [JSON.parse(values.faults) as unknown].flat()) sandbox.inject(parseFault(fault));
const admin = await startAdminServer(sandbox, host);

process.once('SIGTERM', close).once('SIGINT', close);
if (values['exit-with-stdin']) process.stdin.once('end', close).resume();

const { apiUrl, contentOrigin, pipelinesProxyUrl, versionListUrl, tokens } = sandbox;
const { registryUrl, registryHost, authOrigin, blobsOrigin, mavenUrl } = sandbox;
const addresses: SandboxAddresses = {
  apiUrl,
  contentOrigin,
  pipelinesProxyUrl,
  versionListUrl,
  registryUrl,
  registryHost,
  authOrigin,
  blobsOrigin,
  npmUrl: sandbox.npmUrl,
  mavenUrl,
  octopusUrl: sandbox.octopusUrl,
  pypiUrl: sandbox.pypiUrl,
  adminUrl: admin.adminUrl,
  tokens,
};
process.stdout.write(`${JSON.stringify(addresses)}\n`);

function close(): void {
  process.stdin.destroy();
  void Promise.all([sandbox.close(), admin.close()]);
}

function toNumber(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d+$/.test(value)) throw new TypeError(`not a number: ${value}`);
  return Number(value);
}
