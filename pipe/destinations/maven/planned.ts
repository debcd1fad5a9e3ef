/** The plan of a publication to a Maven repository, as data. */

import type { SizedBody } from '../../io/body.ts';
import { fileBody, type SourceFile } from '../../io/source-file.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { FileKind } from './coordinates.ts';
import type { Plugin } from './plugin-descriptor.ts';
import type { Pom } from './pom.ts';

/** A file to publish. */
export interface PlannedFile {
  readonly kind: FileKind;
  /** Where it comes from, for messages. */
  readonly from: string;
  /** In bytes. */
  readonly size: number;
  readonly body: SizedBody;
}

/** A version of an artifact to publish, with all its files. */
export interface PlannedArtifact {
  readonly pom: Pom;
  /** The plugin to list in the group's metadata, if the artifact is one. */
  readonly plugin?: Plugin | undefined;
  /** In the order of publication: the artifact, its sources and javadoc, attached files, and last the POM. */
  readonly files: readonly PlannedFile[];
  /** In the order of Maven's metadata. */
  readonly kinds: readonly FileKind[];
}

/** Everything to publish. */
export interface MavenPlan {
  /** Versions of one artifact are in the order of its metadata. */
  readonly artifacts: readonly PlannedArtifact[];
  /** The directories in repository layout that the artifacts are from; empty if FILENAME is one artifact. */
  readonly directories: readonly string[];
  readonly totalBytes: number;
  readonly warnings: readonly string[];
}

/** A file to publish. Its body throws FileChangedError if the source changes: @throws as `fileBody` */
export function fromFile(source: SourceFile, kind: FileKind): PlannedFile {
  return { kind, from: printable(source.path), size: source.size, body: fileBody(source) };
}

/** The number of files in the plan. */
export function countFiles({ artifacts }: MavenPlan): number {
  return artifacts.reduce((sum, { files }) => sum + files.length, 0);
}
