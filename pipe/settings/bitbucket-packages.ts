/** Recognizes the registries of Bitbucket Packages. */

/** The domain of all registries of Bitbucket Packages. */
const domain = 'apkg.io';

/** Whether the registry belongs to Bitbucket Packages, and so accepts its credentials. */
export function isBitbucketPackages({ hostname }: URL): boolean {
  return hostname === domain || hostname.endsWith(`.${domain}`);
}
