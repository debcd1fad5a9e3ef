/** TYPE octopus: publishes packages to the built-in feed of an Octopus server, or only packs one. */

import { type Authorizer, fixedAuthorizer } from '../../http/authorizer.ts';
import { credentialsFor } from '../../http/credentials.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { Conclusion, Destination, Publication, RunTools } from '../destination.ts';
import { patternsName } from '../report.ts';
import type { OctopusAccount } from './account.ts';
import { octopusRows } from './advice.ts';
import type { Build } from './build.ts';
import { createOctopusClient } from './client.ts';
import { type BuildCommits, commitAtHand, readCommits } from './commits/read-commits.ts';
import { packageFileName } from './pack-package.ts';
import { type OctopusPlan, planOctopus } from './plan.ts';
import { publishOctopus } from './publish.ts';
import { concludeOctopus, octopusPlanText } from './report.ts';
import type { OctopusSettings } from './settings.ts';
import { serviceAccountAuthorizer } from './sign-in.ts';

export const octopus: Destination<OctopusSettings> = {
  advice: octopusRows,
  serverVariable: 'REGISTRY',
  isBitbucket: () => false,
  target: ({ registry, source }) => ({
    server: registry?.href ?? 'OUTPUT_PATH',
    name: 'form' in source ? patternsName(source) : packageFileName(source),
  }),
  prepare,
};

async function prepare(settings: OctopusSettings, tools: RunTools): Promise<Publication> {
  const { registry: server, account, source } = settings;
  if (!('form' in source)) tools.log.info(`Packing ${printable(packageFileName(source))}`);
  const plan = await planOctopus(settings, tools.places, tools.signal);
  return {
    ...octopusPlanText(plan, settings, tools.secrets.scrub),
    totalBytes: plan.totalBytes,
    items: { count: plan.packages.length, plural: 'packages' },
    async publish(progress) {
      if (server === undefined || account === undefined) return await keepOnly(plan, settings);
      const http = tools.createHttp(authorizerFor(account, server, tools));
      const headers = account.scheme === 'ApiKey' ? { 'x-octopus-apikey': account.key } : {};
      const client = createOctopusClient(http, server, headers);
      const { log, signal } = tools;
      const { scrub } = tools.secrets;
      const { commitSource, timeoutMs } = settings;
      const commitsOf = async (build: Build): Promise<BuildCommits> =>
        commitSource === undefined ? commitAtHand(build) : await readCommits(build, commitSource, { timeoutMs, tools });
      const outcome = await publishOctopus(plan, server, settings, { client, commitsOf, log, progress, signal, scrub });
      return concludeOctopus(outcome, settings);
    },
    close: async () => await plan.made?.close(),
  };
}

function authorizerFor(account: OctopusAccount, server: URL, tools: RunTools): Authorizer {
  if (account.scheme === 'ApiKey') return fixedAuthorizer([]);
  if (account.scheme === 'Bearer') return fixedAuthorizer(credentialsFor(server, account));
  const anonymous = tools.createHttp(fixedAuthorizer([]));
  return serviceAccountAuthorizer(anonymous, server, account, (token) => tools.secrets.learn(token));
}

/** Without a server, the package stays in OUTPUT_PATH. */
async function keepOnly({ packages, made }: OctopusPlan, settings: OctopusSettings): Promise<Conclusion> {
  const toItem = (action: 'packed' | 'failed') =>
    packages.map(({ fileName: name, identity, source: { size }, sha256 }) => ({
      name,
      identity,
      size,
      deltaBytes: undefined,
      url: undefined,
      path: made?.outputFile,
      sha256,
      action,
    }));
  try {
    await made?.keep(settings.overwrites);
    return concludeOctopus({ items: toItem('packed') }, settings);
  } catch (error) {
    return concludeOctopus({ items: toItem('failed'), error }, settings);
  }
}
