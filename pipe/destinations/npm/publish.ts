/** Carries out a plan: compares it with the registry, publishes in parallel, and reads back. Returns the outcome of each package. */

import compare from 'semver/functions/compare.js';
import gt from 'semver/functions/gt.js';
import { type Action, failedAction } from '../outcome.ts';
import { PipeError, UnexpectedAnswerError, VerificationError } from '../../errors.ts';
import { askUntil, type Patience } from '../../http/read-back.ts';
import { mapConcurrently } from '../../io/map-concurrently.ts';
import type { NpmSettings } from './settings.ts';
import type { Log } from '../../toolkit/log.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { Progress, Transfer } from '../../toolkit/progress.ts';
import { formatBytes } from '../../toolkit/units.ts';
import type { Confirmation, NpmClient, PublishedPackage, PublishedVersion } from './client.ts';
import { describeContent, higherVersion, isSameContent } from './compare.ts';
import { publishDocument, tarballUrl } from './document.ts';
import type { NpmOutcome, NpmOutcomeItem } from './outcome.ts';
import type { NpmPlan, PlannedPackage } from './plan.ts';

interface PublishTools {
  readonly client: NpmClient;
  readonly log: Log;
  readonly progress: Progress;
  /** Aborts the run, and the uploads in progress. */
  readonly signal: AbortSignal;
  /** How long to wait until a published version can be read. */
  readonly patience: Patience;
}

type PublishSettings = Pick<NpmSettings, 'concurrency' | 'skipExisting'>;

interface Entry {
  readonly planned: PlannedPackage;
  url: string;
  action: Action;
  /** The registry's answer to the upload. */
  confirmation?: Confirmation;
}

/** Publishes the packages. Never throws: an error is part of the outcome. */
export async function publishPackages(
  plan: NpmPlan,
  settings: PublishSettings,
  tools: PublishTools,
): Promise<NpmOutcome> {
  const entries = plan.packages.map((planned): Entry => ({
    planned,
    url: tarballUrl(planned, tools.client.registry).href,
    action: 'not sent',
  }));
  const items = (): readonly NpmOutcomeItem[] => entries.map(toItem);
  // The registry merges each upload into the package, so versions of one package are sent one after another, the highest last.
  const groups = [...Map.groupBy(entries, ({ planned }) => planned.name).values()].map((group) =>
    group.sort((a, b) => compare(a.planned.version, b.planned.version)),
  );
  try {
    const problems = await mapConcurrently(groups, settings.concurrency, (group) => lookUp(group, settings, tools));
    if (problems.flat().length > 0) throw new PipeError(problems.flat().join('\n'));
    for (const { planned, action } of entries)
      if (action === 'skipped') tools.log.info(`${planned.id}: skipped, identical content is already published`);
    await publishAll(groups, settings, tools);
    return { items: items() };
  } catch (error) {
    return { items: items(), error: tools.signal.aborted ? tools.signal.reason : error };
  }
}

function toItem({ planned, url, action }: Entry): NpmOutcomeItem {
  const { id, name, version, tag, source, integrity, sha256 } = planned;
  return { id, name, version, tag, size: source.size, url, integrity, sha256, action };
}

/** Compares the versions of one package with the registry's, and marks those that need not be sent. @returns the problems */
async function lookUp(
  group: readonly Entry[],
  { skipExisting }: PublishSettings,
  { client, log, progress }: PublishTools,
): Promise<readonly string[]> {
  const [{ planned: { name } } = missing()] = group;
  const published = await client.read(name);
  if (published === 'none') return [];
  if (published === 'too large') {
    log.warning(`${name}: its metadata is too large to read, so conflicts are left to the registry`);
    return [];
  }
  const problems: string[] = [];
  for (const entry of group) {
    const { planned } = entry;
    const existing = published.versions.get(planned.version);
    if (existing === undefined) {
      const higher = planned.isTagGiven ? undefined : higherVersion(published, planned.version);
      if (higher !== undefined)
        problems.push(
          `${planned.id} would replace ${higher}, a higher version, as ${planned.tag}: give --dist-tag, even if it is to be ${planned.tag}`,
        );
      continue;
    }
    if (skipExisting && isSameContent(existing, planned) === true) {
      entry.action = 'skipped';
      progress.skip(planned.source.size);
      entry.url = existing.tarball ?? entry.url;
      const pointed = published.tags.get(planned.tag);
      if (planned.isTagGiven && pointed !== planned.version)
        log.warning(
          `${planned.id} is left unchanged: the dist-tag ${planned.tag} still points to ${printable(pointed ?? 'nothing')}`,
        );
    } else problems.push(existsProblem(planned, existing));
  }
  return problems;
}

function missing(): never {
  throw new Error('a group has at least one package');
}

/** Registries accept a version only once, and never change it. */
function existsProblem(planned: PlannedPackage, existing: PublishedVersion): string {
  const same = isSameContent(existing, planned);
  const file = printable(planned.source.path);
  if (same === true) {
    return `${planned.id} is already published, with content identical to ${file} (${planned.integrity}): --skip-existing makes this a success`;
  }
  const difference =
    same === false
      ? `with different content: the registry has ${describeContent(existing)}, ${file} has ${planned.integrity}`
      : 'and the registry gives no hash of its content to compare';
  return `${planned.id} is already published, ${difference}. A version cannot be replaced: raise the version in package.json`;
}

