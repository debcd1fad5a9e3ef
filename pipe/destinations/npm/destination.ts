/** TYPE npm from plan to conclusion: says what will be published, publishes it, and says what came of it. */

import { keepHeapFlat } from '../../io/flat-heap.ts';
import { fixedAuthorizer } from '../../http/authorizer.ts';
import { createNpmClient } from './client.ts';
import { planPackages } from './plan.ts';
import { publishPackages } from './publish.ts';
import { npmFailureLines, npmPlanText, npmReport, npmResult, npmSuccessText, npmVariables } from './report.ts';
import type { NpmSettings } from './settings.ts';
import type { Conclusion, RunTools } from '../../tools.ts';

/** @throws InputError where the tarballs cannot be published, before anything is sent */
export async function publishNpm(settings: NpmSettings, tools: RunTools): Promise<Conclusion> {
  keepHeapFlat();
  const { log, signal, patience } = tools;
  const plan = await planPackages(settings, tools.places);
  const { lines, warnings } = npmPlanText(plan, settings);
  for (const line of lines) log.info(line);
  for (const warning of warnings) log.warning(warning);
  signal.throwIfAborted();
  if (settings.isDryRun) return { success: 'Dry run: nothing was sent' };

  const startedAt = performance.now();
  const progress = tools.createProgress(plan.totalBytes);
  const http = tools.createHttp(fixedAuthorizer(settings.credential === undefined ? [] : [settings.credential]));
  const client = createNpmClient(http, settings.registry);
  const outcome = await publishPackages(plan, settings, { client, log, progress, signal, patience });
  progress.close();

  const elapsedMs = performance.now() - startedAt;
  const result = (message: string | undefined): unknown => npmResult(outcome, elapsedMs, message);
  if (outcome.error !== undefined)
    return { failure: { error: outcome.error, lines: npmFailureLines(outcome) }, result };
  return {
    success: npmSuccessText(outcome, settings, elapsedMs),
    result,
    variables: npmVariables(outcome),
    report: npmReport(outcome, settings, elapsedMs),
  };
}
