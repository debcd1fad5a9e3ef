/** Declares a test for each cell of one protocol's matrix, and prints the table at the end. */

import { appendFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from '@jest/globals';
import { exceptionFor } from './exceptions.ts';
import type { Expectation, Fault, Severity } from './fault.ts';
import { faults } from './faults.ts';
import type { Protocol, RequestRow } from './protocol.ts';
import { createLaboratory, type Laboratory, type Verdict } from './run-cell.ts';
import { formatTable, type TableCell } from './table.ts';

export function declareMatrix(protocol: Protocol): void {
  let laboratory: Promise<Laboratory> | undefined;
  const cells = new Map<string, TableCell>();
  const keyOf = (row: RequestRow, fault: Fault): string => `${row.name}\n${fault.name}`;
  const pairs = faults.flatMap((fault) => protocol.requests.map((row) => ({ fault, row })));
  for (const { fault, row } of pairs) {
    const spared = fault.spares?.(row);
    if (spared !== undefined) cells.set(keyOf(row, fault), { words: ['–'], note: spared });
  }

  describe(`TYPE ${protocol.name}`, () => {
    const tested = pairs.filter(({ fault, row }) => fault.spares?.(row) === undefined);
    it.concurrent.each(tested.map((pair) => ({ ...pair, title: `${pair.row.name}, ${pair.fault.name}` })))(
      '$title',
      async ({ fault, row }) => {
        // Concurrent tests start before hooks.
        const runner = await (laboratory ??= createLaboratory(protocol));
        const exception = exceptionFor(protocol, row, fault);
        const severities: readonly Severity[] = fault.once === undefined ? ['always'] : ['once', 'always'];
        const words: string[] = [];
        for (const severity of severities) {
          const verdict = await runner.run(row, fault, severity);
          const expected = exception?.[severity] ?? expectationOf(fault, row, severity);
          const judged = judge(verdict, {
            expected,
            cause: exception?.cause ?? fault.cause,
            allowed: exception?.allows,
          });
          words.push(judged.isRight ? expected : 'WRONG');
          cells.set(keyOf(row, fault), { words, note: exception?.reason });
          expect({ severity, ...judged }).toEqual({ severity, isRight: true });
        }
      },
    );

    afterAll(async () => {
      await (await laboratory)?.close();
      const table = formatTable(protocol, faults, (row, fault) => cells.get(keyOf(row, fault)));
      if (process.env['FAULT_TABLE'] === undefined) process.stdout.write(table);
      else appendFileSync(process.env['FAULT_TABLE'], table);
    });
  });
}

function expectationOf({ once, always }: Fault, row: RequestRow, severity: Severity): Expectation {
  if (severity === 'once' && once !== undefined) return once;
  return typeof always === 'function' ? always(row) : always;
}

interface Wanted {
  readonly expected: Expectation;
  readonly cause: RegExp;
  readonly allowed: RegExp | undefined;
}

/** @returns what is wrong, for the message of the test */
function judge(
  verdict: Verdict,
  { expected, cause, allowed }: Wanted,
): { readonly isRight: boolean } & Readonly<Record<string, unknown>> {
  const { outcome, output } = verdict;
  const problems = verdict.problems.filter((problem) => allowed?.test(problem) !== true);
  const isExpected = outcome === (expected === 'warned' ? 'published' : expected);
  const said = outcome === 'told' ? output.slice(Math.max(0, output.search(/^✖ /m))) : output;
  const namesCause = expected === 'published' || cause.test(said);
  const isRight = isExpected && namesCause && problems.length === 0;
  return isRight ? { isRight } : { isRight, expected, outcome, namesCause, problems, output };
}
