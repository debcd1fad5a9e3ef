/** Finds the files that the settings name, and what each of them is. */

import { InputError } from '../../errors.ts';
import { listPaths, type Places, selectFiles } from '../../io/select-files.ts';
import type { SourceFile } from '../../io/source-file.ts';
import type { ArrayValue } from '../../toolkit/environment.ts';
import type { FileKind } from './coordinates.ts';
import type { MavenSettings } from './settings.ts';

/** The settings that name files. */
export type Selection = Pick<MavenSettings, 'patterns' | 'pom' | 'sources' | 'javadoc' | 'classifier' | 'attachments'>;

export interface Selected {
  readonly artifact: SourceFile;
  readonly pom: SourceFile | undefined;
  /** Sources, javadoc and attached files. */
  readonly others: readonly SelectedFile[];
  /** Parts of FILENAME that match nothing. */
  readonly warnings: readonly string[];
}

export interface SelectedFile {
  readonly source: SourceFile;
  readonly kind: FileKind;
}

/** @throws InputError naming every setting that does not match exactly one file */
export async function selectAll(settings: Selection, places: Places): Promise<Selected> {
  const problems: string[] = [];
  const warnings: string[] = [];
  let advice: string | undefined;
  const select = async (name: string, patterns: ArrayValue | undefined): Promise<SourceFile | undefined> => {
    if (patterns === undefined) return undefined;
    try {
      const { files, warnings: unmatched } = await selectFiles(patterns, places, { name });
      warnings.push(...unmatched);
      if (files.length === 1) return files[0];
      const what = listPaths(files.map(({ path }) => path));
      const need =
        name === 'FILENAME'
          ? 'a run publishes one artifact; --sources FILE, --javadoc FILE and --attach add to it'
          : 'takes exactly one';
      problems.push(
        files.length === 0 ? `${name} matches no file` : `${name} matches ${files.length} files (${what}), but ${need}`,
      );
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      advice ??= error.advice;
      problems.push(name === 'FILENAME' ? error.message : `${name}: ${error.message}`);
    }
    return undefined;
  };
  const file = (path: string | undefined): ArrayValue | undefined =>
    path === undefined ? undefined : { form: 'items', items: [path] };
  const artifact = await select('FILENAME', settings.patterns);
  const pom = await select('--pom', file(settings.pom));
  const others: SelectedFile[] = [];
  for (const { option, path, kind } of otherFilesOf(settings)) {
    const source = await select(option, file(path));
    if (source !== undefined) others.push({ source, kind });
  }
  if (artifact === undefined || problems.length > 0) throw new InputError(problems, { advice });
  return { artifact, pom, others, warnings };
}

interface OtherFile {
  readonly option: string;
  readonly path: string | undefined;
  readonly kind: FileKind;
}

function otherFilesOf({ sources, javadoc, attachments }: Selection): readonly OtherFile[] {
  return [
    { option: '--sources', path: sources, kind: { classifier: 'sources', extension: 'jar' } },
    { option: '--javadoc', path: javadoc, kind: { classifier: 'javadoc', extension: 'jar' } },
    ...attachments.map(({ kind, path }) => ({ option: `--attach ${optionKind(kind)}`, path, kind })),
  ];
}

function optionKind({ classifier, extension }: FileKind): string {
  return classifier === undefined ? extension : `${classifier}:${extension}`;
}
