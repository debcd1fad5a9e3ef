/** Plans a publication to a Maven repository, before the first request. */

import { basename } from 'node:path';
import type { Places } from '../../io/select-files.ts';
import { InputError } from '../../errors.ts';
import { bytesBody, type SizedBody } from '../../io/body.ts';
import { fileBody, type SourceFile } from '../../io/source-file.ts';
import { printable } from '../../toolkit/stdout.ts';
import { readArtifactName, supplements } from './artifact-name.ts';
import { isChecksumExtension } from './algorithms.ts';
import { fileName, type FileKind, isExtension, kindName } from './coordinates.ts';
import { findPom, isPomFile } from './find-pom.ts';
import { checkJavaArchive } from './java-archive.ts';
import { findPlugin, type Plugin } from './plugin-descriptor.ts';
import type { Pom } from './pom.ts';
import { selectAll, type SelectedFile, type Selection } from './select-all.ts';

/** A file to publish. */
export interface PlannedFile {
  readonly kind: FileKind;
  /** Where it comes from, for messages. */
  readonly from: string;
  /** In bytes. */
  readonly size: number;
  readonly body: SizedBody;
}

/** Everything to publish. */
export interface MavenPlan {
  readonly pom: Pom;
  /** The plugin to list in the group's metadata, if the artifact is one. */
  readonly plugin?: Plugin | undefined;
  /** In the order of publication: the artifact, its sources and javadoc, attached files, the POM. */
  readonly files: readonly PlannedFile[];
  /** In the order of Maven's metadata: the artifact, the POM, all others. */
  readonly kinds: readonly FileKind[];
  readonly totalBytes: number;
  readonly warnings: readonly string[];
}

/**
 * Maven's artifact handlers, by packaging: the extension for a file that has none (any other packaging is its own
 * extension), and the classifier for an artifact without `--classifier`.
 */
const handlers: Readonly<Record<string, FileKind>> = {
  // From the maven-bundle-plugin.
  bundle: { extension: 'jar' },
  ejb: { extension: 'jar' },
  'ejb-client': { extension: 'jar', classifier: 'client' },
  'java-source': { extension: 'jar', classifier: 'sources' },
  javadoc: { extension: 'jar', classifier: 'javadoc' },
  'maven-plugin': { extension: 'jar' },
  'test-jar': { extension: 'jar', classifier: 'tests' },
};
const pomKind: FileKind = { extension: 'pom' };
/** Packagings whose artifact is the POM itself; `bom` is new in Maven 4. */
const pomPackagings: readonly string[] = ['pom', 'bom'];

/** In the POMs of Gradle, which then looks for the `.module` file. */
const gradleMarker = 'published-with-gradle-metadata';

/** Plans a publication. @throws InputError naming all problems with the files, or with the POM */
export async function planArtifact(settings: Selection, places: Places): Promise<MavenPlan> {
  const { artifact, pom: given, others, warnings } = await selectAll(settings, places);
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
  return {
    pom,
    plugin: plugin.plugin,
    files,
    kinds: [...artifacts.map((file) => file.kind), pomKind, ...others.map((other) => other.kind)],
    totalBytes: files.reduce((sum, { size }) => sum + size, 0),
    warnings: [
      ...warnings,
      ...(isPomOnly && !pomPackagings.includes(pom.packaging)
        ? [`${found.where} has the packaging ${printable(pom.packaging)}, but only the POM is published`]
        : []),
      ...(plugin.warning === undefined ? [] : [plugin.warning]),
      ...[{ source: artifact, kind }, ...others].flatMap((file) => nameWarnings(file, pom)),
      ...(found.bytes.includes(gradleMarker) && !files.some((file) => file.kind.extension === 'module')
        ? [
            `${found.where} has Gradle's marker "${gradleMarker}", but no .module file is published: --attach module=FILE`,
          ]
        : []),
    ],
  };
}

async function pluginOf(
  artifact: SourceFile,
  pom: Pom,
  { classifier, extension }: FileKind,
): Promise<{ readonly plugin?: Plugin; readonly warning?: string }> {
  if (extension !== 'jar' || classifier !== undefined) return {};
  const plugin = await findPlugin(artifact, pom);
  if (!('problem' in plugin)) return { plugin };
  if (pom.packaging !== 'maven-plugin') return {};
  const warning = `${printable(artifact.path)} is published as a Maven plugin without a prefix, so \`mvn PREFIX:GOAL\` will not find it: ${plugin.problem}`;
  return { warning };
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
  const handler = Object.hasOwn(handlers, packaging) ? handlers[packaging] : undefined;
  const classifier = given ?? handler?.classifier;
  const shown = readArtifactName(basename(artifact.path), pom, classifier);
  const supplement = supplements.find((each) => each === shown.classifier);
  if (given === undefined && supplement !== undefined && supplement !== classifier)
    throw new InputError(
      `${printable(artifact.path)} is named as the ${supplement} of an artifact: add --classifier ${supplement}, or set FILENAME to the artifact itself`,
    );
  const extension = shown.extension ?? handler?.extension ?? packaging;
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

function fromFile(source: SourceFile, kind: FileKind): PlannedFile {
  return { kind, from: printable(source.path), size: source.size, body: fileBody(source) };
}

function fromBytes(bytes: Buffer, from: string, kind: FileKind): PlannedFile {
  return { kind, from, size: bytes.length, body: bytesBody(bytes) };
}
