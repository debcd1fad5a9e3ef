/** The results of publishing images, for people and for machines. */

import type { PushedTag, PushOutcome } from '../../oci/registry/push.ts';
import { isImmutable, saysItExists } from '../../oci/registry/refusals.ts';
import { formatReference } from '../../oci/registry/reference.ts';
import { aroundName } from '../../toolkit/columns.ts';
import type { Scrub } from '../../toolkit/scrub.ts';
import { formatBytes, formatCount, formatDuration } from '../../toolkit/units.ts';
import type { Conclusion } from '../destination.ts';
import { type Action, failedAction } from '../outcome.ts';
import { type OutputValues, overallAction } from '../output-variables.ts';
import { failureLine, otherContent } from '../report.ts';
import { fittingHeadline, maxHeadlineColumns, summaryLines } from '../summary.ts';
import type { ImageSettings } from './settings.ts';
import type { ImageTarget } from './targets.ts';

/** At least: one begins an upload, and one sends and ends it. */
const requestsOfLayer = 2;

/** A tag as users write it: `crg.apkg.io/acme/app:v1`. */
export function taggedReference({ reference }: Pick<ImageTarget, 'reference'>, tag: string): string {
  return formatReference({ ...reference, tag });
}

interface Item {
  readonly name: string;
  readonly url: string;
  /** Undefined if it is not known: of joined tags, of what was there already, and of what was not reached. */
  readonly size: number | undefined;
  readonly digest: string | undefined;
  readonly action: Action;
}

/** The conclusion, with one item for each tag of each image. @param outcomes of the images that were attempted */
export function concludeImages(
  outcomes: readonly PushOutcome[],
  { registry, targets }: Pick<ImageSettings, 'registry' | 'targets'>,
): Conclusion {
  // An error before the first tag concerns all tags.
  const wasTagged = outcomes.some(({ tags }) =>
    tags.some(({ action }) => ['published', 'unconfirmed', 'failed'].includes(action)),
  );
  const images = targets.map((target, index) =>
    itemsOf(target, outcomes[index], registry).map((item) =>
      wasTagged || item.action !== 'not sent' ? item : { ...item, action: 'failed' as const },
    ),
  );
  const items = images.flat();
  const obstacles = targets.flatMap((target, index) => obstaclesOf(target, outcomes[index]));
  const error = outcomes.find((outcome) => outcome.error !== undefined)?.error;
  const layers = layersOf(outcomes);
  const namesOf = (isSkipped: boolean): readonly string[] =>
    items.flatMap(({ name, action }) => ((action === 'skipped') === isSkipped ? [name] : []));
  const [published, skipped] = [namesOf(false), namesOf(true)];
  const digests = images.map((each) => each[0]?.digest);
  const only = targets.length === 1 ? outcomes[0]?.digest : undefined;
  const sent = `${formatCount(layers.sentCount, 'layer')}, ${formatBytes(layers.sentBytes)}`;
  return {
    error,
    failureLines: items.map((item, index) =>
      failureLine({ name: item.name, action: item.action, obstacle: obstacles[index] }),
    ),
    summary(elapsedMs, scrub) {
      const duration = formatDuration(elapsedMs);
      const isNothing = published.length === 0;
      const references = pullReferences(targets, images);
      return summaryLines(
        {
          headline: isNothing
            ? namesHeadline('Nothing to publish, already there, left as it is: ', skipped, '', scrub)
            : namesHeadline('Published ', published, ` in ${duration}`, scrub),
          items,
          savings: isNothing ? [] : layerLines(layers),
          linksTitle: references.length === 1 ? 'To deploy exactly this image:' : 'To deploy exactly these images:',
          links: references,
        },
        scrub,
      );
    },
    result: { items },
    variables: { UPLOAD_ACTION: overallAction(items), ...variablesOf(targets, digests) },
    report: {
      title: titleOf(targets.length, published.length > 0),
      details: (published.length === 0 ? skipped : published).join(', '),
      // Registries have no page that a person could see: this is the manifest.
      ...(items[0] !== undefined && { link: items[0].url }),
      links: items,
      totals: [
        { title: 'Digest', type: 'TEXT', value: only ?? digests[0] ?? '' },
        ...(images.every(isMeasured)
          ? [{ title: 'Size', type: 'TEXT', value: formatBytes(layers.bytes) } as const]
          : []),
        { title: 'Sent', type: 'TEXT', value: sent },
        { title: 'Reused', type: 'NUMBER', value: layers.otherCount },
      ],
    },
  };
}

function itemsOf(target: ImageTarget, outcome: PushOutcome | undefined, registry: URL): readonly Item[] {
  const { reference, tags } = target;
  const layers = layersOf(outcome === undefined ? [] : [outcome]);
  return tags.map((tag) => {
    const pushed = outcome?.tags.find((each) => each.tag === tag);
    const action = actionOf(pushed, outcome?.error, layers.sentCount > 0);
    return {
      name: taggedReference(target, tag),
      url: `${registry.origin}/v2/${reference.repository}/manifests/${tag}`,
      size: action === 'skipped' ? undefined : sizeOf(outcome),
      // A tag that was left as it is points to another image.
      digest: pushed?.digest ?? (action === 'skipped' ? undefined : outcome?.digest),
      action,
    };
  });
}

