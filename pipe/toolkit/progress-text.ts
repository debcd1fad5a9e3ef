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
  /** How long nothing has moved. */
  readonly idleMs: number;
}

/**
 * Then it waits, for a server or for its next attempt, and a rate would be that of the past. On a line of less than 26 kB/s,
 * it takes as long until the next 128 KiB are sent.
 */
const maxIdleMs = 5_000;

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
  { name, sent, total, ...pace }: Omit<Advance, 'total'> & { readonly total: number | undefined },
  columns: number,
  scrub: Scrub,
): string {
  const bytes = formatBytes(sent);
  const forms =
    total === undefined
      ? [`${bytes} sent, ${paceText(pace)}`]
      : sent >= total
        ? [
            `${shortened(name, longName, scrub)}: ${bytes} sent, waiting for the server`,
            'waiting for the server',
            'waiting',
          ]
        : movingForms({ name, sent, total, ...pace }, scrub);
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
    `${portion(advance)}, ${paceText(advance)}`,
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

function amounts(advance: Omit<Advance, 'name'>): string {
  const { sent, total, rate } = advance;
  const left = isIdle(advance) || rate <= 0 ? '' : `, ${formatDuration(((total - sent) / rate) * 1000)} left`;
  return `${portion(advance)}, ${paceText(advance)}${left}`;
}

type Pace = Pick<Advance, 'rate' | 'idleMs'>;

function isIdle({ idleMs }: Pace): boolean {
  return idleMs >= maxIdleMs;
}

function paceText(pace: Pace): string {
  return isIdle(pace) ? `nothing sent for ${formatDuration(pace.idleMs)}` : `${formatBytes(pace.rate)}/s`;
}

function portion(amount: Amount): string {
  return `${formatBytes(amount.sent)} of ${formatBytes(amount.total)} (${percent(amount)})`;
}

function percent({ sent, total }: Amount): string {
  return `${total === 0 ? 100 : Math.floor((sent / total) * 100)} %`;
}
