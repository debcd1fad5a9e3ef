/** The settings of TYPE image. */

import type { CompressionLevel } from '../../compression/compressor.ts';
import { type Compression, compressionFormats, isCompression, listCompressions } from '../../compression/formats.ts';
import { type CommonSettings, readCommonSettings, type Values } from '../../settings/common.ts';
import type { GivenOptions } from '../../settings/options.ts';
import type { EngineSettings } from '../../oci/engine/address.ts';
import { type Account, readPackagesAccount } from '../../settings/credential.ts';
import { readFilename } from '../../settings/filename.ts';
import { readServerUrl, type ServerUrlRules } from '../../settings/server-url.ts';
import { readSlug } from '../../settings/slug.ts';
import { parsePlatform } from '../../oci/platforms.ts';
import type { ManifestFormat } from '../../oci/registry/push-manifests.ts';
import { defaultTag, isTag, parseReference, type Reference, registryApi } from '../../oci/registry/reference.ts';
import { type ArrayValue, type Environment, readText } from '../../toolkit/environment.ts';
import type { Problems } from '../../toolkit/problems.ts';
import { requiredField } from '../../toolkit/variable-table.ts';
import { isBitbucketPackages } from '../../settings/bitbucket-packages.ts';
import { bitbucketRegistry } from '../../settings/variables.ts';

/** Where the image comes from. */
export type ImageOrigin =
  | { readonly kind: 'path'; readonly patterns: ArrayValue }
  | { readonly kind: 'engine'; readonly engine: EngineSettings }
  | { readonly kind: 'join'; readonly tags: readonly string[] };

/** The settings of one image. */
export interface ImageSettings extends CommonSettings {
  readonly type: 'image';
  readonly reference: Reference;
  /** All tags to publish, starting with the one in the reference. */
  readonly tags: readonly string[];
  readonly registry: URL;
  /** Undefined for an anonymous upload. */
  readonly account: Extract<Account, { readonly scheme: 'Basic' }> | undefined;
  /** Tags that exist are left as they are. */
  readonly skipExisting: boolean;
  readonly origin: ImageOrigin;
  /** IMAGE as the user wrote it: the name to look up in an engine, or in an archive of several images. */
  readonly image: string;
  readonly compression: Compression | 'none';
  /** Whether the user has set it. */
  readonly isCompressionChosen: boolean;
  readonly compressionLevel: CompressionLevel | undefined;
  /** Whose media types to publish, if the user has chosen. */
  readonly format: ManifestFormat | undefined;
  /** Published tags whose layers may be reused. */
  readonly reuseTags: readonly string[];
  readonly platform: string | undefined;
}

const defaultCompression = 'gzip';
const defaultEngine = 'unix:///var/run/docker.sock';

/** Reads the settings, and adds to `problems`; undefined if a required setting is missing or invalid. */
export function readImageSettings(
  env: Environment,
  values: Values,
  given: GivenOptions,
  problems: Problems,
): ImageSettings | undefined {
  const common = readCommonSettings(env, values, given, problems);
  const target = readTarget(env, values, given.has('--plain-http'), problems);
  const compression = readCompression(given, problems);
  const format = readFormat(given, compression.compression, problems);
  const platform = given.value('--platform');
  if (platform !== undefined) checkPlatform(platform, problems);
  const origin = readOrigin(env, values, given, problems);
  const extraTags = readTags('TAGS', tagList(values.TAGS), problems);
  const reuse = given.values('--reuse');
  if (reuse.includes('none') && reuse.length > 1)
    problems.add('EXTRA_ARGS', 'option --reuse none cannot be combined with tags to reuse');
  const reuseTags = reuse.includes('none') ? [] : readTags('EXTRA_ARGS', reuse, problems);
  if (target === undefined || values.IMAGE === undefined || origin === undefined) return undefined;
  const isBitbucket = isBitbucketPackages(target.registry);
  const account = readPackagesAccount(env, values, { isBitbucket, allowsBearer: false }, problems);
  const tags = [...new Set([target.reference.tag, ...extraTags])];
  return {
    type: 'image',
    ...common,
    ...compression,
    format,
    ...target,
    account: account?.scheme === 'Basic' ? account : undefined,
    tags,
    skipExisting: given.has('--skip-existing'),
    origin,
    image: values.IMAGE,
    reuseTags: reuse.length > 0 ? reuseTags : [...new Set([...tags, defaultTag])],
    platform,
  };
}

