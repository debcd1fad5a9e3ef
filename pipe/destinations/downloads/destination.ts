/** TYPE file: publishes files to a repository's Downloads. */

import { fixedAuthorizer } from '../../http/authorizer.ts';
import { credentialsFor } from '../../http/credentials.ts';
import { defaultApiUrl } from '../../settings/variables.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { Destination, Publication, RunTools } from '../destination.ts';
import { patternsName } from '../report.ts';
import { fileRows } from './advice.ts';
import { createDownloadsClient } from './client.ts';
import { downloadsPage } from './links.ts';
import { planDownloads } from './plan.ts';
import { publishDownloads } from './publish.ts';
import { concludeDownloads, planText } from './report.ts';
import type { FileSettings } from './settings.ts';

export const downloads: Destination<FileSettings> = {
  advice: fileRows,
  serverVariable: 'API_URL',
  // A gateway is not Bitbucket.
  isBitbucket: ({ apiUrl }) => apiUrl.host === new URL(defaultApiUrl).host,
  target: (settings) => ({
    server: downloadsPage(settings),
    name: settings.rename ?? settings.pack?.name ?? patternsName(settings.patterns),
  }),
  prepare,
};

async function prepare(settings: FileSettings, tools: RunTools): Promise<Publication> {
  const { apiUrl, workspace, repository, account } = settings;
  if (settings.pack !== undefined) tools.log.info(`Packing ${printable(settings.pack.name)}`);
  const plan = await planDownloads(settings, tools.places, tools.signal);
  return {
    ...planText(plan, settings, tools.secrets.scrub),
    totalBytes: plan.totalBytes,
    items: { count: plan.files.length, plural: 'files' },
    async publish(progress) {
      const http = tools.createHttp(fixedAuthorizer(credentialsFor(apiUrl, account)));
      const client = createDownloadsClient(http, apiUrl, workspace, repository);
      const { log, signal, patience, wantsResult: wantsSha256 } = tools;
      const { scrub } = tools.secrets;
      const publishTools = { client, log, progress, signal, wantsSha256, patience, scrub };
      const outcome = await publishDownloads(plan, settings, publishTools);
      return concludeDownloads(outcome, settings);
    },
    close: async () => await plan.close?.(),
  };
}
