/** Formats the results as Markdown. */

import { medianPeakBytes, medianSentBytes, medianWallMs, type Score } from './contest.ts';
import { isMet, type RowResult, type Target } from './row.ts';

const bytesPerMegabyte = 1_000_000;

/** Converts bytes to decimal megabytes. */
export function megabytes(bytes: number | undefined): number | undefined {
  return bytes === undefined ? undefined : bytes / bytesPerMegabyte;
}

/** One table of medians; ratios are to the first line. */
export function resultText({ title, scores, showsSent = false, notes = [] }: RowResult): string {
  const [first] = scores;
  const lines = scores
    .filter(({ missing }) => missing === undefined)
    .map((score) => [
      score.name,
      seconds(medianWallMs(score)),
      spread(score),
      multiple(medianWallMs(score), medianWallMs(first)),
      decimal(megabytes(medianPeakBytes(score)), 0),
      multiple(medianPeakBytes(score), medianPeakBytes(first)),
      ...(showsSent
        ? [decimal(megabytes(medianSentBytes(score)), 1), multiple(medianSentBytes(score), medianSentBytes(first))]
        : []),
    ]);
  const runs = first?.runs.length ?? 0;
  const skipped = scores.flatMap(({ name, missing }) =>
    missing === undefined ? [] : [`Skipped: ${name} (${missing}).`],
  );
  const head = [
    '',
    'wall, s',
    'min to max',
    'ratio',
    'peak memory, MB',
    'ratio',
    ...(showsSent ? ['sent, MB', 'ratio'] : []),
  ];
  return [
    `### ${title}`,
    ...(lines.length > 0 ? ['', markdownTable(head, lines)] : []),
    ...(runs > 0 ? ['', `Medians of ${runs} ${runs === 1 ? 'run' : 'runs'} each.`] : []),
    ...[...skipped, ...notes].flatMap((note) => ['', note]),
  ].join('\n');
}

export function targetsText(targets: readonly Target[]): string {
  const lines = targets.map((target) => [
    target.claim,
    `${target.relation} ${target.limit}${unitOf(target)}`,
    target.actual === undefined ? 'not measured' : `${decimal(target.actual, 2)}${unitOf(target)}`,
    { true: 'met', false: '**missed**', undefined: '' }[String(isMet(target)) as 'true' | 'false' | 'undefined'],
  ]);
  return markdownTable(['target', 'limit', 'measured', ''], lines);
}

function unitOf({ unit }: Target): string {
  return unit === undefined ? '' : ` ${unit}`;
}

function spread({ runs }: Score): string {
  const walls = runs.map(({ wallMs }) => wallMs);
  return walls.length === 0 ? '' : `${seconds(Math.min(...walls))} to ${seconds(Math.max(...walls))}`;
}

function seconds(milliseconds: number | undefined): string {
  return decimal(
    milliseconds === undefined ? undefined : milliseconds / 1000,
    milliseconds !== undefined && milliseconds < 1000 ? 3 : 2,
  );
}

function multiple(value: number | undefined, base: number | undefined): string {
  return value === undefined || base === undefined ? '' : decimal(value / base, 2);
}

function decimal(value: number | undefined, digits: number): string {
  return value === undefined ? '' : value.toFixed(digits);
}

/** All columns but the first are right-aligned. */
function markdownTable(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) =>
    Math.max(3, cell.length, ...lines.map((line) => (line[column] ?? '').length)),
  );
  const row = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (column === 0 ? (cells[column] ?? '').padEnd(width) : (cells[column] ?? '').padStart(width))).join(' | ')} |`;
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [row(head), row(rule), ...lines.map(row)].join('\n');
}
