/** TYPE image: publishes container images to a registry. */

import type { PushOutcome, StartedPush } from '../../oci/registry/push.ts';
import type { PushTools } from '../../oci/registry/push-layer.ts';
import type { ReusableLayers } from '../../oci/registry/reuse.ts';
import { skipExisting } from '../../oci/registry/skip-existing.ts';
import { isBitbucketPackages } from '../../settings/bitbucket-packages.ts';
import { prefixedLog, quietLog } from '../../toolkit/log.ts';
import type { Progress } from '../../toolkit/progress.ts';
import type { Destination, Publication, RunTools } from '../destination.ts';
import { imageRows } from './advice.ts';
import { createCompression } from './compression.ts';
import { createPushTools, type RepositoryTools } from './push-tools.ts';
import { areImagesListed, imagePlanLines } from './plan-lines.ts';
import { concludeImages, taggedReference } from './report.ts';
import type { ImageSettings } from './settings.ts';
import type { ImageTarget } from './targets.ts';
import { type ImageSource, openSource } from './sources.ts';

/** The row of TYPE image. */
export const images: Destination<ImageSettings> = {
  advice: imageRows,
  serverVariable: 'REGISTRY',
  isBitbucket: ({ registry }) => isBitbucketPackages(registry),
  target: (settings) => ({
    server: settings.registry.href,
    name: settings.targets.flatMap((target) => target.tags.map((tag) => taggedReference(target, tag))).join(', '),
  }),
  prepare,
};

/** An image of the run, opened. */
interface OpenTarget {
  readonly target: ImageTarget;
  readonly source: ImageSource;
  readonly tools: RepositoryTools & Pick<PushTools, 'imageName'>;
}

async function prepare(settings: ImageSettings, tools: RunTools): Promise<Publication> {
  const compression = createCompression(settings, tools.log);
  const toolsFor = createPushTools(settings, tools, compression.compression);
  const opened: OpenTarget[] = [];
  const close = async (): Promise<void> => {
    for (const { source } of opened) await source.close();
    await compression.close();
  };
  try {
    for (const target of settings.targets) {
      const pushTools = toolsFor(target.reference.repository);
      const { repository, tag } = target.reference;
      const imageName = settings.targets.length === 1 ? undefined : `${repository}:${tag}`;
      const source = await openSource(target, settings, pushTools.client, tools, imageName);
      const named = imageName === undefined ? pushTools.log : prefixedLog(pushTools.log, `${imageName}: `);
      const log = areImagesListed(settings.targets.length, false) ? named : quietLog(named);
      opened.push({ target, source, tools: { ...pushTools, log, imageName } });
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    lines: imagePlanLines(opened, { isDryRun: settings.isDryRun, scrub: tools.secrets.scrub }),
    warnings: notesOf(opened),
    totalBytes: opened.reduce<number | undefined>((total, { source: { bytesToSend } }) => {
      return total === undefined || bytesToSend === undefined ? undefined : total + bytesToSend;
    }, 0),
    publish: async (progress) => concludeImages(await publish(opened, settings, progress), settings),
    close,
  };
}

/** The notes on the sources, with the names of the images that each concerns, unless it is all of them. */
function notesOf(opened: readonly OpenTarget[]): readonly string[] {
  const all = opened.flatMap(({ source, tools }) => source.notes.map((note) => ({ note, name: tools.imageName })));
  return [...Map.groupBy(all, ({ note }) => note)].map(([note, each]) => {
    const names = [...new Set(each.map(({ name }) => name))];
    return names.length === opened.length ? note : `${names.join(', ')}: ${note}`;
  });
}

/**
 * Sends the blobs of all images, and only then points any tag to its image: what belongs together appears together, and not
 * at all if one part fails.
 *
 * @returns the outcomes of the targets that were attempted, in their order
 */
async function publish(
  opened: readonly OpenTarget[],
  settings: ImageSettings,
  progress: Progress,
): Promise<readonly PushOutcome[]> {
  const pushes: StartedPush[] = [];
  const earlier: (ReusableLayers & { readonly repository: string })[] = [];
  for (const { target, source, tools } of opened) {
    const push = await start(target, source, settings, {
      ...tools,
      progress,
      sent: new Map(),
      earlier: target.reusesNothing ? [] : earlier.map((image) => withoutOwn(image, target)),
    });
    pushes.push(push);
    if (push.outcome.error !== undefined) return pushes.map(({ outcome }) => outcome);
    const { repository, tag } = target.reference;
    earlier.push({ name: `${repository}:${tag}`, repository, layers: push.layers });
  }
  const outcomes: PushOutcome[] = [];
  for (const push of pushes) {
    const outcome = await push.finish();
    outcomes.push(outcome);
    if (outcome.error !== undefined) break;
  }
  return outcomes;
}

/** What is in the repository itself needs no mounting. */
function withoutOwn(image: ReusableLayers, { reference }: ImageTarget): ReusableLayers {
  return image.repository === reference.repository ? { ...image, repository: undefined } : image;
}

async function start(
  { tags, reuseTags, isReuseGiven, sources }: ImageTarget,
  source: ImageSource,
  { format, skipExisting: leavesExisting }: ImageSettings,
  tools: PushTools,
): Promise<StartedPush> {
  const plan = { tags, reuseTags, isReuseGiven, sources, format };
  if (!leavesExisting) return await source.start(plan, tools);
  return await skipExisting(plan, tools, async (missing) => await source.start(missing, tools));
}