function checkPlatform(platform: string, problems: Problems): void {
  try {
    parsePlatform(platform);
  } catch (error) {
    problems.add('EXTRA_ARGS', `option --platform: ${(error as Error).message}`);
  }
}

/** Reads the reference and the base URL of the registry's API. */
function readTarget(
  env: Environment,
  values: Values,
  allowsPlainHttp: boolean,
  problems: Problems,
): Pick<ImageSettings, 'reference' | 'registry'> | undefined {
  const { IMAGE, REGISTRY } = values;
  const readUrl = (variable: ServerUrlRules['variable'], text: string): URL | undefined => {
    const example = `${bitbucketRegistry} or localhost:5000`;
    return readServerUrl(text, { variable, example, path: 'none', allowsPlainHttp }, problems);
  };
  const base = readUrl('REGISTRY', REGISTRY ?? bitbucketRegistry);
  if (IMAGE === undefined) {
    problems.add('IMAGE', requiredField(env, 'IMAGE'));
    return undefined;
  }
  // If REGISTRY is invalid, IMAGE is still checked, but not against the rules of Bitbucket.
  const host = base?.host ?? '';
  const isBare = !IMAGE.includes('/');
  const workspace =
    isBare && host === bitbucketRegistry
      ? readSlug(env, values, 'WORKSPACE', { allowsUuid: false }, problems)
      : undefined;
  const reference = parseReference(IMAGE, { host, workspace });
  if (typeof reference === 'string') {
    problems.add('IMAGE', reference);
    return undefined;
  }
  if (reference.host === bitbucketRegistry && !isBare && !reference.repository.includes('/'))
    problems.add('IMAGE', `lacks the workspace: write ${bitbucketRegistry}/<workspace>/${reference.repository}`);
  const named = reference.host === host ? base : readUrl('IMAGE', reference.host);
  if (REGISTRY !== undefined && base !== undefined && named !== undefined && named.host !== base.host)
    problems.add('REGISTRY', `contradicts IMAGE, which names the registry ${reference.host}: set only one of them`);
  const registry = REGISTRY === undefined ? named : base;
  return registry === undefined ? undefined : { reference, registry: registryApi(registry) };
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
  if (text === undefined || text === 'auto') return text;
  if (compression === 'none') {
    problems.add('EXTRA_ARGS', 'option --compression-level cannot be combined with --compression none');
    return undefined;
  }
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

function readOrigin(
  env: Environment,
  values: Values,
  given: GivenOptions,
  problems: Problems,
): ImageOrigin | undefined {
  const join = given.values('--join');
  const patterns = readFilename(env, values, { isRequired: false }, problems);
  if (join.length > 0) {
    if (patterns !== undefined)
      problems.add('FILENAME', 'cannot be combined with option --join, which makes the image from published tags');
    return { kind: 'join', tags: readTags('EXTRA_ARGS', join, problems) };
  }
  return patterns === undefined ? { kind: 'engine', engine: readEngine(env) } : { kind: 'path', patterns };
}

/** Reads the variables of Docker's own client. */
function readEngine(env: Environment): EngineSettings {
  return {
    host: readText(env, 'DOCKER_HOST') ?? defaultEngine,
    tlsVerify: readText(env, 'DOCKER_TLS_VERIFY'),
    certPath: readText(env, 'DOCKER_CERT_PATH'),
  };
}

function tagList(value: Values['TAGS']): readonly string[] {
  return value === undefined
    ? []
    : value.form === 'items'
      ? value.items
      : value.value.split(/[\s,]+/).filter((tag) => tag !== '');
}

function readTags(variable: string, tags: readonly string[], problems: Problems): readonly string[] {
  for (const tag of tags)
    if (!isTag(tag))
      problems.add(
        variable,
        `${JSON.stringify(tag)} is not a valid tag: use letters, digits, "_", "." and "-", at most 128`,
      );
  return tags;
}
