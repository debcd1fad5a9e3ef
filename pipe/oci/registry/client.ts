/** The distribution protocol for one repository. */

import type { Http } from '../../http/send.ts';
import { type BlobClient, createBlobClient } from './blob-client.ts';
import { createManifestClient, type ManifestClient } from './manifest-client.ts';

/** Far above what image builders write, and as much as is read of an archive's. */
export const maxConfigBytes = 4 * 1024 * 1024;

/** One method for each step of the protocol. */
export type RegistryClient = BlobClient & ManifestClient;

/**
 * A client for one repository.
 *
 * @param repository its path in the registry: `acme/app`
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
 */
export function createRegistryClient(http: Http, registry: URL, repository: string): RegistryClient {
  const base = new URL(`/v2/${repository}/`, registry);
  return { ...createBlobClient(http, base), ...createManifestClient(http, base) };
}
