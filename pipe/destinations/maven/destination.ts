/** TYPE maven from plan to conclusion: says what will be sent, sends it, and says what came of it. */

import { fixedAuthorizer } from '../../http/authorizer.ts';
import { createMavenClient } from './client.ts';
import { planArtifact } from './plan.ts';
import { publishArtifact } from './publish.ts';
import {
  mavenFailureLines,
  mavenPlanLines,
  mavenReport,
  mavenResult,
  mavenSuccessText,
  mavenVariables,
} from './report.ts';
import type { MavenSettings } from './settings.ts';
import { packagesCredential } from '../../settings/packages-account.ts';
import type { Conclusion, RunTools } from '../../tools.ts';

/** @throws InputError where the artifact cannot be planned, before anything is sent */
export async function publishMaven(settings: MavenSettings, tools: RunTools): Promise<Conclusion> {
  const plan = await planArtifact(settings, tools.places);
  for (const line of mavenPlanLines(plan, settings)) tools.log.info(line);
  for (const warning of plan.warnings) tools.log.warning(warning);
  tools.signal.throwIfAborted();
  if (settings.isDryRun) return { success: 'Dry run: nothing was sent' };

  const startedAt = performance.now();
  const credential = packagesCredential(settings.registry, settings);
  const http = tools.createHttp(fixedAuthorizer(credential === undefined ? [] : [credential]));
  const client = createMavenClient(http, settings.registry);
  const progress = tools.createProgress(plan.totalBytes);
  const { log, signal, patience } = tools;
  const { concurrency } = settings;
  const outcome = await publishArtifact(plan, {
    client,
    log,
    progress,
    signal,
    concurrency,
    patience,
    now: () => new Date(),
  });
  progress.close();

  const published = { plan, outcome, settings, elapsedMs: performance.now() - startedAt };
  const result = (message: string | undefined): unknown => mavenResult(published, message);
  if (outcome.error !== undefined)
    return { failure: { error: outcome.error, lines: mavenFailureLines(published) }, result };
  return {
    success: mavenSuccessText(published),
    result,
    variables: mavenVariables(published),
    report: mavenReport(published),
  };
}
