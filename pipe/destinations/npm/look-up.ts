/** Compares the packages with what the registry already has, before anything is sent and after a refusal. */

import { UnexpectedAnswerError } from '../../errors.ts';
import { isReadingRefused } from '../../http/read-back.ts';
import { printable } from '../../toolkit/stdout.ts';
import { otherContent } from '../report.ts';
import type { NpmClient, PublishedPackage, PublishedVersion, ReadOptions } from './client.ts';
import { describeContent, higherVersion, isSameContent } from './compare.ts';
import type { Entry, PublishSettings, PublishTools } from './entry.ts';
import type { PlannedPackage } from './plan.ts';
import type { StagedVersion } from './staging.ts';

/** What the registry has of one version. */
export interface Found {
  /** Undefined if the registry does not have it. */
  readonly version: PublishedVersion | undefined;
  /** All of them; undefined if the package's metadata is too large to read. */
  readonly versions: PublishedPackage['versions'] | undefined;
  /** Versions by dist-tag; undefined if the package's metadata is too large to read. */
  readonly tags: PublishedPackage['tags'] | undefined;
}

const noPackage: PublishedPackage = { versions: new Map(), tags: new Map() };

/**
 * The version, published or, if packages are staged, waiting for approval.
 *
 * @throws HttpError, NetworkError, StalledError, UnexpectedAnswerError
 */
export async function findVersion(
  planned: Pick<PlannedPackage, 'name' | 'version'>,
  client: NpmClient,
  options?: ReadOptions,
): Promise<Found> {
  const found = await findPublished(planned, client, options);
  if (found.version !== undefined || client.staging === undefined) return found;
  const staged = await client.staging.list(planned.name, options?.once);
  return { ...found, version: asPublished(staged.get(planned.version)) };
}

function asPublished(staged: StagedVersion | undefined): PublishedVersion | undefined {
  if (staged === undefined) return undefined;
  const { integrity, shasum } = staged;
  return { integrity, shasum, tarball: undefined, isDeprecated: false, staged };
}

async function findPublished(
  { name, version }: Pick<PlannedPackage, 'name' | 'version'>,
  client: NpmClient,
  options?: ReadOptions,
): Promise<Found> {
  const published = await client.read(name, options);
  if (published === 'none') return { version: undefined, versions: new Map(), tags: new Map() };
  return published === 'too large'
    ? { version: await client.readVersion(name, version, options), versions: undefined, tags: undefined }
    : { version: published.versions.get(version), versions: published.versions, tags: published.tags };
}

/** Compares the versions of one package with the registry's, and marks those that need not be sent. @returns the problems */
export async function lookUp(
  group: readonly Entry[],
  { skipExisting }: PublishSettings,
  { client, log, progress }: PublishTools,
): Promise<readonly string[]> {
  const [{ planned: { name } } = missing()] = group;
  let published: Awaited<ReturnType<NpmClient['read']>>;
  try {
    published = await client.read(name);
  } catch (error) {
    if (!isReadingRefused(error)) throw error;
    const isNoDescription = error instanceof UnexpectedAnswerError;
    const problem = isNoDescription ? error.message : `${error.message}: reading was refused`;
    if (skipExisting)
      return [
        `${problem}, but --skip-existing needs to read what is already published. ${isNoDescription ? 'Set REGISTRY to the address of an npm registry' : 'Use a token that may also read'}, or leave --skip-existing out`,
      ];
    const question = isNoDescription ? '. Is REGISTRY the address of an npm registry?' : '';
    log.warning(`${problem}, so ${name} is published without comparing it first${question}`);
    for (const entry of group) entry.isReadingRefused = true;
    return [];
  }
  if (published === 'too large')
    log.warning(`${name}: its metadata is too large to read, so only the version itself is compared, not its dist-tag`);
  const whole = published === 'too large' ? undefined : published === 'none' ? noPackage : published;
  const own = group.map(({ planned }) => planned.version);
  const staged = await readStaged(name, client, log);
  const problems: string[] = [];
  for (const entry of group) {
    if (whole !== undefined) entry.knownVersions = new Set([...whole.versions.keys(), ...own]);
    const { version } = entry.planned;
    const existing =
      (whole === undefined ? await readVersion(entry.planned, client) : whole.versions.get(version)) ??
      asPublished(staged?.get(version));
    if (existing === undefined) {
      if (whole !== undefined) problems.push(...moveBackProblems(entry.planned, whole));
    } else if (skipExisting || isSameContent(existing, entry.planned) === true) {
      skip(entry, { version: existing, tags: whole?.tags }, log);
      progress.skip(entry.planned.source.size);
    } else {
      problems.push(existsProblem(entry.planned, existing));
      leave(entry, existing);
    }
  }
  return problems;
}

