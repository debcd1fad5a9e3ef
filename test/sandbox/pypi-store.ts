/** The files of the sandbox's Python index, by project. */
import type { ContentStore, StoredContent } from './content-store.ts';
import type { PypiOptions } from './pypi-options.ts';

/** A field of a form. */
export type FormPair = readonly [name: string, value: string];

export interface PublishedFile {
  readonly filename: string;
  readonly content: StoredContent;
  /** The fields that came with it; undefined if a test added it. */
  readonly fields: readonly FormPair[] | undefined;
  /** The number of further reads that do not show it. */
  staleReads: number;
}

export interface PypiContext {
  readonly options: PypiOptions;
  readonly workspace: string;
  /** Files by name, by the normalized name of their project. */
  readonly projects: Map<string, Map<string, PublishedFile>>;
  readonly contents: ContentStore;
}

/** PEP 503. */
export function normalized(name: string): string {
  return name.replace(/[-_.]+/g, '-').toLowerCase();
}

export function addFile({ projects }: PypiContext, project: string, file: PublishedFile): void {
  const files = projects.get(normalized(project)) ?? new Map<string, PublishedFile>();
  files.get(file.filename)?.content.remove();
  files.set(file.filename, file);
  projects.set(normalized(project), files);
}
