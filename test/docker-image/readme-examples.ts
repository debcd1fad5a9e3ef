/** Extracts the examples from README.md: every YAML block that contains `pipe:`, with the sentence or heading before it. */

import { findPipeEntries, type PipeEntry } from '../local-pipe/pipe-entries.ts';

export interface ReadmeExample {
  /** The sentence or heading before the block, up to its first colon or full stop. */
  readonly title: string;
  readonly yaml: string;
  readonly entries: readonly PipeEntry[];
}

export function readExamples(readme: string): readonly ReadmeExample[] {
  return [...readme.matchAll(/([^\n]+)\n+```ya?ml\n(.*?)```/gs)]
    .map(([, sentence = '', yaml = '']) => ({
      title: sentence.replace(/^#+ /, '').replace(/[:.].*$/s, ''),
      yaml,
      entries: findPipeEntries(yaml),
    }))
    .filter(({ entries }) => entries.length > 0);
}
