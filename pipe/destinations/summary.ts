/** The summary of a run that succeeded: what was published, where it is, and what did not have to be sent. */

import type { Log } from '../toolkit/log.ts';
import { aroundName, maxColumns, maxInfoColumns, padded, shortened, widthOf } from '../toolkit/columns.ts';
import type { Scrub } from '../toolkit/scrub.ts';
import { printable } from '../toolkit/stdout.ts';
import { formatBytes, formatCount } from '../toolkit/units.ts';
import type { Action } from './outcome.ts';

/** One row of the summary's table. */
export interface SummaryItem {
  readonly name: string;
  /** In bytes; undefined if this run did not look. */
  readonly size?: number | undefined;
  /** SHA-256, in hexadecimal digits, with or without `sha256:`. */
  readonly digest?: string | undefined;
  readonly action: Action;
  /** Of an item that was skipped; default: one. */
  readonly savedRequests?: number;
}

/** A run that succeeded. */
export interface Summary {
  /** What the run did, for the line after `✔`. */
  readonly headline: string;
  readonly items: readonly SummaryItem[];
  /** Whether the last item only lists the others, and does not count among them. */
  readonly isListLast?: boolean;
  /** What was reused, skipped or deleted. */
  readonly savings?: readonly string[];
  /** Where the items are: URLs, or references that can be pulled. */
  readonly links: readonly string[];
  /** What the links are for. */
  readonly linksTitle?: string;
}

const margin = '  ';
/** More rows would hide what follows them: then the headline gives the totals. */
const maxRows = 20;
/** So many items are worth a line each while they are sent, and a link each at the end. */
const maxListed = 3;
const minNameColumns = 16;
/** Beside its mark. */
export const maxHeadlineColumns = maxColumns - '✔ '.length;
const shortDigits = 12;

/** The lines of the summary, for the verdict: the headline first. */
export function summaryLines(
  { headline, items, isListLast = false, savings = [], links, linksTitle }: Summary,
  scrub: Scrub,
): readonly string[] {
  return [
    headline,
    ...(items.length > 1 && items.length - (isListLast ? 1 : 0) <= maxRows ? tableOf(items, scrub) : []),
    ...savings.map((line) => margin + line),
    ...(linksTitle === undefined || links.length === 0 ? [] : [margin + linksTitle]),
    ...links.map((link) => margin + printable(link)),
  ];
}

/** Whether each of so many items has a line while it is sent, and a link in the summary. */
export function areListed(itemCount: number): boolean {
  return itemCount <= maxListed;
}

/** The links of few items, or the page that has them all. */
export function linksOf(items: readonly { readonly url: string }[], page: string): readonly string[] {
  return areListed(items.length) ? items.map(({ url }) => url) : [page];
}

/** Where the outcomes of items are logged. */
export interface ItemLog {
  readonly log: Pick<Log, 'info' | 'debug'>;
  readonly scrub: Scrub;
}

/**
 * Logs the outcome of one item, such as `app.zip: uploaded, 12.3 MB`. The summary shows it too, so that of many items only
 * debug output has a line each.
 */
export function logItem({ log, scrub }: ItemLog, itemCount: number, name: string, outcome: string): void {
  const message = aroundName(['', name, `: ${outcome}`], maxInfoColumns, scrub);
  if (areListed(itemCount)) log.info(message);
  else log.debug(message);
}

/** `skipped 2 already there: 4.20 MB and 2 requests not sent`, if any were; without bytes if not all sizes are known. */
export function skippedLines(items: readonly SummaryItem[]): readonly string[] {
  const skipped = items.filter(({ action }) => action === 'skipped');
  if (skipped.length === 0) return [];
  const bytes = skipped.reduce((sum, { size = Number.NaN }) => sum + size, 0);
  const amount = Number.isNaN(bytes) ? '' : `${formatBytes(bytes)} and `;
  const requests = skipped.reduce((sum, { savedRequests = 1 }) => sum + savedRequests, 0);
  return [`skipped ${skipped.length} already there: ${amount}${formatCount(requests, 'request')} not sent`];
}

/** The headline of a run in which all was skipped. */
export function nothingNew(count: number, what: string): string {
  return `Nothing to upload: ${count === 1 ? `the ${what} is` : `all ${formatCount(count, what)} are`} there already`;
}

/** The longest of these headlines that fits beside `✔`, or the last. */
export function fittingHeadline(...longestFirst: readonly string[]): string {
  return longestFirst.find((text) => widthOf(text) <= maxHeadlineColumns) ?? longestFirst.at(-1) ?? '';
}

function tableOf(items: readonly SummaryItem[], scrub: Scrub): readonly string[] {
  const rows = items.map(({ name, size, digest, action }) => ({
    name: printable(scrub(name)),
    size: size === undefined ? '' : formatBytes(size),
    digest: digest === undefined ? '' : `sha256:${digest.replace(/^sha256:/, '').slice(0, shortDigits)}`,
    action,
  }));
  const widest = (lengths: readonly number[]): number => Math.max(...lengths);
  const sizeColumns = widest(rows.map(({ size }) => size.length));
  const digestColumns = widest(rows.map(({ digest }) => digest.length));
  const others = rows.map(({ size, digest, action }) =>
    [size.padStart(sizeColumns), digest.padEnd(digestColumns), action].filter((cell) => cell !== '').join(margin),
  );
  const room = maxColumns - 2 * margin.length - widest(others.map(({ length }) => length));
  const nameColumns = Math.min(widest(rows.map(({ name }) => widthOf(name))), Math.max(minNameColumns, room));
  return rows.map(
    ({ name }, index) =>
      margin + padded(shortened(name, nameColumns, scrub), nameColumns) + margin + (others[index] ?? ''),
  );
}
