/** Performs a run with valid settings: prepares, logs the plan, publishes, and hands over the results. */

import { resolve } from 'node:path';
import { describeRun } from './describe-run.ts';
import { explain } from './destinations/advice.ts';
import { failureText } from './destinations/headline.ts';
import type { Conclusion, Destination, Publication } from './destinations/destination.ts';
import { insightsReport } from './destinations/report.ts';
import { loadDestination, type Settings } from './destinations/table.ts';
import { sendReport, startVersionCheck } from './errands.ts';
import { messageOf, PipeError } from './errors.ts';
import { trustAuthorities } from './http/authorities.ts';
import { keepHeapFlat } from './io/flat-heap.ts';
import { maxItemsAtOnce } from './io/open-file-limit.ts';
import { divideBuffers } from './io/source-file.ts';
import type { RunSettings } from './read-settings.ts';
import type { ResultFields } from './record.ts';
import { createTools, type RunContext, type Tools } from './tools.ts';
import { readMetadata, releaseNotesUrl } from './toolkit/metadata.ts';
import { writeOutputVariables } from './toolkit/output-variables.ts';

/** A run that did not succeed. */
export interface Failure {
  readonly error: unknown;
  /** The outcome of each item. */
  readonly lines?: readonly string[];
  readonly advice?: string | undefined;
  /** What failed, instead of the error's message. */
  readonly text?: readonly string[] | undefined;
}

/** A run that succeeded. */
export interface Success {
  /** The lines after `✔`. */
  readonly summary: readonly string[];
}

/** The end of a run. */
export interface Ending {
  readonly verdict: Success | Failure;
  readonly result: ResultFields;
}

/** Performs the run. @throws InputError if this Node.js cannot trust the user's authorities */
export async function perform(given: RunContext<RunSettings>): Promise<Ending> {
  const { surroundings } = given;
  const maxItems = await maxItemsAtOnce();
  const concurrency = Math.min(given.settings.concurrency, maxItems);
  const maxConcurrency = Math.min(given.settings.maxConcurrency, maxItems);
  const settings = { ...withAbsolutePaths(given.settings, surroundings.workingDirectory), concurrency, maxConcurrency };
  const context = { ...given, settings };
  const metadata = await readMetadata(surroundings.metadataPaths);
  const userAgent = `bitbucket-upload-package/${metadata?.version ?? 'unknown'}`;
  const destination = await loadDestination(settings);
  await trustAuthorities(given.settings.authorities);
  keepHeapFlat();
  divideBuffers(concurrency);
  const tools = createTools(context, userAgent);
  tools.log.debug(`${userAgent}, Node.js ${surroundings.nodeVersion}`);
  if (tools.log.isDebug)
    for (const line of describeRun(given.env, settings, surroundings.workingDirectory)) tools.log.debug(line);
  for (const warning of given.settings.warnings) tools.log.warning(warning);
  if (concurrency < given.settings.concurrency)
    tools.log.warning(
      `--concurrency ${given.settings.concurrency} is lowered to ${concurrency}, because few files may be open (ulimit -n)`,
    );
  const { versionListUrl } = surroundings;
  const checksVersion = !settings.isDryRun && (destination.isBitbucket(settings) || versionListUrl !== undefined);
  const endVersionCheck =
    checksVersion && metadata !== undefined ? startVersionCheck(tools, metadata, versionListUrl) : undefined;
  try {
    const published = await publish(destination, context, tools);
    await report(destination, context, published, tools);
    const { verdict, conclusion } = published;
    const dryRun = settings.isDryRun ? { dryRun: true } : {};
    return { verdict, result: { type: settings.type, ...dryRun, items: [], ...conclusion?.result } };
  } finally {
    const newer = await endVersionCheck?.();
    if (newer !== undefined && metadata !== undefined)
      tools.log.warning(
        `New version available: ${metadata.repositoryPath}:${newer} (this is ${metadata.version}), ${releaseNotesUrl(metadata, newer)}`,
      );
    await tools.close();
  }
}

function failureOf(error: unknown, destination: Destination<Settings>, settings: Settings): Failure {
  const facts = { isBitbucket: destination.isBitbucket(settings), isAnonymous: settings.account === undefined };
  const text = error instanceof PipeError ? failureText(error, facts) : undefined;
  return { error, advice: explain(error, destination, settings), text };
}

function withAbsolutePaths(settings: Settings, workingDirectory: string): Settings {
  const { outputPath } = settings;
  return outputPath === undefined ? settings : { ...settings, outputPath: resolve(workingDirectory, outputPath) };
}

/** What came of the publication. */
interface Published {
  readonly verdict: Success | Failure;
  /** Undefined if the run ended before anything could be published. */
  readonly conclusion?: Conclusion;
  readonly elapsedMs: number;
}

async function publish(
  destination: Destination<Settings>,
  context: RunContext<Settings>,
  tools: Tools,
): Promise<Published> {
  const { settings } = context;
  const failure = (error: unknown): Failure => failureOf(error, destination, settings);
  let publication: Publication | undefined;
  try {
    publication = await destination.prepare(settings, tools);
    for (const line of publication.lines) tools.log.info(line);
    for (const warning of publication.warnings) tools.log.warning(warning);
    tools.signal.throwIfAborted();
    if (settings.isDryRun) return { verdict: { summary: ['Dry run: nothing was sent'] }, elapsedMs: 0 };
    const { conclusion, elapsedMs } = await publishWithProgress(publication, tools);
    await handOverVariables(context, conclusion, tools);
    const { error, failureLines: lines } = conclusion;
    const verdict =
      error === undefined
        ? { summary: conclusion.summary(elapsedMs, tools.secrets.scrub) }
        : { ...failure(error), lines };
    return { verdict, conclusion, elapsedMs };
  } catch (error) {
    return { verdict: failure(error), elapsedMs: 0 };
  } finally {
    await publication?.close?.();
  }
}

async function publishWithProgress(
  publication: Publication,
  tools: Tools,
): Promise<{ readonly conclusion: Conclusion; readonly elapsedMs: number }> {
  const startedAt = performance.now();
  const progress = tools.createProgress(publication);
  try {
    const conclusion = await publication.publish(progress);
    return { conclusion, elapsedMs: performance.now() - startedAt };
  } finally {
    progress.close();
  }
}

/** Writes the output variables. The upload has already succeeded or failed, so a failure here is only a warning. */
async function handOverVariables({ env }: RunContext, conclusion: Conclusion, { log, secrets }: Tools): Promise<void> {
  const { error, isPublished = error === undefined, variables } = conclusion;
  if (!isPublished) return;
  for (const warning of await writeOutputVariables(env, variables, secrets.scrubValue)) log.warning(warning);
}

/** Reports to Code Insights, whether or not the run succeeded. */
async function report(
  destination: Destination<Settings>,
  { env, settings, surroundings }: RunContext<Settings>,
  { verdict, conclusion, elapsedMs }: Published,
  tools: Tools,
): Promise<void> {
  if (settings.isDryRun || !settings.wantsReport) return;
  const outcome =
    'summary' in verdict ? conclusion?.report : [...messageOf(verdict.error).split('\n'), ...(verdict.lines ?? [])];
  if (outcome === undefined) return;
  const run = { type: settings.type, target: destination.target(settings), elapsedMs };
  await sendReport(tools, env, insightsReport(run, outcome), surroundings.pipelinesProxyUrl);
}
