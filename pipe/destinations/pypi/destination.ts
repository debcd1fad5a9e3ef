/** TYPE pypi: publishes wheels and source distributions to a Python index. */

import { fixedAuthorizer } from '../../http/authorizer.ts';
import { credentialsFor } from '../../http/credentials.ts';
import { isBitbucketPackages } from '../../settings/bitbucket-packages.ts';
import type { Destination, Publication, RunTools } from '../destination.ts';
import { patternsName } from '../report.ts';
import { pypiRows } from './advice.ts';
import { createPypiClient } from './client.ts';
import { planPackages } from './plan.ts';
import { publishPackages } from './publish.ts';
import { concludePypi, pypiPlanText } from './report.ts';
import type { PypiSettings } from './settings.ts';

export const pypi: Destination<PypiSettings> = {
  advice: pypiRows,
  serverVariable: 'REGISTRY',
  isBitbucket: ({ registry }) => isBitbucketPackages(registry),
  target: ({ registry, patterns }) => ({ server: registry.href, name: patternsName(patterns) }),
  prepare,
};

async function prepare(settings: PypiSettings, tools: RunTools): Promise<Publication> {
  const { registry, account } = settings;
  const plan = await planPackages(settings, tools.places);
  return {
    ...pypiPlanText(plan, settings, tools.secrets.scrub),
    totalBytes: plan.totalBytes,
    items: { count: plan.files.length, plural: 'files' },
    async publish(progress) {
      const http = tools.createHttp(fixedAuthorizer(credentialsFor(registry, account)));
      const client = createPypiClient(http, registry);
      const { log, signal, patience } = tools;
      const { scrub } = tools.secrets;
      const outcome = await publishPackages(plan, settings, { client, log, progress, signal, patience, scrub });
      return concludePypi(outcome, settings);
    },
  };
}
