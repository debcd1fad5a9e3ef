/** The variables to publish an image to the sandbox from a step. */

import { tokens } from '../sandbox/tokens.ts';
import type { Variables } from '../run-bundle.ts';

export function imageVariables(registry: string, tag: string, filename: string): Variables {
  return {
    TYPE: 'image',
    REGISTRY: registry,
    IMAGE: `acme/app:${tag}`,
    USERNAME: tokens.packagesUser,
    TOKEN: tokens.packagesToken,
    FILENAME: filename,
  };
}
