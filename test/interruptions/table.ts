/** The table of the interrupted runs. */

import type { Interruption } from './interruption.ts';

type Row = readonly [type: string, runs: readonly Interruption[]];

const columns: readonly (readonly [title: string, cell: (runs: readonly Interruption[]) => string | number])[] = [
  ['runs', (runs) => runs.length],
  ['seeds', (runs) => `${Math.min(...runs.map(({ seed }) => seed))} to ${Math.max(...runs.map(({ seed }) => seed))}`],
  ['SIGTERM', (runs) => runs.filter(({ signal }) => signal === 'SIGTERM').length],
  ['SIGINT', (runs) => runs.filter(({ signal }) => signal === 'SIGINT').length],
  ['SIGKILL', (runs) => runs.filter(({ signal }) => signal === 'SIGKILL').length],
  ['nothing published', (runs) => runs.filter(({ published }) => published === 'nothing').length],
  ['some', (runs) => runs.filter(({ published }) => published === 'something').length],
  ['all', (runs) => runs.filter(({ published }) => published === 'everything').length],
  ['exit codes', (runs) => exitCodesOf(runs)],
  ['slowest stop', (runs) => `${Math.round(Math.max(...runs.map(({ stopMs }) => stopMs)))} ms`],
  ['stale checksums', (runs) => runs.filter(({ hasUnfinished }) => hasUnfinished).length],
  ['completed', (runs) => runs.filter(({ isCompleted }) => isCompleted).length],
  ['failed', (runs) => runs.filter(({ failures }) => failures.length > 0).length],
];

export function formatTable(rows: readonly Row[]): string {
  const cells = [
    ['TYPE', ...columns.map(([title]) => title)],
    ...rows.map(([type, runs]) => [type, ...columns.map(([, cell]) => String(cell(runs)))]),
  ];
  const widths = columns.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')).join('\n');
}

/** `143: 30, killed: 33`. */
function exitCodesOf(runs: readonly Interruption[]): string {
  const groups = Map.groupBy(runs, ({ exitCode }) => exitCode ?? 'killed');
  return [...groups]
    .map(([code, of]) => `${code}: ${of.length}`)
    .toSorted()
    .join(', ');
}
