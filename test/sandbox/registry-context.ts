/** The context that the registry's three servers share. */
import type { RegistryBehaviour } from './registry-options.ts';
import type { RegistryStore } from './registry-store.ts';
import type { RegistryTokens } from './registry-tokens.ts';
import type { OpenUploads } from './registry-open-uploads.ts';
import type { SignedUrls } from './signed-urls.ts';

export interface RegistryContext {
  readonly behaviour: RegistryBehaviour;
  readonly workspace: string;
  readonly store: RegistryStore;
  readonly uploads: OpenUploads;
  readonly tokens: RegistryTokens;
  readonly urls: SignedUrls;
  /** Known once the servers listen. */
  readonly origins: () => RegistryOrigins;
}

export interface RegistryOrigins {
  readonly registry: string;
  readonly auth: string;
  readonly blobs: string;
}
