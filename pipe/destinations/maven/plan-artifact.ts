/** Plans the publication of one artifact with its POM and the files that options add to it. */

import { basename } from 'node:path';
import type { Places } from '../../io/select-files.ts';
import { InputError } from '../../errors.ts';
import { bytesBody } from '../../io/body.ts';
import type { SourceFile } from '../../io/source-file.ts';
import { printable } from '../../toolkit/stdout.ts';
import { readArtifactName, supplements } from './artifact-name.ts';
import { isChecksumExtension } from './algorithms.ts';
import { fileName, type FileKind, isExtension, kindName } from './coordinates.ts';
import { findPom, isPomFile } from './find-pom.ts';
import { moduleWarnings } from './gradle-module.ts';
import { checkJavaArchive } from './java-archive.ts';
import { kindOfPackaging, pomKind, pomOnlyWarnings } from './packagings.ts';
import { fromFile, type MavenPlan, type PlannedFile } from './planned.ts';
import { pluginOf } from './plugin-descriptor.ts';
import type { Pom } from './pom.ts';
import type { SelectedArtifact, SelectedFile } from './select-all.ts';
import type { MavenSettings } from './settings.ts';

/** Plans a publication. @throws InputError if a file cannot be published, or its POM cannot be used */
export async function planArtifact(
  { artifact, pom: given, others, warnings }: SelectedArtifact,
  settings: Pick<MavenSettings, 'classifier'>,
  places: Places,
): Promise<MavenPlan> {
  for (const file of [artifact, ...others.map(({ source }) => source)]) await checkJavaArchive(file);
  const found = await findPom(artifact, { given, classifier: settings.classifier }, places);
  const { pom } = found;
  const isPomOnly = isPomFile(artifact);
  if (isPomOnly && settings.classifier !== undefined)
    throw new InputError(
      `${printable(artifact.path)} is a POM, which cannot have a classifier: leave out --classifier`,
    );
  const kind = isPomOnly ? pomKind : kindOf(artifact, pom, settings.classifier);
  const plugin = await pluginOf(artifact, pom, kind);
  const artifacts = isPomOnly ? [] : [fromFile(artifact, kind)];
  const otherFiles = others.map((other) => fromFile(other.source, other.kind));
  const files = [...artifacts, ...otherFiles, fromBytes(found.bytes, found.where, pomKind)];
  checkKinds(files);
  const kinds = [...artifacts.map((file) => file.kind), pomKind, ...others.map((other) => other.kind)];
  return {
    artifacts: [{ pom, plugin: plugin.plugin, files, kinds }],
    directories: [],
    totalBytes: files.reduce((sum, { size }) => sum + size, 0),
    warnings: [
      ...warnings,
      ...(isPomOnly ? pomOnlyWarnings(found.where, pom.packaging) : []),
      ...plugin.warnings,
      ...[{ source: artifact, kind }, ...others].flatMap((file) => nameWarnings(file, pom)),
      ...moduleWarnings(
        found,
        files.map((file) => file.kind),
        '--attach module=FILE',
      ),
    ],
  };
}

/** @throws InputError if two files would have the same name */
function checkKinds(files: readonly PlannedFile[]): void {
  const taken = new Map<string, string>();
  for (const { kind, from } of files) {
    const name = kindName(kind);
    const other = taken.get(name);
    if (other !== undefined) throw new InputError(`${other} and ${from} would both be published as ${name}`);
    taken.set(name, from);
  }
}

/**
 * The file's own extension decides, as the user sees it. `mvn deploy:deploy-file` uses that of the POM's packaging, and
 * so publishes a zip as a jar by default.
 *
 * @throws InputError if the name shows that the file is not the artifact itself
 */
function kindOf(artifact: SourceFile, pom: Pom, given: string | undefined): FileKind {
  const { packaging } = pom;
  const usual = kindOfPackaging(packaging);
  const classifier = given ?? usual.classifier;
  const shown = readArtifactName(basename(artifact.path), pom, classifier);
  const supplement = supplements.find((each) => each === shown.classifier);
  if (given === undefined && supplement !== undefined && supplement !== classifier)
    throw new InputError(
      `${printable(artifact.path)} is named as the ${supplement} of an artifact: add --classifier ${supplement}, or set FILENAME to the artifact itself`,
    );
  const extension = shown.extension ?? usual.extension;
  if (isChecksumExtension(extension))
    throw new InputError(
      `${printable(artifact.path)} is a checksum file: set FILENAME to its artifact, checksums are published with every file`,
    );
  if (!isExtension(extension))
    throw new InputError(
      `${printable(artifact.path)} has no extension, and the packaging ${printable(packaging)} cannot be used as one`,
    );
  return { classifier, extension };
}

function nameWarnings({ source, kind }: SelectedFile, pom: Pom): readonly string[] {
  const shown = readArtifactName(basename(source.path), pom, kind.classifier);
  const published = `${printable(source.path)} is published as ${fileName(pom.artifactId, pom.version, kind)}`;
  return [
    ...(shown.isOtherVersion ? [`${published}: its name has another version. Is it from an earlier build?`] : []),
    ...(shown.classifier !== undefined && shown.classifier !== kind.classifier
      ? [`${published}: its name has the classifier ${printable(shown.classifier)}, which --classifier would keep`]
      : []),
  ];
}

function fromBytes(bytes: Buffer, from: string, kind: FileKind): PlannedFile {
  return { kind, from, size: bytes.length, body: bytesBody(bytes) };
}
