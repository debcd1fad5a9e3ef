/** Side errands, which must never break a run: checking for a newer version, and reporting to Code Insights. */

import { HttpError } from './errors.ts';
import { discard, readJson } from './http/answer.ts';
import { bytesBody } from './io/body.ts';
import type { Tools } from './tools.ts';
import { canReport, pipelinesProxyUrl, type Report, reportRequest } from './toolkit/code-insights.ts';
import type { Environment } from './toolkit/environment.ts';
import { findNewerVersion, type PipeMetadata, tagsUrl } from './toolkit/metadata.ts';

const maxListBytes = 4 * 1024 * 1024;

/** The time for the report of a run that was stopped. */
const maxStoppedMs = 400;

/**
 * Checks for a newer version in the background.
 *
 * @returns a function that ends the check, and returns the newer version if one was found by then
 */
export function startVersionCheck(
  tools: Tools,
  metadata: PipeMetadata,
  listUrl: string = tagsUrl(metadata),
): () => Promise<string | undefined> {
  const controller = new AbortController();
  const http = tools.createErrandHttp(controller.signal);
  const found = findNewerVersion(
    metadata,
    async (url) =>
      await http.send({ method: 'GET', url: new URL(url), accept: [200], redirects: 3 }, (answer) =>
        readJson(answer, maxListBytes),
      ),
    listUrl,
  );
  return async () => {
    controller.abort(new Error('the run is over'));
    return await found;
  };
}

/** Adds a report to the pipeline's commit. A missing proxy is only logged at debug level. */
export async function sendReport(
  tools: Tools,
  env: Environment,
  report: Report,
  proxyUrl: string = pipelinesProxyUrl,
): Promise<void> {
  if (!canReport(env)) return;
  const { target, body } = reportRequest(env, report, tools.secrets.scrub);
  const http = tools.createErrandHttp(tools.signal.aborted ? AbortSignal.timeout(maxStoppedMs) : tools.signal);
  try {
    await http.send(
      {
        method: 'PUT',
        url: new URL(proxyUrl),
        absoluteTarget: target,
        accept: [200, 201],
        headers: { host: new URL(target).host, 'content-type': 'application/json' },
        body: bytesBody(body),
      },
      discard,
    );
  } catch (error) {
    const message = `Code Insights has no report of this run: ${(error as Error).message}`;
    if (error instanceof HttpError) tools.log.warning(message);
    else tools.log.debug(message);
  }
}
