/** The results of publishing an image, for people and for machines. */

import type { PushedTag, PushOutcome } from '../../oci/registry/push.ts';
import { formatReference } from '../../oci/registry/reference.ts';
import { formatBytes, formatCount, formatDuration } from '../../toolkit/units.ts';
import type { Conclusion } from '../destination.ts';
import { type Action, failedAction } from '../outcome.ts';
import { failureLine } from '../report.ts';
import type { ImageSettings } from './settings.ts';

/** A tag as users write it: `crg.apkg.io/acme/app:v1`. */
export function taggedReference({ reference }: ImageSettings, tag: string): string {
  return formatReference({ ...reference, tag });
}

/** The conclusion, with one item for each tag. */
export function concludeImage(outcome: PushOutcome, settings: ImageSettings): Conclusion {
  const { digest, error } = outcome;
  const { registry, reference } = settings;
  const layers = layersOf(outcome);
  const items = outcome.tags.map(({ tag, action, digest: held = digest }) => ({
    name: taggedReference(settings, tag),
    url: `${registry.origin}/v2/${reference.repository}/manifests/${tag}`,
    size: layers.bytes,
    digest: held,
    action: actionOf(action, outcome, layers.sentCount > 0),
  }));
  const namesOf = (isSkipped: boolean): string =>
    items.flatMap(({ name, action }) => ((action === 'skipped') === isSkipped ? [name] : [])).join(', ');
  const [published, skipped] = [namesOf(false), namesOf(true)];
  const first = items[0]?.digest;
  const sent = `${formatCount(layers.sentCount, 'layer')}, ${formatBytes(layers.sentBytes)}`;
  // An error before the first tag concerns all tags.
  const wasTagged = outcome.tags.some(({ action }) => ['published', 'unconfirmed', 'failed'].includes(action));
  return {
    error,
    failureLines: items.map(({ name, action }) =>
      failureLine(name, wasTagged || action !== 'not sent' ? action : 'failed'),
    ),
    summary(elapsedMs) {
      const left = skipped === '' ? '' : `already there, left as it is: ${skipped}`;
      if (published === '') return `Nothing to publish, ${left}`;
      const others =
        layers.otherCount > 0 ? `, ${formatCount(layers.otherCount, 'layer')} reused or already there` : '';
      const done = `Published ${published}: ${formatCount(layers.sentCount, 'layer')} sent, ${formatBytes(layers.sentBytes)}${others}, in ${formatDuration(elapsedMs)}, ${digest ?? ''}`;
      return left === '' ? done : `${done}; ${left}`;
    },
    result: { items },
    variables: { IMAGE_REFERENCE: formatReference(reference), IMAGE_DIGEST: first },
    report: {
      title: published === '' ? 'The container image was already there' : 'Published a container image',
      details: published === '' ? skipped : published,
      totals: [
        { title: 'Digest', type: 'TEXT', value: digest ?? first ?? '' },
        { title: 'Size', type: 'TEXT', value: formatBytes(layers.bytes) },
        { title: 'Sent', type: 'TEXT', value: sent },
        { title: 'Reused', type: 'NUMBER', value: layers.otherCount },
      ],
    },
  };
}

interface LayerTotals {
  readonly bytes: number;
  readonly sentBytes: number;
  readonly sentCount: number;
  readonly otherCount: number;
}

function layersOf({ platforms }: PushOutcome): LayerTotals {
  const layers = platforms.flatMap((platform) => platform.layers);
  const sent = layers.filter(({ action }) => action === 'sent');
  const sum = (list: typeof layers): number => list.reduce((total, { descriptor }) => total + descriptor.size, 0);
  return {
    bytes: sum(layers),
    sentBytes: sum(sent),
    sentCount: sent.length,
    otherCount: layers.length - sent.length,
  };
}

function actionOf(action: PushedTag['action'], { error }: PushOutcome, hasSentLayers: boolean): Action {
  if (action === 'skipped' || action === 'unconfirmed') return action;
  if (action === 'published') return hasSentLayers ? 'uploaded' : 'reused';
  // The manifest of a tag is small, so it was sent completely.
  return action === 'failed' ? failedAction(error, true) : 'not sent';
}
