/** Chooses the entry of a file to run, and finds its image. */

import { parse } from 'yaml';
import type { PipeEntry } from './pipe-entries.ts';

export interface Choice {
  /** The name of the step. */
  readonly step?: string | undefined;
  /** Counted from 1, among the entries of the step or of the file. */
  readonly entry?: string | undefined;
}

/** @throws RangeError that lists the entries, if the choice does not select exactly one */
export function chooseEntry(entries: readonly PipeEntry[], { step, entry }: Choice): PipeEntry {
  const candidates = step === undefined ? entries : entries.filter((each) => each.step === step);
  const chosen = entry === undefined ? candidates : candidates.filter((_, index) => String(index + 1) === entry);
  const [first] = chosen;
  if (chosen.length === 1 && first !== undefined) return first;
  if (entries.length === 0) throw new RangeError('The file has no pipe: entry.');
  const shown = (candidates.length > 0 ? candidates : entries).map(
    (each, index) => `  ${index + 1}. ${each.step === undefined ? '' : `step "${each.step}": `}${each.pipe}`,
  );
  const problem = chosen.length === 0 ? 'No entry matches.' : 'Several entries match.';
  throw new RangeError([`${problem} Choose one with --step NAME or --entry N:`, ...shown].join('\n'));
}

/** @param ownPipeYml this project's @throws RangeError for a pipe of another repository, whose image only its pipe.yml names */
export function imageOf(pipe: string, ownPipeYml: string): string {
  if (pipe.startsWith('docker://')) return pipe.slice('docker://'.length);
  const { image } = parse(ownPipeYml) as { readonly image: string };
  const repository = (reference: string): string => reference.replace(/:[^:/]*$/, '');
  if (repository(pipe) === repository(image)) return image;
  throw new RangeError(`${pipe} is in another repository: give the image in its pipe.yml with --image IMAGE.`);
}
