/** Makes a source report which of its mutants are reached. */

import type { Mutant } from './find-mutants.ts';

interface Insertion {
  readonly at: number;
  readonly text: string;
  readonly isEnd: boolean;
  readonly length: number;
}

/**
 * The numbers of what is reached are set in the array `globalThis.reachedMutants`. Each module keeps it in a constant, as
 * a global would slow down the loops over bytes a hundredfold; the program of the compression threads does not have it.
 *
 * @param mutants mutants of this source, with the numbers to report
 */
export function instrument(source: string, mutants: ReadonlyMap<number, Mutant>): string {
  const insertions = [...mutants].flatMap(([id, { anchor }]): Insertion[] => {
    const { start, end, isStatement } = anchor;
    const hit = `typeof reachedMutants==='undefined'||(reachedMutants[${id}]=1)`;
    const length = end - start;
    const [before, after] = isStatement ? [`{${hit};`, '}'] : [`(${hit},(`, '))'];
    return [
      { at: start, text: before, isEnd: false, length },
      { at: end, text: after, isEnd: true, length },
    ];
  });
  let instrumented = 'const reachedMutants = globalThis.reachedMutants ?? [];';
  let last = 0;
  for (const { at, text } of insertions.toSorted(compare)) {
    instrumented += source.slice(last, at) + text;
    last = at;
  }
  return instrumented + source.slice(last);
}

/** Nested pieces open from the outside in, and close from the inside out. */
function compare(a: Insertion, b: Insertion): number {
  if (a.at !== b.at) return a.at - b.at;
  if (a.isEnd !== b.isEnd) return a.isEnd ? -1 : 1;
  return a.isEnd ? a.length - b.length : b.length - a.length;
}
