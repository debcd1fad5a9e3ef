/** Publishes an image only under the tags that do not exist yet. */

import { PipeError } from '../../errors.ts';
import { checkManifest } from '../formats/manifests.ts';
import { endedPush, type PushPlan, type PushOutcome, type PushedTag, type StartedPush } from './push.ts';
import type { PushTools } from './push-layer.ts';

/**
 * Leaves the tags that exist as they are, whatever they point to, and pushes the others. Never throws: an error is part
 * of the outcome.
 *
 * @param start begins to publish under the tags of the plan that it is given
 */
export async function skipExisting(
  plan: PushPlan,
  tools: Pick<PushTools, 'client' | 'log'>,
  start: (plan: PushPlan) => Promise<StartedPush>,
): Promise<StartedPush> {
  const existing = new Map<string, PushedTag>();
  const withExisting = (outcome: PushOutcome): PushOutcome => {
    const states = new Map(outcome.tags.map((state) => [state.tag, state]));
    const stateOf = (tag: string): PushedTag =>
      existing.get(tag) ?? states.get(tag) ?? { tag, action: 'not attempted' };
    return { ...outcome, tags: plan.tags.map(stateOf) };
  };
  const nothing: PushOutcome = { digest: undefined, tags: [], platforms: [] };
  try {
    for (const tag of plan.tags) {
      const digest = await findTag(tag, tools);
      if (digest !== undefined) existing.set(tag, { tag, action: 'skipped', digest });
    }
  } catch (error) {
    return endedPush(withExisting({ ...nothing, error }));
  }
  const missing = plan.tags.filter((tag) => !existing.has(tag));
  if (missing.length === 0) return endedPush(withExisting(nothing));
  const push = await start({ ...plan, tags: missing });
  return {
    ...push,
    outcome: withExisting(push.outcome),
    finish: async () => withExisting(await push.finish()),
  };
}

async function findTag(tag: string, { client, log }: Pick<PushTools, 'client' | 'log'>): Promise<string | undefined> {
  const held = await client.readManifest(tag);
  if (held === undefined && !(await client.lacksManifest(tag)))
    throw new PipeError(`--skip-existing: the registry does not let the pipe see whether tag ${tag} exists`);
  if (held === undefined) return undefined;
  checkManifest(held.bytes, `--skip-existing: what the registry returns for tag ${tag}`);
  log.info(`tag ${tag} exists, and is left as it is: ${held.digest}`);
  return held.digest;
}
