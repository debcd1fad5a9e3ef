/** What an archive is made of: the entries that the writers of all formats take. */

import type { SizedBody } from '../../io/body.ts';

/** A file in an archive that is being written. */
export interface FileEntry {
  readonly kind: 'file';
  /** Relative, with forward slashes. */
  readonly path: string;
  readonly body: SizedBody;
  readonly isExecutable: boolean;
}

/** A directory that has no files. Others need no entry: their files' paths say that they exist. */
export interface DirectoryEntry {
  readonly kind: 'directory';
  /** Relative, with forward slashes, and none at the end. */
  readonly path: string;
}

export type PackedEntry = FileEntry | DirectoryEntry;

/** The same on every machine: what the owner may do, everyone may, except write. */
export const plainModes = { file: 0o644, executable: 0o755, directory: 0o755 } as const;
