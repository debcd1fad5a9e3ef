/** Finds the files that the settings name, and what each of them is. */

import { InputError } from '../../errors.ts';
import type { RealDirectory, RealFile } from '../../io/inspect-path.ts';
import { listPaths, type Places, selectPaths } from '../../io/select-files.ts';
import type { SourceFile } from '../../io/source-file.ts';
import type { ArrayValue } from '../../toolkit/environment.ts';
import type { FileKind } from './coordinates.ts';
import type { MavenSettings } from './settings.ts';

/** The settings that name files. */
export type Selection = Pick<MavenSettings, 'patterns' | 'pom' | 'sources' | 'javadoc' | 'classifier' | 'attachments'>;

/** Directories in repository layout. */
export interface SelectedDirectories {
  readonly directories: readonly RealDirectory[];
  /** Options that are given, and apply only to one artifact. */
  readonly problems: readonly string[];
  /** Parts of FILENAME that match nothing. */
  readonly warnings: readonly string[];
}

/** One artifact, and what is published with it. */
export interface SelectedArtifact {
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
export async function selectAll(settings: Selection, places: Places): Promise<SelectedArtifact | SelectedDirectories> {
  const problems: string[] = [];
  const warnings: string[] = [];
  let advice: string | undefined;
  const find = async (name: string, patterns: ArrayValue): Promise<readonly (RealFile | RealDirectory)[]> => {
    try {
      // Only FILENAME can be a directory.
      const { found, warnings: unmatched } = await selectPaths(patterns, places, {
        name,
        withDirectories: name === 'FILENAME',
      });
      warnings.push(...unmatched);
      return found;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      advice ??= error.advice;
      problems.push(name === 'FILENAME' ? error.message : `${name}: ${error.message}`);
      return [];
    }
  };
  const only = (name: string, files: readonly SourceFile[]): SourceFile | undefined => {
    if (files.length < 2) return files[0];
    const need =
      name === 'FILENAME'
        ? 'a run publishes one artifact; --sources FILE, --javadoc FILE and --attach add to it'
        : 'takes exactly one';
    problems.push(`${name} matches ${files.length} files (${listPaths(files.map(({ path }) => path))}), but ${need}`);
    return undefined;
  };
  const select = async (name: string, path: string | undefined): Promise<SourceFile | undefined> =>
    path === undefined ? undefined : only(name, filesOf(await find(name, { form: 'items', items: [path] })));
  const named = await find('FILENAME', settings.patterns);
  const files = filesOf(named);
  const directories = named.filter((each) => each.kind === 'directory');
  if (directories.length > 0 && files.length === 0) {
    return { directories, problems: optionProblems(settings), warnings };
  }
  const artifact = only('FILENAME', files);
  const pom = await select('--pom', settings.pom);
  const others: SelectedFile[] = [];
  for (const { option, path, kind } of otherFilesOf(settings)) {
    const source = await select(option, path);
    if (source !== undefined) others.push({ source, kind });
  }
  if (artifact === undefined || problems.length > 0) throw new InputError(problems, { advice });
  return { artifact, pom, others, warnings };
}

function filesOf(found: readonly (RealFile | RealDirectory)[]): readonly SourceFile[] {
  return found.flatMap((each) => (each.kind === 'file' ? [each.file] : []));
}

function optionProblems({ pom, classifier, ...others }: Selection): readonly string[] {
  const given = [
    ...(pom === undefined ? [] : ['--pom']),
    ...(classifier === undefined ? [] : ['--classifier']),
    ...otherFilesOf(others).flatMap(({ option, path }) => (path === undefined ? [] : [option])),
  ];
  return given.map(
    (option) => `${option} does not apply to a directory, whose files are all published under their own names`,
  );
}

interface OtherFile {
  readonly option: string;
  readonly path: string | undefined;
  readonly kind: FileKind;
}

function otherFilesOf({
  sources,
  javadoc,
  attachments,
}: Pick<Selection, 'sources' | 'javadoc' | 'attachments'>): readonly OtherFile[] {
  return [
    { option: '--sources', path: sources, kind: { classifier: 'sources', extension: 'jar' } },
    { option: '--javadoc', path: javadoc, kind: { classifier: 'javadoc', extension: 'jar' } },
    ...attachments.map(({ kind, path }) => ({ option: `--attach ${optionKind(kind)}`, path, kind })),
  ];
}

function optionKind({ classifier, extension }: FileKind): string {
  return classifier === undefined ? extension : `${classifier}:${extension}`;
}
