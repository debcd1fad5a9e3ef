/** Carries out a plan: signs in, sends build information, then the packages. Returns the outcome of each package. */

import { HttpError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';
import { formatBytes } from '../../toolkit/units.ts';
import { logItem } from '../summary.ts';
import { uploadAll } from '../upload-all.ts';
import { InputError } from '../../errors.ts';
import { buildInformation } from './build.ts';
import { type OctopusPlace, packageUrl, type StoredPackage } from './client.ts';
import {
  describeContent,
  describeIdentity,
  isSameContent,
  isSameIdentity,
  obstacleOf,
  otherIdentityAdvice,
  seemsSame,
  warnWithoutHash,
} from './compare.ts';
import type { Entry, PublishTools, SendTools } from './entry.ts';
import type { OctopusOutcome } from './outcome.ts';
import type { OctopusPlan, PlannedPackage } from './plan.ts';
import { sendPackage } from './send-package.ts';
import type { OctopusSettings } from './settings.ts';

type PublishSettings = Pick<OctopusSettings, 'space' | 'overwrites' | 'build' | 'concurrency'>;

/** Publishes the packages. Never throws: an error is part of the outcome. */
export async function publishOctopus(
  plan: OctopusPlan,
  server: URL,
  settings: PublishSettings,
  tools: PublishTools,
): Promise<OctopusOutcome> {
  const entries: readonly Entry[] = plan.packages.map((planned) => ({ planned, action: 'not sent' }));
  const items = (): OctopusOutcome['items'] =>
    entries.map(({ planned, action, url, deltaBytes, obstacle }) => ({
      name: planned.fileName,
      identity: planned.identity,
      size: planned.source.size,
      deltaBytes,
      url: url ?? packageUrl({ server, spaceId: undefined }, planned.identity).href,
      path: plan.made?.outputFile,
      sha256: planned.sha256,
      action,
      obstacle,
    }));
  try {
    const spaceId = settings.space === undefined ? undefined : await tools.client.findSpace(settings.space);
    const place = { server, spaceId };
    for (const entry of entries) entry.url = packageUrl(place, entry.planned.identity).href;
    const sendTools = { ...tools, place, overwrites: settings.overwrites };
    // Before anything is sent, all that must not be replaced is known.
    await lookUp(entries, sendTools);
    await plan.made?.keep(settings.overwrites);
    await addBuildInformation(entries, place, settings, tools);
    const queue = entries
      .filter(({ action }) => action === 'not sent')
      .sort((a, b) => b.planned.source.size - a.planned.source.size);
    const publish = async (entry: Entry): Promise<void> =>
      logItem(tools, entries.length, entry.planned.fileName, await publishOne(entry, sendTools));
    await uploadAll(queue, settings.concurrency, publish, tools);
    return { items: items() };
  } catch (error) {
    const reason: unknown = tools.signal.aborted ? tools.signal.reason : error;
    return { items: items(), error: reason };
  }
}

/** @throws InputError naming every package that is there with other content, unless it may be replaced, or that is another package there */
async function lookUp(entries: readonly Entry[], tools: SendTools): Promise<void> {
  const problems: string[] = [];
  const misread: string[] = [];
  for (const entry of entries) {
    const { identity, fileName } = entry.planned;
    const { id, version } = identity;
    const found = await tools.client.find(tools.place, identity).catch((error: unknown) => {
      if (!(error instanceof HttpError) || error.refusal.status !== 403) throw error;
      tools.log.debug(`${error.message}: what exists is left to the server`);
      return undefined;
    });
    if (found === undefined) continue;
    if (!isSameIdentity(found, entry.planned)) {
      entry.action = 'failed';
      entry.obstacle = `the server reads it as ${describeIdentity(found)}`;
      misread.push(`${printable(fileName)} is ${id} ${version}, but the server reads it as ${describeIdentity(found)}`);
      continue;
    }
    // Without a hash, to send it again is what --overwrite is for.
    if (tools.overwrites ? isSameContent(found, entry.planned) === true : seemsSame(found, entry.planned)) {
      warnWithoutHash(found, entry.planned, tools.log);
      entry.action = 'skipped';
      logItem(tools, entries.length, fileName, 'skipped, already there');
    } else if (!tools.overwrites) {
      entry.action = 'failed';
      entry.obstacle = obstacleOf(found);
      problems.push(`${printable(fileName)} is on the server ${describeOther(found, entry.planned)}`);
    }
  }
  if (misread.length > 0) throw new InputError([...misread, ...problems], { advice: otherIdentityAdvice });
  if (problems.length > 0)
    throw new InputError(problems, {
      advice:
        'Raise the version, or give --overwrite, for which the account needs the permission BuiltInFeedAdminister.',
    });
}

function describeOther(found: StoredPackage, { source, sha1 }: PlannedPackage): string {
  if (found.size === undefined && found.sha1 === undefined)
    return 'already, which says neither its size nor its hash: it cannot be compared';
  return `with other content: it has ${describeContent(found)}, not ${source.size} bytes with sha1 ${sha1}`;
}

/** Before the packages: a package that arrives may create a release at once, which then has no commits. */
async function addBuildInformation(
  entries: readonly Entry[],
  place: OctopusPlace,
  { build, overwrites }: PublishSettings,
  { client, commitsOf, log }: PublishTools,
): Promise<void> {
  if (build === undefined) return;
  // What a run that failed has sent is the same.
  const mode = overwrites ? 'OverwriteExisting' : 'IgnoreIfExists';
  const { commits, description } = await commitsOf(build);
  const information = buildInformation(build, commits);
  for (const { planned } of entries) await client.addBuildInformation(place, planned.identity, mode, information);
  log.info(printable(`Build information of build ${build.number} was sent, with ${description}`));
}

/** @returns the outcome in words */
async function publishOne(entry: Entry, tools: SendTools): Promise<string> {
  const { source, fileName } = entry.planned;
  const transfer = tools.progress.start(fileName, source.size);
  try {
    await sendPackage(entry, transfer, tools);
  } finally {
    transfer.end();
  }
  entry.action = 'uploaded';
  const sent = entry.deltaBytes === undefined ? '' : ` by a delta of ${formatBytes(entry.deltaBytes)}`;
  return `uploaded, ${formatBytes(source.size)}${sent}`;
}