/** Why each tag is not published: a registry whose tags cannot be moved keeps the one that it has. */
function obstaclesOf({ tags }: ImageTarget, outcome: PushOutcome | undefined): readonly (string | undefined)[] {
  return tags.map((tag) => {
    const refused = outcome?.tags.find((each) => each.tag === tag && each.action === 'failed');
    return refused !== undefined && isKept(refused, outcome?.error) ? otherContent(tag) : undefined;
  });
}

/** If the push failed before it made the manifest, layers are missing. */
function sizeOf(outcome: PushOutcome | undefined): number | undefined {
  const isWhole = outcome?.digest !== undefined && outcome.platforms.length > 0;
  return isWhole ? layersOf([outcome]).bytes : undefined;
}

function isMeasured(items: readonly Item[]): boolean {
  return items.some(({ size }) => size !== undefined);
}

/** As many of the names as fit on the line. */
function namesHeadline(before: string, names: readonly string[], after: string, scrub: Scrub): string {
  const shorter = names.map((_, index) => {
    const more = index === 0 ? '' : ` and ${index} more`;
    return `${before}${names.slice(0, names.length - index).join(', ')}${more}${after}`;
  });
  const [first = ''] = names;
  const more = names.length > 1 ? ` and ${names.length - 1} more` : '';
  return fittingHeadline(...shorter, aroundName([before, first, more + after], maxHeadlineColumns, scrub));
}

/** What was sent, and what did not have to be. */
function layerLines({ bytes, sentBytes, sentCount, otherCount }: LayerTotals): readonly string[] {
  const requests = formatCount(otherCount * requestsOfLayer, 'request');
  return [
    `${formatCount(sentCount, 'layer')} sent, ${formatBytes(sentBytes)}`,
    ...(otherCount === 0
      ? []
      : [
          `${formatCount(otherCount, 'layer')} reused or already there: ${formatBytes(bytes - sentBytes)} and ${requests} not sent`,
        ]),
  ];
}

/** What to write into a deployment, so that it runs exactly these images, whatever the tags point to later. */
function pullReferences(targets: readonly ImageTarget[], images: readonly (readonly Item[])[]): readonly string[] {
  const references = targets.flatMap((target, index) =>
    (images[index] ?? []).flatMap(({ digest }) => (digest === undefined ? [] : [pullReference(target, digest)])),
  );
  return [...new Set(references)];
}

function pullReference({ reference }: Pick<ImageTarget, 'reference'>, digest: string): string {
  return `${reference.host}/${reference.repository}@${digest}`;
}

/** The first image has the plain names; several images have numbers as well, as items of arrays do. */
function variablesOf(targets: readonly ImageTarget[], digests: readonly (string | undefined)[]): OutputValues {
  const named = targets.map((target, index) => {
    const digest = digests[index];
    return {
      IMAGE_REFERENCE: formatReference(target.reference),
      IMAGE_DIGEST: digest,
      IMAGE_PULL_REFERENCE: digest === undefined ? undefined : pullReference(target, digest),
    };
  });
  if (named.length === 1) return { ...named[0] };
  const numbered = named.flatMap((variables, index) =>
    Object.entries(variables).map(([name, value]) => [`${name}_${index}`, value] as const),
  );
  return { ...named[0], ...Object.fromEntries(numbered) };
}

function titleOf(count: number, isPublished: boolean): string {
  if (count > 1) return isPublished ? `Published ${count} container images` : 'The container images were already there';
  return isPublished ? 'Published a container image' : 'The container image was already there';
}

interface LayerTotals {
  readonly bytes: number;
  readonly sentBytes: number;
  readonly sentCount: number;
  readonly otherCount: number;
}

function layersOf(outcomes: readonly PushOutcome[]): LayerTotals {
  const layers = outcomes.flatMap(({ platforms }) => {
    const all = platforms.flatMap((platform) => platform.layers);
    // An image may have a layer twice, and platforms may share one: whoever was not first has found it there.
    const sentLast = all.toSorted((a, b) => Number(a.action === 'sent') - Number(b.action === 'sent'));
    return [...new Map(sentLast.map((layer) => [layer.descriptor.digest, layer])).values()];
  });
  const sent = layers.filter(({ action }) => action === 'sent');
  const sum = (list: typeof layers): number => list.reduce((total, { descriptor }) => total + descriptor.size, 0);
  return {
    bytes: sum(layers),
    sentBytes: sum(sent),
    sentCount: sent.length,
    otherCount: layers.length - sent.length,
  };
}

/** Whether the registry keeps the tag as it is: it says so, or says that it exists, and the tag does point to another image. */
function isKept({ digest }: PushedTag, error: unknown): boolean {
  return isImmutable(error) || (digest !== undefined && saysItExists(error));
}

function actionOf(pushed: PushedTag | undefined, error: unknown, hasSentLayers: boolean): Action {
  if (pushed === undefined) return 'not sent';
  const { action } = pushed;
  if (action === 'skipped' || action === 'unconfirmed') return action;
  if (action === 'published') return hasSentLayers ? 'uploaded' : 'reused';
  if (action === 'failed' && isKept(pushed, error)) return 'skipped';
  // The manifest of a tag is small, so it was sent completely.
  return action === 'failed' ? failedAction(error, true) : 'not sent';
}
