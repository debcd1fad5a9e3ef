/** Parses, formats and compares platforms. */

import { InputError } from '../errors.ts';
import { printable } from '../toolkit/stdout.ts';
import type { Platform } from './image.ts';
import { asListOrEmpty, asObject, asOptionalString, asString } from '../io/json.ts';

/** Other tools' names for architectures (such as those of `uname -m`). A map, because an object has `constructor` too. */
const aliases: ReadonlyMap<string, string> = new Map([
  ['x86_64', 'amd64'],
  ['x86-64', 'amd64'],
  ['aarch64', 'arm64'],
  ['i386', '386'],
  ['armhf', 'arm/v7'],
  ['armel', 'arm/v6'],
]);

/**
 * Parses a platform such as `linux/arm64`, `linux/arm/v7` or, as `formatPlatform` writes it, `windows(10.0.20348)/amd64`.
 *
 * @throws InputError if it is not valid
 */
export function parsePlatform(value: string): Platform {
  const [, os = '', version, given = '', variant] =
    /^([a-z0-9._-]+)(?:\(([\w.-]+)\))?\/([a-z0-9._-]+)(?:\/([a-z0-9._-]+))?$/.exec(value) ?? [];
  if (os === '')
    throw new InputError(
      `${printable(value)} is not a valid platform: use OS/ARCH or OS/ARCH/VARIANT, as in linux/arm64, or OS(VERSION)/ARCH, as in windows(10.0.20348)/amd64`,
    );
  const [architecture = '', implied] = (aliases.get(given) ?? given).split('/');
  return {
    ...platformOf(os, architecture, variant ?? implied),
    ...(version !== undefined && { 'os.version': version }),
  };
}

/** Formats a platform as containerd does: `linux/arm64`, or `windows(10.0.20348.2582)/amd64` if the version is known. */
export function formatPlatform({ os, architecture, variant, 'os.version': version }: Platform): string {
  const versioned = version === undefined ? os : `${os}(${version})`;
  return printable(`${versioned}/${architecture}${variant === undefined ? '' : `/${variant}`}`);
}

function readPlatform(value: unknown, where: string): Platform {
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

/**
 * Reads the platform fields that a descriptor's `platform` and a config share; undefined if the OS or the architecture is not named, as in images made only of layers (`crane append`
 * without a base).
 *
 * @throws InputError if a field is not valid
 */
export function readPlatformIfNamed(value: unknown, where: string): Platform | undefined {
  const { os, architecture } = asObject(value, where);
  const isUnnamed = [os, architecture].some((name) => name === undefined || name === null || name === '');
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

/**
 * Whether `available` is the wanted platform. A `wanted` platform without a variant matches any, and so does the beginning
 * of an OS version: 10.0.20348 matches 10.0.20348.2582.
 */
export function isMatchingPlatform(wanted: Platform, available: Platform): boolean {
  const { variant } = wanted.variant === undefined ? available : wanted;
  const version = available['os.version'];
  const isPrefix = version?.startsWith(`${wanted['os.version']}.`) === true;
  return isSamePlatform(
    {
      ...wanted,
      ...(variant !== undefined && { variant }),
      ...(isPrefix && { 'os.version': version }),
    },
    available,
  );
}

/** Resolves aliases and default variants. @see https://github.com/containerd/platforms/blob/v0.2.1/database.go */
function normalize({ os, architecture: given, variant }: Platform): string {
  const [architecture = '', implied] = (aliases.get(given) ?? given).split('/');
  const named = variant ?? implied ?? defaultVariants.get(architecture) ?? '';
  return `${os}/${architecture}/${/^\d/.test(named) ? 'v' : ''}${named}`;
}

/** The variant that an architecture has if none is named. */
const defaultVariants: ReadonlyMap<string, string> = new Map([
  ['arm64', 'v8'],
  ['arm', 'v7'],
  ['amd64', 'v1'],
]);

function platformOf(os: string, architecture: string, variant: string | undefined): Platform {
  return variant === undefined ? { os, architecture } : { os, architecture, variant };
}
