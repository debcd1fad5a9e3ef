/** The settings of TYPE image. */

import type { CompressionLevel } from '../../compression/compressor.ts';
import { type Compression, compressionFormats, isCompression, listCompressions } from '../../compression/formats.ts';
import { parsePlatform } from '../../oci/platforms.ts';
import type { ManifestFormat } from '../../oci/registry/push-manifests.ts';
import { isBitbucketPackages } from '../../settings/bitbucket-packages.ts';
import { type CommonSettings, readCommonSettings, type Values } from '../../settings/common.ts';
import { type Account, readPackagesAccount } from '../../settings/credential.ts';
import type { GivenOptions } from '../../settings/options.ts';
import type { Environment } from '../../toolkit/environment.ts';
import type { Problems } from '../../toolkit/problems.ts';
import { type ImageTargets, readTargets } from './targets.ts';

/** The settings of a run that publishes images. */
export interface ImageSettings extends CommonSettings, ImageTargets {
  readonly type: 'image';
  /** Undefined for an anonymous upload. */
  readonly account: Extract<Account, { readonly scheme: 'Basic' }> | undefined;
  /** Tags that exist are left as they are. */
  readonly skipExisting: boolean;
  readonly compression: Compression | 'none';
  /** Whether the user has set it. */
  readonly isCompressionChosen: boolean;
  readonly compressionLevel: CompressionLevel | undefined;
  /** Whose media types to publish, if the user has chosen. */
  readonly format: ManifestFormat | undefined;
  readonly platform: string | undefined;
}

const defaultCompression = 'gzip';

/** Reads the settings, and adds to `problems`; undefined if a required setting is missing or invalid. */
export function readImageSettings(
  env: Environment,
  values: Values,
  given: GivenOptions,
  problems: Problems,
): ImageSettings | undefined {
  const common = readCommonSettings(env, values, given, problems);
  const compression = readCompression(given, problems);
  const format = readFormat(given, compression.compression, problems);
  const platform = given.value('--platform');
  if (platform !== undefined) checkPlatform(platform, problems);
  const targets = readTargets(env, values, given, problems);
  if (targets === undefined) {
    if (isForBitbucket(values)) readPackagesAccount(env, values, { isBitbucket: true, allowsBearer: false }, problems);
    return undefined;
  }
  const isBitbucket = isBitbucketPackages(targets.registry);
  const account = readPackagesAccount(env, values, { isBitbucket, allowsBearer: false }, problems);
  return {
    type: 'image',
    ...common,
    ...compression,
    ...targets,
    format,
    account: account?.scheme === 'Basic' ? account : undefined,
    skipExisting: given.has('--skip-existing'),
    platform,
  };
}

/** Whether the images belong to Bitbucket's registry, whatever else is wrong with them: their names have no host. */
function isForBitbucket({ REGISTRY, IMAGE }: Values): boolean {
  const names = IMAGE?.form === 'string' ? [IMAGE.value] : (IMAGE?.items ?? []);
  return REGISTRY === undefined && names.length > 0 && names.every((name) => /^\s*[\w.-]+(?::[^/]*)?$/.test(name));
}

function checkPlatform(platform: string, problems: Problems): void {
  try {
    parsePlatform(platform);
  } catch (error) {
    problems.add('EXTRA_ARGS', `option --platform: ${(error as Error).message}`);
  }
}

function readCompression(
  given: GivenOptions,
  problems: Problems,
): Pick<ImageSettings, 'compression' | 'isCompressionChosen' | 'compressionLevel'> {
  const compression = given.value('--compression') ?? defaultCompression;
  const isCompressionChosen = given.has('--compression');
  if (compression !== 'none' && !isCompression(compression)) {
    const names = listCompressions('or', 'none');
    problems.add('EXTRA_ARGS', `option --compression must be ${names}, not ${JSON.stringify(compression)}`);
    return { compression: defaultCompression, isCompressionChosen, compressionLevel: undefined };
  }
  return { compression, isCompressionChosen, compressionLevel: readLevel(compression, given, problems) };
}

function readLevel(
  compression: ImageSettings['compression'],
  given: GivenOptions,
  problems: Problems,
): CompressionLevel | undefined {
  const text = given.value('--compression-level')?.trim();
  if (text === undefined) return undefined;
  if (compression === 'none') {
    problems.add('EXTRA_ARGS', 'option --compression-level cannot be combined with --compression none');
    return undefined;
  }
  if (text === 'auto') return text;
  const { least, most } = compressionFormats[compression].levels;
  const level = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  if (level >= least && level <= most) return level;
  const allowed = `auto or a whole number from ${least} to ${most}`;
  problems.add(
    'EXTRA_ARGS',
    `option --compression-level must be ${allowed} for ${compression}, not ${JSON.stringify(text)}`,
  );
  return undefined;
}

function readFormat(
  given: GivenOptions,
  compression: ImageSettings['compression'],
  problems: Problems,
): ManifestFormat | undefined {
  const format = given.value('--format');
  if (format === 'docker' && compression === 'zstd')
    problems.add(
      'EXTRA_ARGS',
      'option --format docker cannot be combined with --compression zstd: Docker has no type for it',
    );
  if (format === undefined || format === 'oci' || format === 'docker') return format;
  problems.add('EXTRA_ARGS', `option --format must be oci or docker, not ${JSON.stringify(format)}`);
  return undefined;
}
