/** Prints the matrix of one protocol: a line for each fault, a column for each request, and notes below. */

import type { Fault } from './fault.ts';
import type { Protocol, RequestRow } from './protocol.ts';

export interface TableCell {
  /** What became of the run if the fault struck once, and for ever; of one run if that is the same. */
  readonly words: readonly string[];
  /** Why the cell differs from the others of its line. */
  readonly note?: string | undefined;
}

/** @param cellOf undefined for a cell that has not run */
export function formatTable(
  { name, requests }: Protocol,
  faults: readonly Fault[],
  cellOf: (row: RequestRow, fault: Fault) => TableCell | undefined,
): string {
  const notes: string[] = [];
  const markOf = (note: string | undefined): string => {
    if (note === undefined) return '';
    if (!notes.includes(note)) notes.push(note);
    return ` (${notes.indexOf(note) + 1})`;
  };
  const lines = [
    [`TYPE ${name}`, ...requests.map((row) => row.name)],
    ...faults.map((fault) => [
      fault.name,
      ...requests.map((row) => {
        const cell = cellOf(row, fault);
        return cell === undefined ? 'NOT RUN' : cell.words.join(', ') + markOf(cell.note);
      }),
    ]),
  ];
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  return [
    '',
    ...lines.map((line) =>
      line
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    ),
    '',
    'published: the server has everything, and the run succeeded. warned: the same, and it said what was wrong.',
    'told: the run failed, and said why.',
    '"published, told": it survives the fault once, and fails if it lasts.',
    ...notes.map((note, index) => `(${index + 1}) ${note}`),
    '',
    '',
  ].join('\n');
}
