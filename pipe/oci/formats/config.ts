/**
 * Reads the parts of an image's config that publishing needs.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md
 */

import type { Platform } from '../image.ts';
import { parseDigest } from '../descriptors.ts';
import { asListOrEmpty, asObject, parseJson } from '../../io/json.ts';
import { readPlatformIfNamed } from '../platforms.ts';

export interface ImageConfig {
  /** Undefined if the config does not name one. */
  readonly platform: Platform | undefined;
  /** Lowest layer first; empty for an image without layers. */
  readonly diffIds: readonly string[];
}

/** Parses and checks a config. @param where names it in messages. @throws InputError if it is not valid */
export function parseConfig(bytes: Uint8Array, where: string): ImageConfig {
  const config = asObject(parseJson(bytes, where), where);
  // Images without layers may lack it.
  const rootfs = asObject(config['rootfs'] ?? {}, `${where}: rootfs`);
  const diffIds = asListOrEmpty(rootfs['diff_ids'], `${where}: rootfs.diff_ids`);
  return {
    platform: readPlatformIfNamed(config, `${where}: config`),
    diffIds: diffIds.map((diffId, index) => parseDigest(diffId, `${where}: rootfs.diff_ids[${index}]`)),
  };
}
