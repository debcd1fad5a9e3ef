/** Performs a run with valid settings: prepares, logs the plan, publishes, and hands over the results. */

import { resolve } from 'node:path';
import { explain } from './destinations/advice.ts';
import type { Conclusion, Destination, Publication } from './destinations/destination.ts';
import { insightsReport, resultOf } from './destinations/report.ts';
import { loadDestination, type Settings } from './destinations/table.ts';
import { sendReport, startVersionCheck } from './errands.ts';
import { InputError } from './errors.ts';
import { trustAuthorities } from './http/authorities.ts';
import { keepHeapFlat } from './io/flat-heap.ts';
import { maxItemsAtOnce } from './io/open-file-limit.ts';
import type { RunSettings } from './read-settings.ts';
import { createTools, type RunContext, type Tools } from './tools.ts';
import { readMetadata } from './toolkit/metadata.ts';
import { checkOutputPath, writeOutputVariables, writeResult } from './toolkit/results.ts';

/** A run that did not succeed. */
export interface Failure {
  readonly error: unknown;
  /** The outcome of each item. */
  readonly lines?: readonly string[];
  readonly advice?: string | undefined;
}

/** Performs the run. @returns the message after `✔`, or the failure */
export async function perform(given: RunContext<RunSettings>): Promise<string | Failure> {
  const { surroundings } = given;
  const concurrency = Math.min(given.settings.concurrency, await maxItemsAtOnce());
  const settings = { ...withAbsolutePaths(given.settings, surroundings.workingDirectory), concurrency };
  const context = { ...given, settings };
  const metadata = await readMetadata(surroundings.metadataPaths);
  const userAgent = `bitbucket-upload-package/${metadata?.version ?? 'unknown'}`;
  const destination = await loadDestination(settings);
  await trustAuthorities(given.settings.authorities);
  keepHeapFlat();
  const tools = createTools(context, userAgent);
  tools.log.debug(`${userAgent}, Node.js ${surroundings.nodeVersion}`);
  if (concurrency < given.settings.concurrency)
    tools.log.warning(
      `--concurrency ${given.settings.concurrency} is lowered to ${concurrency}, because few files may be open (ulimit -n)`,
    );
  if (settings.outputPath !== undefined) await checkOutput(settings.outputPath);
  const { versionListUrl } = surroundings;
  const checksVersion = !settings.isDryRun && (destination.isBitbucket(settings) || versionListUrl !== undefined);
  const endVersionCheck =
    checksVersion && metadata !== undefined ? startVersionCheck(tools, metadata, versionListUrl) : undefined;
  try {
    return await publish(destination, context, tools);
  } catch (error) {
    return { error, advice: explain(error, destination, settings) };
  } finally {
    const newer = await endVersionCheck?.();
    if (newer !== undefined)
      tools.log.warning(`New version available: ${metadata?.repositoryPath}:${newer} (this is ${metadata?.version})`);
    await tools.close();
  }
}

function withAbsolutePaths(settings: Settings, workingDirectory: string): Settings {
  const { outputPath } = settings;
  return outputPath === undefined ? settings : { ...settings, outputPath: resolve(workingDirectory, outputPath) };
}

async function publish(
  destination: Destination<Settings>,
  context: RunContext<Settings>,
  tools: Tools,
): Promise<string | Failure> {
  const { settings } = context;
  const publication = await destination.prepare(settings, tools);
  try {
    for (const line of publication.lines) tools.log.info(line);
    for (const warning of publication.warnings) tools.log.warning(warning);
    tools.signal.throwIfAborted();
    if (settings.isDryRun) return 'Dry run: nothing was sent';
    const { conclusion, elapsedMs } = await publishWithProgress(publication, tools);
    await handOver(context, conclusion, elapsedMs, tools);
    const { error, failureLines: lines } = conclusion;
    if (error !== undefined) return { error, lines, advice: explain(error, destination, settings) };
    return conclusion.summary(elapsedMs);
  } finally {
    await publication.close?.();
  }
}

async function publishWithProgress(
  publication: Publication,
  tools: Tools,
): Promise<{ readonly conclusion: Conclusion; readonly elapsedMs: number }> {
  const startedAt = performance.now();
  const progress = tools.createProgress(publication.totalBytes);
  try {
    const conclusion = await publication.publish(progress);
    return { conclusion, elapsedMs: performance.now() - startedAt };
  } finally {
    progress.close();
  }
}

/** @throws InputError if the result file cannot be written */
async function checkOutput(path: string): Promise<void> {
  try {
    await checkOutputPath(path);
  } catch (error) {
    throw new InputError(`--output ${path} cannot be written, and nothing was sent: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Writes and reports the results. The upload has already succeeded or failed, so a failure here is only a warning. */
async function handOver(
  { env, settings, surroundings }: RunContext<Settings>,
  conclusion: Conclusion,
  elapsedMs: number,
  tools: Tools,
): Promise<void> {
  const { log, secrets } = tools;
  const { error, isPublished = error === undefined, variables, report } = conclusion;
  const message = error instanceof Error ? secrets.scrub(error.message) : undefined;
  const result = resultOf(settings.type, conclusion, elapsedMs, message);
  const writes = await Promise.allSettled([
    writeResult(env, settings.outputPath, result, secrets.scrubValue),
    isPublished ? writeOutputVariables(env, variables, secrets.scrubValue) : undefined,
  ]);
  for (const write of writes)
    if (write.status === 'rejected')
      log.warning(`The results could not be written: ${(write.reason as Error).message}`);
  if (error !== undefined || !settings.wantsReport) return;
  await sendReport(tools, env, insightsReport(settings.type, report, elapsedMs), surroundings.pipelinesProxyUrl);
}
