/** Carries out a plan: compares it with the index, publishes in parallel, and reads back. Returns the outcome of each file. */

import { PipeError } from '../../errors.ts';
import { printableUrl } from '../../http/printable-url.ts';
import { createReadBack } from '../../http/read-back.ts';
import { timeLimit } from '../../http/time-limit.ts';
import { mapConcurrently } from '../../io/map-concurrently.ts';
import { formatBytes } from '../../toolkit/units.ts';
import { logItem } from '../summary.ts';
import { uploadAll } from '../upload-all.ts';
import type { Entry, Found, PublishSettings, PublishTools } from './entry.ts';
import { FileConflictError, lookUp, skip } from './look-up.ts';
import type { PypiOutcome, PypiOutcomeItem } from './outcome.ts';
import type { PypiPlan } from './plan.ts';
import { sendFile } from './send-file.ts';
import { verify } from './verify.ts';

/** For the pages of all projects. An index that hangs would be asked for minutes. */
const maxLookUpMs = 30_000;

/** Publishes the files. Never throws: an error is part of the outcome. */
export async function publishPackages(
  plan: PypiPlan,
  settings: PublishSettings,
  tools: PublishTools,
): Promise<PypiOutcome> {
  const { client, signal } = tools;
  const pageOf = (project: string): string => printableUrl(client.pageUrl(project));
  const entries = plan.files.map((planned): Entry => ({ planned, url: pageOf(planned.project), action: 'not sent' }));
  const projects = Map.groupBy(entries, ({ planned }) => planned.project);
  const outcome = (): PypiOutcome => ({ items: entries.map(toItem), pages: [...projects.keys()].map(pageOf) });
  try {
    // What is to be skipped must be known, however long that takes.
    const limit = settings.skipExisting ? undefined : timeLimit(maxLookUpMs);
    const problems = await mapConcurrently([...projects.values()], settings.concurrency, (group) =>
      lookUp(group, settings, tools, limit),
    );
    if (entries.some(({ obstacle }) => obstacle !== undefined)) throw new FileConflictError(problems.flat());
    if (problems.flat().length > 0) throw new PipeError(problems.flat());
    for (const { planned, action } of entries)
      if (action === 'skipped') logItem(tools, entries.length, planned.filename, 'skipped, already published');
    await publishAll(entries, settings, tools);
    return outcome();
  } catch (error) {
    return { ...outcome(), error: signal.aborted ? signal.reason : error };
  }
}

function toItem({ planned, url, action, obstacle, other }: Entry): PypiOutcomeItem {
  const { filename, name, version, source, sha256 } = planned;
  const isOther = action === 'skipped' && other !== undefined;
  return {
    filename,
    name,
    version,
    url,
    action,
    obstacle,
    size: isOther ? undefined : source.size,
    sha256: isOther ? other.sha256 : sha256,
  };
}

/** Sends the files, then reads them back. @throws the first failure */
async function publishAll(entries: readonly Entry[], settings: PublishSettings, tools: PublishTools): Promise<void> {
  // Largest first: then the last upload to start is a short one, and the run ends sooner.
  const queue = entries
    .filter(({ action }) => action === 'not sent')
    .sort((a, b) => b.planned.source.size - a.planned.source.size);
  const send = async (entry: Entry): Promise<void> =>
    logItem(tools, entries.length, entry.planned.filename, await sendOne(entry, settings, tools));
  try {
    // While a version has only its source distribution, installers build that instead of waiting for the wheels.
    for (const filetype of ['bdist_wheel', 'sdist'] as const)
      await uploadAll(
        queue.filter(({ planned }) => planned.filetype === filetype),
        settings.concurrency,
        send,
        tools,
      );
  } catch (error) {
    // Reading the others back could take as long again, from a server that may be down.
    for (const entry of queue)
      if (entry.action === 'uploaded' && entry.confirmation?.isCertain === false) entry.action = 'unconfirmed';
    throw error;
  }
  await readBackAll(queue, tools);
}

/** @throws the first failure */
async function readBackAll(queue: readonly Entry[], tools: PublishTools): Promise<void> {
  const uploaded = queue.filter(({ action }) => action === 'uploaded');
  const readBack = createReadBack(tools.patience);
  for (const group of Map.groupBy(uploaded, ({ planned }) => planned.project).values())
    await verify(group, tools, readBack);
}

/** @returns the outcome in words */
async function sendOne(entry: Entry, settings: PublishSettings, tools: PublishTools): Promise<string> {
  const { filename, source, sha256 } = entry.planned;
  const transfer = tools.progress.start(filename, source.size);
  let alreadyThere: Found | undefined;
  try {
    alreadyThere = await sendFile(entry, transfer, settings, tools);
  } finally {
    transfer.end();
  }
  if (alreadyThere !== undefined) {
    skip(entry, alreadyThere, tools.log);
    return 'skipped, the index has it by now';
  }
  entry.action = 'uploaded';
  return `uploaded, ${formatBytes(source.size)}, sha256 ${sha256}`;
}
