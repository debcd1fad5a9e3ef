/** Platforms: how people write them, and when two are the same. */

import { InputError } from '../../errors.ts';
import { printable } from '../../toolkit/output.ts';
import type { Platform } from '../image.ts';
import { asObject, asOptionalText, asText } from './json.ts';

/** What other tools call an architecture (`uname -m`). */
const aliases: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  'x86-64': 'amd64',
  aarch64: 'arm64',
  i386: '386',
  armhf: 'arm/v7',
  armel: 'arm/v6',
};

/** `linux/arm64`, `linux/arm/v7`. @throws InputError */
export function parsePlatform(text: string): Platform {
  const [os = '', given = '', variant, ...rest] = text.split('/');
  const [architecture = '', implied] = (aliases[given] ?? given).split('/');
  const parts = [os, architecture, variant ?? implied ?? 'none'];
  if (rest.length > 0 || !parts.every((part) => /^[a-z0-9._-]+$/.test(part)))
    throw new InputError(`${printable(text)} is not a platform: write OS/ARCH or OS/ARCH/VARIANT, as in linux/arm64`);
  return platformOf(os, architecture, variant ?? implied);
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return printable(`${os}/${architecture}${variant === undefined ? '' : `/${variant}`}`);
}

/** Reads `os`, `architecture` and `variant`, in a descriptor's `platform` as in a config. @throws InputError */
export function readPlatform(value: unknown, where: string): Platform {
  const fields = asObject(value, where);
  return platformOf(
    asText(fields['os'], `${where}.os`),
    asText(fields['architecture'], `${where}.architecture`),
    asOptionalText(fields['variant'], `${where}.variant`),
  );
}

export function isSamePlatform(one: Platform, other: Platform): boolean {
  return one.os === other.os && one.architecture === other.architecture && variantOf(one) === variantOf(other);
}

/** Whether `wanted` says less than, or as much as, what is there. */
export function isMatchingPlatform(wanted: Platform, there: Platform): boolean {
  const isMatch = wanted.os === there.os && wanted.architecture === there.architecture;
  return isMatch && (wanted.variant === undefined || isSamePlatform(wanted, there));
}

function variantOf({ architecture, variant }: Platform): string | undefined {
  return variant ?? usual[architecture];
}

/** What an architecture without variant is. */
const usual: Readonly<Record<string, string>> = { arm64: 'v8', arm: 'v7', amd64: 'v1' };

function platformOf(os: string, architecture: string, variant: string | undefined): Platform {
  return variant === undefined ? { os, architecture } : { os, architecture, variant };
}
