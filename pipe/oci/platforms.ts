/** Parses, formats and compares platforms. */

import { InputError } from '../errors.ts';
import { printable } from '../toolkit/stdout.ts';
import type { Platform } from './image.ts';
import { asListOrEmpty, asObject, asOptionalString, asString } from '../io/json.ts';

/** Other tools' names for architectures (such as those of `uname -m`). */
const aliases: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  'x86-64': 'amd64',
  aarch64: 'arm64',
  i386: '386',
  armhf: 'arm/v7',
  armel: 'arm/v6',
};

/** Parses a platform such as `linux/arm64` or `linux/arm/v7`. @throws InputError if it is not valid */
export function parsePlatform(value: string): Platform {
  const [os = '', given = '', variant, ...rest] = value.split('/');
  const [architecture = '', implied] = (aliases[given] ?? given).split('/');
  const parts = [os, architecture, variant ?? implied ?? 'none'];
  if (rest.length > 0 || !parts.every((part) => /^[a-z0-9._-]+$/.test(part)))
    throw new InputError(
      `${printable(value)} is not a valid platform: use OS/ARCH or OS/ARCH/VARIANT, as in linux/arm64`,
    );
  return platformOf(os, architecture, variant ?? implied);
}

/** Formats a platform as containerd does: `linux/arm64`, or `windows(10.0.20348.2582)/amd64` if the version is known. */
export function formatPlatform({ os, architecture, variant, 'os.version': version }: Platform): string {
  const versioned = version === undefined ? os : `${os}(${version})`;
  return printable(`${versioned}/${architecture}${variant === undefined ? '' : `/${variant}`}`);
}

/** Reads the platform fields that a descriptor's `platform` and a config share. @throws InputError if one is not valid */
export function readPlatform(value: unknown, where: string): Platform {
  const fields = asObject(value, where);
  const version = asOptionalString(fields['os.version'], `${where}.os.version`);
  const features = asListOrEmpty(fields['os.features'], `${where}.os.features`).map((feature, index) =>
    asString(feature, `${where}.os.features[${index}]`),
  );
  return {
    ...platformOf(
      asString(fields['os'], `${where}.os`),
      asString(fields['architecture'], `${where}.architecture`),
      asOptionalString(fields['variant'], `${where}.variant`),
    ),
    ...(version !== undefined && { 'os.version': version }),
    ...(features.length > 0 && { 'os.features': features }),
  };
}

/** As `readPlatform`; undefined if neither OS nor architecture is named, as in images made only of layers. @throws InputError */
export function readPlatformIfNamed(value: unknown, where: string): Platform | undefined {
  const { os, architecture } = asObject(value, where);
  const isUnnamed = [os, architecture].every((name) => name === undefined || name === '');
  return isUnnamed ? undefined : readPlatform(value, where);
}

/**
 * Whether the platforms are the same, with containerd's equivalences. Windows versions must match if both are known: not
 * every writer states them.
 */
export function isSamePlatform(one: Platform, other: Platform): boolean {
  const versions = [one['os.version'], other['os.version']].filter((version) => version !== undefined);
  return normalize(one) === normalize(other) && new Set(versions).size < 2;
}

/** Whether `available` is the wanted platform. A `wanted` platform without a variant matches any. */
export function isMatchingPlatform(wanted: Platform, available: Platform): boolean {
  const { variant } = wanted.variant === undefined ? available : wanted;
  return isSamePlatform(variant === undefined ? wanted : { ...wanted, variant }, available);
}

/** Resolves aliases and default variants. @see https://github.com/containerd/platforms/blob/v0.2.1/database.go */
function normalize({ os, architecture: given, variant }: Platform): string {
  const [architecture = '', implied] = (aliases[given] ?? given).split('/');
  const named = variant ?? implied ?? defaultVariants[architecture] ?? '';
  return `${os}/${architecture}/${/^\d/.test(named) ? 'v' : ''}${named}`;
}

/** The variant that an architecture has if none is named. */
const defaultVariants: Readonly<Record<string, string>> = { arm64: 'v8', arm: 'v7', amd64: 'v1' };

function platformOf(os: string, architecture: string, variant: string | undefined): Platform {
  return variant === undefined ? { os, architecture } : { os, architecture, variant };
}
