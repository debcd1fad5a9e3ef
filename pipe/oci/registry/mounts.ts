/** Takes layers from other repositories of the registry, so that they need not be sent. */

import type { Log } from '../../toolkit/log.ts';
import type { BlobClient } from './blob-client.ts';

/** Mounts blobs into one repository. */
export interface Mounts {
  /** Never throws. @returns whether the blob is there now */
  mount(digest: string, from: string): Promise<boolean>;
}

/** A registry that mounts nothing from a repository, or does not let the account read there, is asked only once. */
export function createMounts(client: Pick<BlobClient, 'mountBlob'>, log: Pick<Log, 'info'>): Mounts {
  const mounting = new Map<string, boolean>();
  return {
    async mount(digest, from) {
      if (mounting.get(from) === false) return false;
      const isMounted = await client.mountBlob(digest, from);
      if (!isMounted && !mounting.has(from))
        log.info(`The registry does not take layers from ${from}: they are sent if they are missing`);
      if (isMounted || !mounting.has(from)) mounting.set(from, isMounted);
      return isMounted;
    },
  };
}
