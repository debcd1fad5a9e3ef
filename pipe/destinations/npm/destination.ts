/** TYPE npm: publishes packages to an npm registry. */

import { fixedAuthorizer } from '../../http/authorizer.ts';
import { credentialsFor } from '../../http/credentials.ts';
import { isBitbucketPackages } from '../../settings/bitbucket-packages.ts';
import type { Destination, Publication, RunTools } from '../destination.ts';
import { patternsName } from '../report.ts';
import { npmRows } from './advice.ts';
import { createNpmClient } from './client.ts';
import { planPackages } from './plan.ts';
import { publishPackages } from './publish.ts';
import { concludeNpm, npmPlanText } from './report.ts';
import type { NpmSettings } from './settings.ts';

export const npm: Destination<NpmSettings> = {
  advice: npmRows,
  serverVariable: 'REGISTRY',
  isBitbucket: ({ registry }) => isBitbucketPackages(registry),
  target: ({ registry, patterns }) => ({ server: registry.href, name: patternsName(patterns) }),
  prepare,
};

async function prepare(settings: NpmSettings, tools: RunTools): Promise<Publication> {
  const { registry, account } = settings;
  const plan = await planPackages(settings, tools.places);
  return {
    ...npmPlanText(plan, settings, tools.secrets.scrub),
    totalBytes: plan.totalBytes,
    items: { count: plan.packages.length, plural: 'packages' },
    async publish(progress) {
      const http = tools.createHttp(fixedAuthorizer(credentialsFor(registry, account)));
      const client = createNpmClient(http, registry, settings.stages);
      const { log, signal, patience } = tools;
      const { scrub } = tools.secrets;
      const outcome = await publishPackages(plan, settings, { client, log, progress, signal, patience, scrub });
      return concludeNpm(outcome, settings);
    },
  };
}