/** After the first failure, uploads in progress finish, and no others start. @throws that first failure */
async function publishAll(
  groups: readonly (readonly Entry[])[],
  settings: PublishSettings,
  tools: PublishTools,
): Promise<void> {
  let hasFailed = false;
  const sizeOf = (group: readonly Entry[]): number => group.reduce((sum, { planned }) => sum + planned.source.size, 0);
  // Largest first: then the last upload to start is a short one, and the run ends sooner.
  const queue = [...groups].sort((a, b) => sizeOf(b) - sizeOf(a));
  await mapConcurrently(queue, settings.concurrency, async (group) => {
    for (const entry of group) {
      if (entry.action === 'skipped') continue;
      if (hasFailed) return;
      try {
        await publishOne(entry, settings, tools);
      } catch (error) {
        // The first failure is printed as the reason that the run ended; later ones are logged here.
        if (hasFailed && !tools.signal.aborted) tools.log.error((error as Error).message);
        hasFailed = true;
        throw error;
      }
    }
  });
}

async function publishOne(entry: Entry, { skipExisting }: PublishSettings, tools: PublishTools): Promise<void> {
  const { planned } = entry;
  const transfer = tools.progress.start(planned.id, planned.source.size);
  let ending: 'uploaded' | 'skipped';
  try {
    ending = await send(entry, transfer, skipExisting, tools);
  } finally {
    transfer.end();
  }
  if (ending === 'uploaded') await verify(entry, tools);
  entry.action = ending;
  tools.log.info(
    ending === 'uploaded'
      ? `${planned.id}: published, ${formatBytes(planned.source.size)}, dist-tag ${planned.tag}, ${planned.integrity}, ${printable(entry.url)}`
      : `${planned.id}: skipped, something else published identical content in the meantime`,
  );
}

/** An attempt that seemed to fail may still have been stored, so the registry is read before anything is sent again. */
async function send(
  entry: Entry,
  transfer: Transfer,
  skipExisting: boolean,
  { client, signal }: PublishTools,
): Promise<'uploaded' | 'skipped'> {
  const { planned } = entry;
  const document = publishDocument(planned, client.registry);
  let attempts = 0;
  let wasSentWhole = false;
  try {
    await client.repeat(planned.id, planned.name, async () => {
      if (wasSentWhole && (await hasVersion(planned, client))) return;
      attempts++;
      entry.confirmation = await client.publish(planned.id, planned.name, document, (bytes) => {
        wasSentWhole ||= bytes === document.length;
        transfer.sent(Math.round((bytes / document.length) * planned.source.size));
      });
    });
    return 'uploaded';
  } catch (error) {
    entry.action = failedAction(error, wasSentWhole);
    if (signal.aborted || !wasSentWhole) throw error;
    // If the only attempt was refused, a version that is there now was published by someone else.
    const isOurs = attempts > 1 || entry.action === 'unconfirmed';
    if (!isOurs && !skipExisting) throw error;
    if (await hasVersion(planned, client).catch(() => false)) return isOurs ? 'uploaded' : 'skipped';
    throw error;
  }
}

/** Whether the registry has the version with this content. */
async function hasVersion(planned: PlannedPackage, client: NpmClient): Promise<boolean> {
  const published = await client.read(planned.name);
  const version = typeof published === 'string' ? undefined : published.versions.get(planned.version);
  return version !== undefined && isSameContent(version, planned) === true;
}

/**
 * Reads a version back. If the registry confirmed the upload but does not show it yet, that is only a warning.
 *
 * @throws VerificationError if the registry shows different content
 * @throws UnexpectedAnswerError if something other than a registry answers, which may then also have answered the upload
 */
async function verify(entry: Entry, { client, log, signal, patience }: PublishTools): Promise<void> {
  const { planned } = entry;
  entry.action = 'unconfirmed';
  let published: Awaited<ReturnType<NpmClient['read']>>;
  try {
    const isShown = (found: typeof published): boolean =>
      found === 'too large' || (found !== 'none' && found.versions.has(planned.version));
    published = await askUntil(async () => await client.read(planned.name), isShown, patience);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof UnexpectedAnswerError) throw error;
    // The registry confirmed the upload. Reading may lag behind, or need another permission.
    log.warning(`${planned.id} was published, but could not be read back: ${(error as Error).message}`);
    return;
  }
  const version = typeof published === 'string' ? undefined : published.versions.get(planned.version);
  const { confirmation } = entry;
  if (published !== 'too large' && version === undefined && confirmation?.isCertain === false) {
    entry.action = 'failed';
    throw new UnexpectedAnswerError(
      `${planned.id}: the registry answered ${confirmation.status} without confirming it, and does not have it`,
      { status: confirmation.status, isForeign: false, isMissing: true },
    );
  }
  if (typeof published === 'string' || version === undefined) {
    log.warning(`${planned.id} was published, but the registry does not show it yet`);
    return;
  }
  entry.url = version.tarball ?? entry.url;
  if (isSameContent(version, planned) === false) {
    throw new VerificationError(
      `${planned.id} differs from what was sent: the registry has ${describeContent(version)}, not ${planned.integrity}`,
    );
  }
  checkTag(planned, published, log);
}

function checkTag({ id, tag, version }: PlannedPackage, { tags }: PublishedPackage, log: Log): void {
  const pointed = tags.get(tag);
  if (pointed === version) return;
  const what = `${id} was published, but its dist-tag ${tag} points to ${printable(pointed ?? 'nothing')}`;
  // Another pipeline may have published a higher version at the same time.
  if (pointed !== undefined && isHigher(pointed, version))
    log.warning(`${what}: was something else published in the meantime?`);
  else throw new VerificationError(what);
}

function isHigher(version: string, than: string): boolean {
  try {
    return gt(version, than);
  } catch {
    return false;
  }
}
