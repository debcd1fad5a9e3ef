/** Puts what became of an image into the words, and the JSON, that a user gets. */

import type { ImageSettings } from './settings.ts';
import type { PushOutcome } from '../../oci/registry/push.ts';
import { formatReference } from '../../oci/registry/reference.ts';
import type { Report } from '../../toolkit/code-insights.ts';
import { formatBytes, formatCount, formatDuration } from '../../toolkit/units.ts';

interface Totals {
  readonly sent: number;
  readonly sentBytes: number;
  readonly others: number;
  readonly size: number;
}

function totalsOf({ platforms }: PushOutcome): Totals {
  const layers = platforms.flatMap((platform) => platform.layers);
  const sent = layers.filter(({ action }) => action === 'sent');
  const sum = (list: typeof layers): number => list.reduce((total, { descriptor }) => total + descriptor.size, 0);
  return { sent: sent.length, sentBytes: sum(sent), others: layers.length - sent.length, size: sum(layers) };
}

function taggedReference({ reference }: ImageSettings, tag: string): string {
  return formatReference({ ...reference, tag });
}

/** The last line of a run that succeeded. */
export function imageSuccessText(outcome: PushOutcome, settings: ImageSettings, elapsedMs: number): string {
  const { sent, sentBytes, others } = totalsOf(outcome);
  const reused = others > 0 ? `, ${formatCount(others, 'layer')} reused or there already` : '';
  const tags = outcome.tags.map(({ tag }) => taggedReference(settings, tag)).join(', ');
  return `Published ${tags}: ${formatCount(sent, 'layer')} sent, ${formatBytes(sentBytes)}${reused}, in ${formatDuration(elapsedMs)}, ${outcome.digest ?? ''}`;
}

const tagWords = {
  published: 'published',
  failed: 'NOT published, or not confirmed',
  'not tried': 'NOT published',
} as const;

/** One line for each tag of a run that failed. */
export function imageFailureLines(outcome: PushOutcome, settings: ImageSettings): readonly string[] {
  return outcome.tags.map(({ tag, action }) => `  ${taggedReference(settings, tag)}: ${tagWords[action]}`);
}

/** The machine-readable result: an item for each tag. */
export function imageResult(
  outcome: PushOutcome,
  settings: ImageSettings,
  elapsedMs: number,
  error: string | undefined,
): unknown {
  const { sent, size } = totalsOf(outcome);
  const items = outcome.tags.map(({ tag, action }) => ({
    name: taggedReference(settings, tag),
    url: `${settings.registry.origin}/v2/${settings.reference.repository}/manifests/${tag}`,
    size,
    digest: outcome.digest,
    action:
      action === 'published' ? (sent > 0 ? 'uploaded' : 'reused') : action === 'failed' ? 'unconfirmed' : 'not sent',
  }));
  return { type: 'image', items, seconds: Math.round(elapsedMs) / 1000, ...(error === undefined ? {} : { error }) };
}

/** Variables for the steps that follow. */
export function imageVariables(
  outcome: PushOutcome,
  settings: ImageSettings,
): Readonly<Record<string, string | undefined>> {
  return { IMAGE_REFERENCE: formatReference(settings.reference), IMAGE_DIGEST: outcome.digest };
}

/** The Code Insights report. */
export function imageReport(outcome: PushOutcome, settings: ImageSettings, elapsedMs: number): Report {
  const { sent, sentBytes, others, size } = totalsOf(outcome);
  return {
    id: 'bitbucket-upload-package-image',
    title: 'Published a container image',
    details: outcome.tags.map(({ tag }) => taggedReference(settings, tag)).join(', '),
    reporter: 'bitbucket-upload-package',
    result: 'PASSED',
    data: [
      { title: 'Digest', type: 'TEXT', value: outcome.digest ?? '' },
      { title: 'Size', type: 'TEXT', value: formatBytes(size) },
      { title: 'Sent', type: 'TEXT', value: `${formatCount(sent, 'layer')}, ${formatBytes(sentBytes)}` },
      { title: 'Reused', type: 'NUMBER', value: others },
      { title: 'Duration', type: 'DURATION', value: Math.round(elapsedMs) },
    ],
  };
}
