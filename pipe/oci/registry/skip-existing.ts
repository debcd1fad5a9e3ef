/** Publishes an image only under the tags that do not exist yet. */

import { PipeError } from '../../errors.ts';
import { checkManifest } from '../formats/manifests.ts';
import type { PushPlan, PushOutcome, PushedTag } from './push.ts';
import type { PushTools } from './push-layer.ts';

/**
 * Leaves the tags that exist as they are, whatever they point to, and pushes the others. Never throws: an error is part
 * of the outcome.
 *
 * @param push publishes under the tags of the plan that it is given
 */
export async function skipExisting(
  plan: PushPlan,
  { client, log }: Pick<PushTools, 'client' | 'log'>,
  push: (plan: PushPlan) => Promise<PushOutcome>,
): Promise<PushOutcome> {
  const existing = new Map<string, PushedTag>();
  try {
    for (const tag of plan.tags) {
      const held = await client.readManifest(tag);
      if (held === undefined && !(await client.lacksManifest(tag)))
        throw new PipeError(`--skip-existing: the registry does not let the pipe see whether tag ${tag} exists`);
      if (held === undefined) continue;
      checkManifest(held.bytes, `--skip-existing: what the registry returns for tag ${tag}`);
      log.info(`tag ${tag} exists, and is left as it is: ${held.digest}`);
      existing.set(tag, { tag, action: 'skipped', digest: held.digest });
    }
  } catch (error) {
    const tags = plan.tags.map((tag) => existing.get(tag) ?? { tag, action: 'not attempted' as const });
    return { digest: undefined, tags, platforms: [], error };
  }
  const missing = plan.tags.filter((tag) => !existing.has(tag));
  const pushed: PushOutcome =
    missing.length > 0 ? await push({ ...plan, tags: missing }) : { digest: undefined, tags: [], platforms: [] };
  const states = new Map(pushed.tags.map((state) => [state.tag, state]));
  const tags = plan.tags.flatMap((tag) => existing.get(tag) ?? states.get(tag) ?? []);
  return { ...pushed, tags };
}
