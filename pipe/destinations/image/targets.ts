/** Reads which images a run publishes, and from where: IMAGE, TAGS, FILENAME, and the options --join and --reuse. */

import type { EngineSettings } from '../../oci/engine/address.ts';
import {
  defaultTag,
  formatReference,
  isTag,
  parseReference,
  type Reference,
  registryApi,
} from '../../oci/registry/reference.ts';
import type { SourceTag } from '../../oci/registry/reuse.ts';
import type { Values } from '../../settings/common.ts';
import { readFilename } from '../../settings/filename.ts';
import type { GivenOptions } from '../../settings/options.ts';
import { readServerUrl } from '../../settings/server-url.ts';
import { readSlug } from '../../settings/slug.ts';
import { bitbucketRegistry } from '../../settings/variables.ts';
import { type ArrayValue, type Environment, readText } from '../../toolkit/environment.ts';
import type { Problems } from '../../toolkit/problems.ts';
import { requiredField } from '../../toolkit/variable-table.ts';

/** Where an image comes from. */
export type ImageOrigin =
  | { readonly kind: 'path'; readonly patterns: ArrayValue }
  | { readonly kind: 'engine'; readonly engine: EngineSettings }
  | { readonly kind: 'join'; readonly tags: readonly string[] };

/** One image, and what to publish it as. */
export interface ImageTarget {
  readonly reference: Reference;
  /** All tags to publish, starting with the one in the reference. */
  readonly tags: readonly string[];
  readonly origin: ImageOrigin;
  /** The reference as the user wrote it: the name to look up in an engine, or in an archive of several images. */
  readonly image: string;
  /** Published tags whose layers may be reused. */
  readonly reuseTags: readonly string[];
  /** Whether the option --reuse names them. */
  readonly isReuseGiven: boolean;
  /** Tags of other repositories whose layers may be mounted. */
  readonly sources: readonly SourceTag[];
  /** Not even the layers of the images that the same run has published before. */
  readonly reusesNothing: boolean;
}

/** The images of a run, all in one registry. */
export interface ImageTargets {
  /** At least one. */
  readonly targets: readonly ImageTarget[];
  /** The base URL of the registry's API. */
  readonly registry: URL;
}

/** What may be left out of a reference, and the registry, if it is valid. */
interface Surroundings {
  readonly env: Environment;
  readonly values: Values;
  readonly allowsPlainHttp: boolean;
  readonly base: URL | undefined;
}

const defaultEngine = 'unix:///var/run/docker.sock';

/** Reads the images, and adds to `problems`; undefined if a required variable is missing or invalid. */
export function readTargets(
  env: Environment,
  values: Values,
  given: GivenOptions,
  problems: Problems,
): ImageTargets | undefined {
  const allowsPlainHttp = given.has('--plain-http');
  const base = readRegistry('REGISTRY', values.REGISTRY ?? bitbucketRegistry, allowsPlainHttp, problems);
  const surroundings = { env, values, allowsPlainHttp, base };
  const names = readNames(env, values, problems);
  const origins = readOrigins(env, values, given, names.length, problems);
  const furtherTags = readTags('TAGS', tagList(values.TAGS), problems);
  const references = names.map((name) => readReference(name, names.length, surroundings, problems));
  const reuse = readReuse(given, surroundings, references[0]?.host, problems);
  const [first] = references;
  const registry = first === undefined ? undefined : readApi(first, surroundings, problems);
  if (registry === undefined || origins === undefined) return undefined;
  const targets = references.flatMap((reference, index): ImageTarget[] => {
    const [origin, image] = [origins[index], names[index]];
    if (reference === undefined || origin === undefined || image === undefined) return [];
    if (reference.host !== first?.host)
      problems.add('IMAGE', `must name one registry, not both ${first?.host} and ${reference.host}`);
    const { repository } = reference;
    const tags = [...new Set([reference.tag, ...furtherTags])];
    const own = [...reuse.tags, ...reuse.sources.filter((source) => source.repository === repository).map(tagOf)];
    return [
      {
        reference,
        tags,
        origin,
        image,
        reuseTags: own.length > 0 || reuse.isNone ? own : [...new Set([...tags, defaultTag])],
        isReuseGiven: own.length > 0,
        sources: reuse.sources.filter((source) => source.repository !== repository),
        reusesNothing: reuse.isNone,
      },
    ];
  });
  checkUnique(targets, problems);
  return { targets, registry };
}

function tagOf({ tag }: SourceTag): string {
  return tag;
}

function readNames(env: Environment, { IMAGE }: Values, problems: Problems): readonly string[] {
  if (IMAGE === undefined) problems.add('IMAGE', requiredField(env, 'IMAGE'));
  if (IMAGE === undefined || IMAGE.form === 'string') return IMAGE === undefined ? [] : [IMAGE.value.trim()];
  if (IMAGE.items.length === 0 && !problems.has('IMAGE_COUNT'))
    problems.add('IMAGE', 'is an empty array: name an image');
  return IMAGE.items.map((item) => item.trim());
}

function readRegistry(
  variable: 'IMAGE' | 'REGISTRY',
  address: string,
  allowsPlainHttp: boolean,
  problems: Problems,
): URL | undefined {
  const example = `${bitbucketRegistry} or localhost:5000`;
  return readServerUrl(address, { variable, example, path: 'none', allowsPlainHttp }, problems);
}

