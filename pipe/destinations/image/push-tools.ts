/** The tools for pushing the images of a run to one registry. */

import { fixedAuthorizer } from '../../http/authorizer.ts';
import { basicCredential } from '../../http/credentials.ts';
import { createReadBack } from '../../http/read-back.ts';
import { createBlobSearches } from '../../oci/registry/blob-search.ts';
import { newCapability } from '../../oci/registry/blob-upload.ts';
import { createRegistryClient } from '../../oci/registry/client.ts';
import { createMounts } from '../../oci/registry/mounts.ts';
import type { LayerCompression, PushTools } from '../../oci/registry/push-layer.ts';
import { createRegistryAuthorizer } from '../../oci/registry/registry-authorizer.ts';
import { Turns } from '../../oci/registry/turns.ts';
import type { RunTools } from '../destination.ts';
import type { ImageSettings } from './settings.ts';

/** Without the progress, which starts once the total size is known, and without what is found out about each image. */
export type RepositoryTools = Omit<PushTools, 'progress' | 'earlier' | 'sent' | 'imageName'>;

/** The tools for any repository of the registry. They share connections, tokens, and all that a push finds out. */
export function createPushTools(
  settings: ImageSettings,
  tools: RunTools,
  compression: LayerCompression | undefined,
): (repository: string) => RepositoryTools {
  const { registry, targets, account, concurrency } = settings;
  const { log, patience } = tools;
  const authorizer = createRegistryAuthorizer({
    registry,
    repositories: [...new Set(targets.map(({ reference }) => reference.repository))],
    sources: [...new Set(targets.flatMap(({ sources }) => sources.map(({ repository }) => repository)))],
    account,
    learn: tools.secrets.learn,
    debug: (message) => log.debug(message),
    createHttp: (url, given) =>
      tools.createHttp(
        fixedAuthorizer(given === undefined ? [] : [basicCredential(url.origin, given.username, given.password)]),
      ),
  });
  const http = tools.createHttp(authorizer);
  const shared = {
    http,
    registry,
    capability: newCapability(),
    log,
    compression,
    concurrency,
    turns: new Turns(
      tools.headStartMs,
      () => log.info('waiting for other steps, which are sending layers of this image as well'),
      tools.signal,
    ),
    patience,
    readBack: createReadBack(patience),
  };
  const byRepository = new Map<string, RepositoryTools>();
  return (repository) => {
    const known = byRepository.get(repository);
    if (known !== undefined) return known;
    const client = createRegistryClient(http, registry, repository);
    const searches = createBlobSearches(client, log, patience);
    const created = { ...shared, client, searches, mounts: createMounts(client, log) };
    byRepository.set(repository, created);
    return created;
  };
}
