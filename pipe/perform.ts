/** Carries out valid settings: sets up the tools, publishes, and hands the result to whoever wants it. */

import { resolve } from 'node:path';
import { sendReport, startVersionCheck } from './errands.ts';
import { InputError } from './errors.ts';
import { explain } from './destinations/advice.ts';
import { publishFiles } from './destinations/downloads/destination.ts';
import { type Conclusion, createRunTools, type RunContext, type RunTools } from './tools.ts';
import type { Settings } from './read-settings.ts';
import { readMetadata } from './toolkit/metadata.ts';
import { checkOutputPath, writeOutputVariables, writeResult } from './toolkit/outputs.ts';
import { defaultApiUrl } from './settings/variables.ts';

/** Where a run finds things. */
export interface Surroundings {
  readonly workingDirectory: string;
  /** Where pipe.yml may be. */
  readonly metadataPaths: readonly string[];
  /** The list of published pipes; unless given, it is asked only when publishing to Bitbucket itself. */
  readonly versionListUrl?: string;
  /** Where Code Insights reports go. */
  readonly pipelinesProxyUrl?: string;
  /** The bound of the first wait before a request is sent again. */
  readonly retryBaseMs?: number;
}

/** A run that did not succeed. */
export interface Failure {
  readonly error: unknown;
  /** What became of each item. */
  readonly lines?: readonly string[];
  readonly advice?: string | undefined;
}

/** @returns the text after `✔`, or the failure */
export async function perform(
  given: Omit<RunContext, 'workingDirectory' | 'userAgent' | 'retryBaseMs'>,
  surroundings: Surroundings,
): Promise<string | Failure> {
  const metadata = await readMetadata(surroundings.metadataPaths);
  const { workingDirectory, retryBaseMs, versionListUrl, pipelinesProxyUrl } = surroundings;
  const userAgent = `bitbucket-upload-package/${metadata?.version ?? 'unknown'}`;
  const { env } = given;
  const { outputPath } = given.settings;
  const settings =
    outputPath === undefined
      ? given.settings
      : { ...given.settings, outputPath: resolve(workingDirectory, outputPath) };
  const tools = createRunTools({ ...given, settings, workingDirectory, userAgent, retryBaseMs });
  tools.log.debug(`${userAgent}, Node.js ${process.version}`);
  const isOnBitbucket = settings.type === 'file' && settings.apiUrl.href === new URL(defaultApiUrl).href;
  const checksVersion = !settings.isDryRun && (isOnBitbucket || versionListUrl !== undefined);
  if (settings.outputPath !== undefined) await checkOutput(settings.outputPath);
  const endVersionCheck =
    checksVersion && metadata !== undefined ? startVersionCheck(tools, metadata, versionListUrl) : undefined;
  try {
    const conclusion = await publish(settings, tools);
    const failure =
      conclusion.failure === undefined
        ? undefined
        : { ...conclusion.failure, advice: explain(conclusion.failure.error, settings) };
    await handOver({ env, settings }, conclusion, tools);
    if (failure === undefined && settings.wantsReport && conclusion.report !== undefined) {
      await sendReport(tools, env, conclusion.report, pipelinesProxyUrl);
    }
    return failure ?? conclusion.success ?? '';
  } catch (error) {
    return { error, advice: explain(error, settings) };
  } finally {
    const newer = await endVersionCheck?.();
    if (newer !== undefined)
      tools.log.warning(`New version available: ${metadata?.repositoryPath}:${newer} (this is ${metadata?.version})`);
    await tools.close();
  }
}

/** Each kind of upload is loaded only where it is wanted. */
async function publish(settings: Settings, tools: RunTools): Promise<Conclusion> {
  if (settings.type === 'file') return await publishFiles(settings, tools);
  if (settings.type === 'npm')
    return await (await import('./destinations/npm/destination.ts')).publishNpm(settings, tools);
  if (settings.type === 'maven')
    return await (await import('./destinations/maven/destination.ts')).publishMaven(settings, tools);
  const { publishImage } = await import('./destinations/image/destination.ts');
  return await publishImage(settings, tools);
}

/** @throws InputError */
async function checkOutput(path: string): Promise<void> {
  try {
    await checkOutputPath(path);
  } catch (error) {
    throw new InputError(`--output ${path} cannot be written, and nothing was sent: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Writes the results. Where that fails now, the upload has still happened: no more than a warning. */
async function handOver(
  { env, settings }: Pick<RunContext, 'env' | 'settings'>,
  { failure, result, variables }: Conclusion,
  { log, secrets: { scrub, scrubValue } }: RunTools,
): Promise<void> {
  const message = failure?.error instanceof Error ? scrub(failure.error.message) : undefined;
  const writes = await Promise.allSettled([
    result === undefined ? undefined : writeResult(env, settings.outputPath, result(message), scrubValue),
    variables === undefined ? undefined : writeOutputVariables(env, variables, scrubValue),
  ]);
  for (const write of writes)
    if (write.status === 'rejected')
      log.warning(`The results could not be written: ${(write.reason as Error).message}`);
}
