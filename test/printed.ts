/** Checks that output of the pipe is printable, and that nothing in it poses as the verdict. */

import { expect } from '@jest/globals';

/** The pipe's own colours; any other control sequence is from outside. */
const colours = /\u001B\[(?:0|31|32|33)m/g;

/**
 * Expects printable lines, one of which, the verdict, begins with `✔` or `✖`.
 *
 * @param text all output of a run, in a log
 * @param mayBeCut the run may have been killed, or its output closed, before the verdict
 */
export function expectPrintable(text: string, mayBeCut = false): void {
  const lines = text.replaceAll(colours, '').split('\n');
  expect(lines.filter((line) => /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(line))).toEqual([]);
  const verdicts = lines.filter((line) => /^[^\p{L}\p{N}\p{P}]*[✔✖]/u.test(line));
  if (!mayBeCut || verdicts.length > 0) expect(verdicts).toHaveLength(1);
}
