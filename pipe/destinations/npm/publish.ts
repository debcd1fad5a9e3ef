/** Carries out a plan: compares it with the registry, publishes in parallel, and reads back. Returns the outcome of each package. */

import compare from 'semver/functions/compare.js';
import { PipeError } from '../../errors.ts';
import { mapConcurrently } from '../../io/map-concurrently.ts';
import { formatBytes } from '../../toolkit/units.ts';
import { logItem } from '../summary.ts';
import { uploadAll } from '../upload-all.ts';
import { publishedTarballUrl } from './document.ts';
import type { Entry, PublishSettings, PublishTools } from './entry.ts';
import { type Found, lookUp, skip } from './look-up.ts';
import type { NpmOutcome, NpmOutcomeItem } from './outcome.ts';
import type { NpmPlan } from './plan.ts';
import { sendDocument } from './send-document.ts';
import { verify } from './verify.ts';
import { verifyStaged } from './verify-staged.ts';

/** Publishes the packages. Never throws: an error is part of the outcome. */
export async function publishPackages(
  plan: NpmPlan,
  settings: PublishSettings,
  tools: PublishTools,
): Promise<NpmOutcome> {
  const entries = plan.packages.map((planned): Entry => ({
    planned,
    url: publishedTarballUrl(planned, tools.client.registry).href,
    action: 'not sent',
  }));
  const items = (): readonly NpmOutcomeItem[] => entries.map(toItem);
  // The registry merges each upload into the package, so versions of one package are sent one after another, the highest last.
  const groups = [...Map.groupBy(entries, ({ planned }) => planned.name).values()].map((group) =>
    group.sort((a, b) => compare(a.planned.version, b.planned.version)),
  );
  try {
    const problems = await mapConcurrently(groups, settings.concurrency, (group) => lookUp(group, settings, tools));
    if (problems.flat().length > 0) throw new PipeError(problems.flat());
    for (const { planned, action, stageId } of entries)
      if (action === 'skipped')
        logItem(
          tools,
          entries.length,
          planned.id,
          `skipped, already ${stageId === undefined ? 'published' : 'staged'}`,
        );
    await publishAll(groups, settings, tools);
    return { items: items() };
  } catch (error) {
    return { items: items(), error: tools.signal.aborted ? tools.signal.reason : error };
  }
}

function toItem({ planned, url, action, obstacle, other, stageId }: Entry): NpmOutcomeItem {
  const { id, name, version, tag, source, integrity, sha256 } = planned;
  const item = { id, name, version, tag, url, action, obstacle, stageId };
  if (action !== 'skipped' || other === undefined) return { ...item, size: source.size, integrity, sha256 };
  const sha512 = other.integrity?.split(/\s+/).find((hash) => hash.startsWith('sha512-'));
  return { ...item, size: undefined, integrity: sha512?.replace(/\?.*$/, ''), sha256: undefined };
}

/** @throws the first failure */
async function publishAll(
  groups: readonly (readonly Entry[])[],
  settings: PublishSettings,
  tools: PublishTools,
): Promise<void> {
  const sizeOf = (group: readonly Entry[]): number => group.reduce((sum, { planned }) => sum + planned.source.size, 0);
  // Largest first: then the last upload to start is a short one, and the run ends sooner.
  const queue = [...groups].sort((a, b) => sizeOf(b) - sizeOf(a));
  const itemCount = groups.flat().length;
  const publishGroup = async (group: readonly Entry[], hasFailed: () => boolean): Promise<void> => {
    for (const entry of group) {
      if (entry.action === 'skipped') continue;
      if (hasFailed()) return;
      logItem(tools, itemCount, entry.planned.id, await publishOne(entry, settings, tools));
    }
  };
  await uploadAll(queue, settings.concurrency, publishGroup, tools);
}

/** @returns the outcome in words */
async function publishOne(entry: Entry, settings: PublishSettings, tools: PublishTools): Promise<string> {
  const { planned } = entry;
  const transfer = tools.progress.start(planned.id, planned.source.size);
  let alreadyThere: Found | undefined;
  try {
    alreadyThere = await sendDocument(entry, transfer, settings, tools);
  } finally {
    transfer.end();
  }
  if (alreadyThere !== undefined) {
    skip(entry, alreadyThere, tools.log);
    return 'skipped, the registry has it by now';
  }
  const { staging } = tools.client;
  await (staging === undefined ? verify : verifyStaged)(entry, tools);
  entry.action = 'uploaded';
  return `${staging === undefined ? 'published' : 'staged'}, ${formatBytes(planned.source.size)}, dist-tag ${planned.tag}, ${planned.integrity}`;
}
