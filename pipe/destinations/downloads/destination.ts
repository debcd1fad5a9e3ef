/** TYPE file from plan to conclusion: says what will be sent, sends it, and says what came of it. */

import { createDownloadsClient } from './client.ts';
import { planDownloads } from './plan.ts';
import { publishDownloads } from './publish.ts';
import { fixedAuthorizer } from '../../http/authorizer.ts';
import { failureLines, insightsReport, outputVariables, planText, resultOf, successText } from './report.ts';
import type { Conclusion, RunTools } from '../../tools.ts';
import type { FileSettings } from './settings.ts';

/** @throws InputError where the files cannot be planned, before anything is sent */
export async function publishFiles(settings: FileSettings, tools: RunTools): Promise<Conclusion> {
  const plan = await planDownloads(settings, tools.places);
  const { lines, warnings } = planText(plan, settings);
  for (const line of lines) tools.log.info(line);
  for (const warning of warnings) tools.log.warning(warning);
  tools.signal.throwIfAborted();
  if (settings.isDryRun) return { success: 'Dry run: nothing was sent' };

  const startedAt = performance.now();
  const progress = tools.createProgress(plan.totalBytes);
  const client = createDownloadsClient(
    tools.createHttp(fixedAuthorizer([settings.credential])),
    settings.apiUrl,
    settings.workspace,
    settings.repository,
  );
  const { log, signal, wantsResult: wantsSha256, patience } = tools;
  const outcome = await publishDownloads(plan, settings, { client, log, progress, signal, wantsSha256, patience });
  progress.close();

  const elapsedMs = performance.now() - startedAt;
  const { error } = outcome;
  if (error !== undefined) {
    return {
      failure: { error, lines: failureLines(outcome) },
      result: (message) => resultOf(outcome, elapsedMs, message),
    };
  }
  return {
    success: successText(outcome, settings, elapsedMs),
    result: () => resultOf(outcome, elapsedMs, undefined),
    variables: outputVariables(outcome, settings),
    report: insightsReport(outcome, settings, elapsedMs),
  };
}
