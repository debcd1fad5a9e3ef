/** TYPE maven: publishes artifacts to a Maven repository. */

import { fixedAuthorizer } from '../../http/authorizer.ts';
import { credentialsFor } from '../../http/credentials.ts';
import { isBitbucketPackages } from '../../settings/bitbucket-packages.ts';
import type { Destination, Publication, RunTools } from '../destination.ts';
import { patternsName } from '../report.ts';
import { mavenRows } from './advice.ts';
import { createMavenClient } from './client.ts';
import { planPublication } from './plan.ts';
import { countFiles } from './planned.ts';
import { publishArtifacts } from './publish.ts';
import { concludeMaven, mavenPlanLines } from './report.ts';
import type { MavenSettings } from './settings.ts';

export const maven: Destination<MavenSettings> = {
  advice: mavenRows,
  serverVariable: 'REGISTRY',
  isBitbucket: ({ registry }) => isBitbucketPackages(registry),
  target: ({ registry, patterns, classifier }) => ({
    server: registry.href,
    name: [patternsName(patterns), classifier].filter((part) => part !== undefined).join(', '),
  }),
  prepare,
};

async function prepare(settings: MavenSettings, tools: RunTools): Promise<Publication> {
  const { registry, account, concurrency } = settings;
  const plan = await planPublication(settings, tools.places);
  return {
    lines: mavenPlanLines(plan, settings, tools.secrets.scrub),
    warnings: plan.warnings,
    totalBytes: plan.totalBytes,
    items: { count: countFiles(plan), plural: 'files' },
    async publish(progress) {
      const http = tools.createHttp(fixedAuthorizer(credentialsFor(registry, account)));
      const client = createMavenClient(http, registry);
      const { log, signal, patience } = tools;
      const now = (): Date => new Date();
      const { scrub } = tools.secrets;
      const publishTools = { client, log, progress, signal, concurrency, patience, now, scrub };
      const outcome = await publishArtifacts(plan, publishTools);
      return concludeMaven({ plan, outcome, settings });
    },
  };
}
