// Prints the digest of an image in its registry, and that of its part for one architecture: find-platform.mjs NAME ARCHITECTURE
// NAME is HOST/REPOSITORY[:TAG][@DIGEST], in full: docker.io/library/node:26.
// DOCKERHUB_USERNAME and DOCKERHUB_TOKEN are used if both are set, whatever the registry.
import { fixedAuthorizer } from '../pipe/http/authorizer.ts';
import { basicCredential } from '../pipe/http/credentials.ts';
import { isLoopback } from '../pipe/http/loopback.ts';
import { readProxies } from '../pipe/http/proxies.ts';
import { defaultRetryPolicy } from '../pipe/http/retry.ts';
import { createHttp } from '../pipe/http/send.ts';
import { parseIndex, platformOf } from '../pipe/oci/formats/manifests.ts';
import { isIndexType } from '../pipe/oci/media-types.ts';
import { createRegistryClient } from '../pipe/oci/registry/client.ts';
import { registryApi } from '../pipe/oci/registry/reference.ts';
import { createRegistryAuthorizer } from '../pipe/oci/registry/registry-authorizer.ts';
import { Problems } from '../pipe/toolkit/problems.ts';
import { createSecrets } from '../pipe/toolkit/scrub.ts';

const [, , name = '', architecture = ''] = process.argv;
const [, host, repository, tag = 'latest', digest] = /^([^/]+)\/([^@:]+)(?::([^@]+))?(?:@(.+))?$/.exec(name) ?? [];
const { DOCKERHUB_USERNAME: username, DOCKERHUB_TOKEN: password } = process.env;
const account = username && password ? { username, password } : undefined;
const registry = registryApi(new URL(`${isLoopback(new URL(`http://${host}`)) ? 'http' : 'https'}://${host}`));
const secrets = createSecrets([password]);
const log = { isDebug: false, debug: () => undefined, warning: (message) => process.stderr.write(`${message}\n`) };
const clients = [];

const createClient = (authorizer) => {
  const proxies = readProxies(process.env, new Problems());
  const policy = { ...defaultRetryPolicy, retries: 2 };
  const client = createHttp({
    authorizer,
    userAgent: 'find-platform',
    timeoutMs: 30_000,
    policy,
    proxies,
    log,
    secrets,
  });
  clients.push(client);
  return client;
};
const authorizer = createRegistryAuthorizer({
  registry,
  repositories: [],
  sources: [repository],
  account,
  learn: secrets.learn,
  debug: log.debug,
  createHttp: (url, given) =>
    createClient(fixedAuthorizer(given ? [basicCredential(url.origin, given.username, given.password)] : [])),
});
try {
  const found = await createRegistryClient(createClient(authorizer), registry, repository).readManifest(digest ?? tag);
  if (found === undefined) throw new Error(`the registry has no ${name}`);
  process.stdout.write(`${found.digest} ${digestFor(found)}\n`);
} catch (error) {
  process.stderr.write(`✖ ${error.message}\n`);
  process.exitCode = 1;
} finally {
  await Promise.all(clients.map((client) => client.close()));
}

/** An image without an index is what it is: the caller checks its architecture. */
function digestFor({ mediaType, bytes, digest: own }) {
  if (!isIndexType(mediaType)) return own;
  const image = parseIndex(bytes, mediaType, name).manifests.find((each) => {
    const platform = platformOf(each, name);
    return platform?.os === 'linux' && platform.architecture === architecture;
  });
  if (image === undefined) throw new Error(`${name} has no image for linux/${architecture}`);
  return image.digest;
}