/** Only if packages are staged; undefined also if this token may not list them. */
async function readStaged(
  name: string,
  { staging }: NpmClient,
  log: PublishTools['log'],
): Promise<ReadonlyMap<string, StagedVersion> | undefined> {
  try {
    return await staging?.list(name);
  } catch (error) {
    if (!isReadingRefused(error)) throw error;
    log.warning(`${error.message}: ${name} is staged without comparing what is already staged`);
    return undefined;
  }
}

/** Not every registry describes versions one by one: it then settles a conflict itself. */
async function readVersion(
  { name, version }: PlannedPackage,
  client: NpmClient,
): Promise<PublishedVersion | undefined> {
  try {
    return await client.readVersion(name, version);
  } catch (error) {
    if (isReadingRefused(error)) return undefined;
    throw error;
  }
}

function moveBackProblems({ id, version, tag, isTagGiven }: PlannedPackage, published: PublishedPackage): string[] {
  const higher = isTagGiven ? undefined : higherVersion(published, version);
  if (higher === undefined) return [];
  return [`${id} would replace ${higher}, a higher version, as ${tag}: give --dist-tag, even if it is to be ${tag}`];
}

/** Leaves the published version as it is. A warning names what the user might not expect of it. */
export function skip(entry: Entry, { version, tags }: Pick<Found, 'version' | 'tags'>, log: PublishTools['log']): void {
  const { planned } = entry;
  if (version !== undefined && isSameContent(version, planned) !== true) {
    log.warning(`${planned.id} is ${describeDifference(planned, version)}. It is left as it is`);
    entry.other = version;
  }
  entry.action = 'skipped';
  entry.stageId = version?.staged?.id;
  entry.url = version?.tarball ?? entry.url;
  if (version?.staged !== undefined) {
    const { tag = planned.tag } = version.staged;
    if (tag !== planned.tag)
      log.warning(`${planned.id} is left unchanged: it is staged with the dist-tag ${printable(tag)}`);
    return;
  }
  const pointed = tags?.get(planned.tag);
  if (tags !== undefined && planned.isTagGiven && pointed !== planned.version)
    log.warning(
      `${planned.id} is left unchanged: the dist-tag ${planned.tag} still points to ${printable(pointed ?? 'nothing')}`,
    );
}

/** Marks a version that cannot be published, since the registry has it. */
export function leave(entry: Entry, existing: PublishedVersion): void {
  const { planned } = entry;
  entry.action = 'skipped';
  entry.other = existing;
  entry.obstacle =
    isSameContent(existing, planned) === false
      ? otherContent(planned.version)
      : `${planned.version} is there already, perhaps with other content; left as it is`;
}

function missing(): never {
  throw new Error('a group has at least one package');
}

/** Registries accept a version only once, and never change it. */
function existsProblem(planned: PlannedPackage, existing: PublishedVersion): string {
  if (existing.staged !== undefined)
    return `${planned.id} is ${describeDifference(planned, existing)}. It keeps the version until "npm stage reject ${existing.staged.id}": reject it, or raise the version in package.json`;
  return `${planned.id} is ${describeDifference(planned, existing)}. A version cannot be replaced: raise the version in package.json`;
}

function describeDifference(planned: PlannedPackage, existing: PublishedVersion): string {
  const done = existing.staged === undefined ? 'already published' : 'already staged';
  return isSameContent(existing, planned) === false
    ? `${done} with different content: the registry has ${describeContent(existing)}, ${printable(planned.source.path)} has ${planned.integrity}`
    : `${done}, and the registry gives no hash of its content to compare`;
}