function readReference(
  name: string,
  count: number,
  surroundings: Surroundings,
  problems: Problems,
): Reference | undefined {
  if (name === '') {
    problems.add('IMAGE', 'has an empty item: every item must name an image');
    return undefined;
  }
  // If REGISTRY is invalid, IMAGE is still checked, but not against the rules of Bitbucket.
  const host = surroundings.base?.host ?? '';
  const which = count > 1 ? `${JSON.stringify(name)}: ` : '';
  const reference = parseName(name, host, surroundings, problems);
  if (typeof reference === 'string') {
    problems.add('IMAGE', `${which}${reference}`);
    return undefined;
  }
  if (reference.host === bitbucketRegistry && name.includes('/') && !reference.repository.includes('/'))
    problems.add(
      'IMAGE',
      `${which}lacks the workspace: write ${bitbucketRegistry}/<workspace>/${reference.repository}`,
    );
  return reference;
}

/** The reference, or what is wrong with it. In Bitbucket's registry, a name without a path belongs to WORKSPACE. */
function parseName(name: string, host: string, { env, values }: Surroundings, problems: Problems): Reference | string {
  const workspace =
    !name.includes('/') && host === bitbucketRegistry
      ? readSlug(env, values, 'WORKSPACE', { allowsUuid: false }, problems)
      : undefined;
  return parseReference(name, { host, workspace });
}

/** The base URL of the API of the registry that the reference or REGISTRY names. */
function readApi(
  { host }: Reference,
  { values: { REGISTRY }, base, allowsPlainHttp }: Surroundings,
  problems: Problems,
): URL | undefined {
  const named = host === (base?.host ?? '') ? base : readRegistry('IMAGE', host, allowsPlainHttp, problems);
  if (REGISTRY !== undefined && base !== undefined && named !== undefined && named.host !== base.host)
    problems.add('REGISTRY', `contradicts IMAGE, which names the registry ${host}: set only one of them`);
  const registry = REGISTRY === undefined ? named : base;
  return registry === undefined ? undefined : registryApi(registry);
}

/** One origin for each image: its own item of FILENAME, or else the same for all. */
function readOrigins(
  env: Environment,
  values: Values,
  given: GivenOptions,
  count: number,
  problems: Problems,
): readonly ImageOrigin[] | undefined {
  const join = given.values('--join');
  const patterns = readFilename(env, values, { isRequired: false }, problems);
  const forAll = (origin: ImageOrigin): readonly ImageOrigin[] => Array.from({ length: count }, () => origin);
  if (join.length > 0) {
    if (patterns !== undefined)
      problems.add('FILENAME', 'cannot be combined with option --join, which makes the image from published tags');
    if (given.has('--platform'))
      problems.add('EXTRA_ARGS', 'option --platform cannot be combined with --join, which takes whole tags over');
    return forAll({ kind: 'join', tags: readTags('EXTRA_ARGS', join, problems) });
  }
  if (patterns === undefined) {
    if (env['FILENAME'] !== undefined)
      problems.warn('FILENAME', 'FILENAME is set, but empty: the image is taken from the Docker Engine');
    return forAll({ kind: 'engine', engine: readEngine(env) });
  }
  if (count <= 1 || patterns.form === 'string' || patterns.items.length === 1)
    return forAll({ kind: 'path', patterns });
  if (patterns.items.length !== count || patterns.items.some((item) => item.startsWith('!'))) {
    problems.add(
      'FILENAME',
      `must name one file for each of the ${count} images, in the order of IMAGE, or one archive that holds them all`,
    );
    return undefined;
  }
  return patterns.items.map((item) => ({ kind: 'path', patterns: { form: 'items', items: [item] } }));
}

/** Reads the variables of Docker's own client. */
function readEngine(env: Environment): EngineSettings {
  return {
    host: readText(env, 'DOCKER_HOST') ?? defaultEngine,
    tlsVerify: readText(env, 'DOCKER_TLS_VERIFY'),
    certPath: readText(env, 'DOCKER_CERT_PATH'),
  };
}

interface Reuse {
  readonly isNone: boolean;
  /** Of the repository that is published to. */
  readonly tags: readonly string[];
  readonly sources: readonly SourceTag[];
}

/** A value with a colon names a repository, as IMAGE does. */
function readReuse(
  given: GivenOptions,
  surroundings: Surroundings,
  host: string | undefined,
  problems: Problems,
): Reuse {
  const all = given.values('--reuse');
  const isNone = all.includes('none');
  if (isNone && all.length > 1) problems.add('EXTRA_ARGS', 'option --reuse none cannot be combined with tags to reuse');
  const registry = host ?? surroundings.base?.host ?? '';
  const sources = all
    .filter((value) => value.includes(':'))
    .flatMap((value): readonly SourceTag[] => {
      const reference = parseName(value, registry, surroundings, problems);
      if (typeof reference !== 'string' && reference.host === registry)
        return [{ repository: reference.repository, tag: reference.tag }];
      const problem =
        typeof reference === 'string' ? reference : `is in another registry: only layers of ${registry} can be reused`;
      problems.add('EXTRA_ARGS', `option --reuse: ${JSON.stringify(value)} ${problem}`);
      return [];
    });
  const tags = isNone ? [] : all.filter((value) => !value.includes(':'));
  return { isNone, tags: readTags('EXTRA_ARGS', tags, problems), sources };
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

/** Of two images under one name, only one would be left. */
function checkUnique(targets: readonly ImageTarget[], problems: Problems): void {
  const names = targets.flatMap(({ reference, tags }) => tags.map((tag) => formatReference({ ...reference, tag })));
  for (const name of new Set(names.filter((each, index) => names.indexOf(each) !== index)))
    problems.add('IMAGE', `publishes several images as ${name}: give each a name or tag of its own`);
}
