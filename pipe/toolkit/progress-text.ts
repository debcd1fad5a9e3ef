/** The words for transfers in progress: a line in a log, and a bar that fits a terminal. */

import { aroundName, maxInfoColumns, shortened, widthOf } from './columns.ts';
import type { Scrub } from './scrub.ts';
import { formatBytes, formatDuration } from './units.ts';

/** How far something has come. */
export interface Advance {
  readonly name: string;
  readonly sent: number;
  readonly total: number;
  /** Bytes a second. */
  readonly rate: number;
}

const longBar = 24;
const shortBar = 10;
const longName = 24;
const shortName = 16;

/** `app.zip: 460 MB of 1.00 GB (46 %), 98.0 MB/s, 5.5 s left` @param scrub for the name */
export function lineText({ name, ...advance }: Advance, scrub: Scrub): string {
  return aroundName(['', name, `: ${state(advance)}`], maxInfoColumns, scrub);
}

/** `120 of 200 files, 4.10 MB of 6.20 MB (66 %), 51.2 kB/s, 41.0 s left` */
export function sumText({ name, ...advance }: Advance): string {
  return `${name}, ${state(advance)}`;
}

function state(advance: Omit<Advance, 'name'>): string {
  const { sent, total } = advance;
  return sent >= total ? `${formatBytes(total)} sent, waiting for the server's answer` : amounts(advance);
}

/**
 * `app.zip [=======>            ] 460 MB of 1.00 GB (46 %), 98.0 MB/s, 5.5 s left`: the longest form that fits.
 *
 * @param advance its `total` is undefined if it is not known
 * @param scrub for the name
 */
export function barText(
  { name, sent, total, rate }: Omit<Advance, 'total'> & { readonly total: number | undefined },
  columns: number,
  scrub: Scrub,
): string {
  const bytes = formatBytes(sent);
  const forms =
    total === undefined
      ? [`${bytes} sent, ${formatRate(rate)}`]
      : sent >= total
        ? [
            `${shortened(name, longName, scrub)}: ${bytes} sent, waiting for the server`,
            'waiting for the server',
            'waiting',
          ]
        : movingForms({ name, sent, total, rate }, scrub);
  return forms.find((form) => widthOf(form) <= columns) ?? bytes;
}

/** The longest first. */
function movingForms({ name, ...advance }: Advance, scrub: Scrub): readonly string[] {
  const part = advance.sent / advance.total;
  const all = amounts(advance);
  return [
    `${shortened(name, longName, scrub)} ${bar(part, longBar)} ${all}`,
    `${shortened(name, shortName, scrub)} ${bar(part, shortBar)} ${all}`,
    `${bar(part, longBar)} ${all}`,
    `${bar(part, shortBar)} ${all}`,
    all,
    `${portion(advance)}, ${formatRate(advance.rate)}`,
    portion(advance),
    `${percent(advance)} of ${formatBytes(advance.total)}`,
    percent(advance),
  ];
}

function bar(part: number, columns: number): string {
  const filled = Math.floor(part * columns);
  return `[${'='.repeat(filled)}${filled < columns ? '>' : ''}${' '.repeat(Math.max(0, columns - filled - 1))}]`;
}

type Amount = Pick<Advance, 'sent' | 'total'>;

function amounts({ rate, ...amount }: Omit<Advance, 'name'>): string {
  const left = rate > 0 ? `, ${formatDuration(((amount.total - amount.sent) / rate) * 1000)} left` : '';
  return `${portion(amount)}, ${formatRate(rate)}${left}`;
}

function portion(amount: Amount): string {
  return `${formatBytes(amount.sent)} of ${formatBytes(amount.total)} (${percent(amount)})`;
}

function percent({ sent, total }: Amount): string {
  return `${total === 0 ? 100 : Math.floor((sent / total) * 100)} %`;
}

function formatRate(rate: number): string {
  return `${formatBytes(rate)}/s`;
}
