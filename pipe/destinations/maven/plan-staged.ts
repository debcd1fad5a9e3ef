/** Plans one version of an artifact from a directory in repository layout. */

import { basename } from 'node:path';
import { InputError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';
import { type FileKind, isSameKind } from './coordinates.ts';
import { readPomFile } from './find-pom.ts';
import { moduleWarnings } from './gradle-module.ts';
import { checkJavaArchive } from './java-archive.ts';
import type { Metadata } from './metadata.ts';
import { kindOfPackaging, pomKind, pomOnlyWarnings } from './packagings.ts';
import { fromFile, type PlannedArtifact } from './planned.ts';
import { pluginOf } from './plugin-descriptor.ts';
import type { Pom } from './pom.ts';
import type { StagedFile, StagedVersion } from './staged-files.ts';
import { compareBuilds } from './staged-name.ts';

/** A planned artifact, and what the user should know of it. */
export interface StagedPlan extends PlannedArtifact {
  readonly warnings: readonly string[];
}

/**
 * Plans all files of a version. Of a SNAPSHOT, only those of the newest build.
 *
 * @param listed the version's own metadata, whose order of files is kept
 * @throws InputError if the version has no POM, its POM has other coordinates, or a file cannot be published
 */
export async function planStaged(version: StagedVersion, listed: Metadata | undefined): Promise<StagedPlan> {
  const { files, warnings } = newestBuild(version);
  const pomFile = files.find(({ kind }) => isSameKind(kind, pomKind));
  if (pomFile === undefined)
    throw new InputError(
      `${printable(version.path)} has no POM: ${files.map(({ source }) => printable(basename(source.path))).join(', ')}`,
    );
  const found = await readPomFile(pomFile.source);
  const { pom } = found;
  checkCoordinates(version, pom, found.where);
  const others = files.filter((file) => file !== pomFile);
  for (const { source } of others) await checkJavaArchive(source);
  const usual = kindOfPackaging(pom.packaging);
  const main =
    others.find(({ kind }) => isSameKind(kind, usual)) ?? others.find(({ kind }) => kind.extension === 'jar');
  const inOrder = main === undefined ? others : [main, ...others.filter((file) => file !== main)];
  const plugin = main === undefined ? undefined : await pluginOf(main.source, pom, main.kind);
  const kinds = inOrder.map(({ kind }) => kind);
  return {
    pom,
    plugin: plugin?.plugin,
    files: [...inOrder, pomFile].map(({ source, kind }) => fromFile(source, kind)),
    kinds: inListedOrder([pomKind, ...kinds], listed),
    warnings: [
      ...warnings,
      ...(inOrder.length === 0 ? pomOnlyWarnings(found.where, pom.packaging) : []),
      ...(plugin?.warnings ?? []),
      ...moduleWarnings(found, kinds, 'the directory has none'),
    ],
  };
}

function newestBuild({ path, files }: StagedVersion): {
  readonly files: readonly StagedFile[];
  readonly warnings: readonly string[];
} {
  const newest = files.map(({ version }) => version).reduce((a, b) => (compareBuilds(a, b) < 0 ? b : a));
  const own = files.filter(({ version }) => version === newest);
  const leftOut = files.length - own.length;
  const warning = `${printable(path)} has several builds: ${newest} is published, and ${leftOut} files of earlier builds are left out`;
  return { files: own, warnings: leftOut === 0 ? [] : [warning] };
}

/** @throws InputError if the POM is that of another artifact or version */
function checkCoordinates({ path, coordinates }: StagedVersion, pom: Pom, where: string): void {
  const name = ({ groupId, artifactId, version }: StagedVersion['coordinates']): string =>
    `${groupId}:${artifactId}:${version}`;
  if (name(pom) !== name(coordinates))
    throw new InputError(
      `${where} is the POM of ${name(pom)}, but ${printable(path)} is the place of ${name(coordinates)}: FILENAME must be the root of the repository layout`,
    );
}

/** Of files that the metadata does not list, the order stays. */
function inListedOrder(kinds: readonly FileKind[], listed: Metadata | undefined): readonly FileKind[] {
  const all = listed?.snapshotFiles ?? [];
  const place = (kind: FileKind): number => {
    const index = all.findIndex((file) => isSameKind(file, kind));
    return index === -1 ? all.length : index;
  };
  return kinds.toSorted((a, b) => place(a) - place(b));
}
