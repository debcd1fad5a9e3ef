/** Platforms: how people write them, and when two are the same. */

import { InputError } from '../errors.ts';
import { printable } from '../toolkit/stdout.ts';
import type { Platform } from './image.ts';
import { asListOrEmpty, asObject, asOptionalString, asString } from '../io/json.ts';

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

/** `windows(10.0.20348.2582)/amd64`, as containerd writes it, if a version is known. */
export function formatPlatform({ os, architecture, variant, 'os.version': version }: Platform): string {
  const versioned = version === undefined ? os : `${os}(${version})`;
  return printable(`${versioned}/${architecture}${variant === undefined ? '' : `/${variant}`}`);
}

/** Reads what a descriptor's `platform` and a config have in common. @throws InputError */
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

/** Undefined if it names neither system nor architecture: images that are made of nothing but layers. @throws InputError */
export function readPlatformIfNamed(value: unknown, where: string): Platform | undefined {
  const { os, architecture } = asObject(value, where);
  const isUnnamed = [os, architecture].every((name) => name === undefined || name === '');
  return isUnnamed ? undefined : readPlatform(value, where);
}

/**
 * Whether an image for the one is an image for the other, by the names that containerd takes for the same. Windows needs
 * the version that an image was made for, but not every writer says it.
 */
export function isSamePlatform(one: Platform, other: Platform): boolean {
  const versions = [one['os.version'], other['os.version']].filter((version) => version !== undefined);
  return normalize(one) === normalize(other) && new Set(versions).size < 2;
}

/** Whether `wanted` says less than, or as much as, what is there. */
export function isMatchingPlatform(wanted: Platform, there: Platform): boolean {
  const { variant } = wanted.variant === undefined ? there : wanted;
  return isSamePlatform(variant === undefined ? wanted : { ...wanted, variant }, there);
}

/** Without what goes without saying. @see https://github.com/containerd/platforms/blob/v0.2.1/database.go */
function normalize({ os, architecture: given, variant }: Platform): string {
  const [architecture = '', implied] = (aliases[given] ?? given).split('/');
  const named = variant ?? implied ?? usual[architecture] ?? '';
  return `${os}/${architecture}/${/^\d/.test(named) ? 'v' : ''}${named}`;
}

/** What an architecture without variant is. */
const usual: Readonly<Record<string, string>> = { arm64: 'v8', arm: 'v7', amd64: 'v1' };

function platformOf(os: string, architecture: string, variant: string | undefined): Platform {
  return variant === undefined ? { os, architecture } : { os, architecture, variant };
}
