/** Whether a registry is one of Bitbucket Packages. */

/** Every registry of Bitbucket Packages is below it. */
const domain = 'apkg.io';

/** Whether the registry belongs to Bitbucket Packages, and so accepts its credentials. */
export function isBitbucketPackages({ hostname }: URL): boolean {
  return hostname === domain || hostname.endsWith(`.${domain}`);
}
