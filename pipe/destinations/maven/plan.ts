/** Plans a publication to a Maven repository, before the first request. */

import { basename } from 'node:path';
import { type Places, selectFiles } from '../../io/select-files.ts';
import { InputError } from '../../errors.ts';
import { bytesBody, type SizedBody } from '../../io/body.ts';
import { fileBody, type SourceFile } from '../../io/source-file.ts';
import type { MavenSettings } from './settings.ts';
import type { ArrayValue } from '../../toolkit/environment.ts';
import { printable } from '../../toolkit/stdout.ts';
import { type FileKind, kindName } from './coordinates.ts';
import { findPom, isPomFile } from './find-pom.ts';
import { checkJavaArchive } from './java-archive.ts';
import { findPlugin, type Plugin } from './plugin-descriptor.ts';
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

/** Everything to publish. */
export interface MavenPlan {
  readonly pom: Pom;
  /** The plugin to list in the group's metadata, if the artifact is one. */
  readonly plugin?: Plugin | undefined;
  /** In the order of publication: the artifact, its sources and javadoc, the POM. */
  readonly files: readonly PlannedFile[];
  readonly totalBytes: number;
  readonly warnings: readonly string[];
}

type PlanSettings = Pick<MavenSettings, 'patterns' | 'pom' | 'sources' | 'javadoc' | 'classifier'>;

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
/** Packagings whose artifact is the POM itself; `bom` is new in Maven 4. */
const pomPackagings: readonly string[] = ['pom', 'bom'];

/** Plans a publication. @throws InputError naming all problems with the files, or with the POM */
export async function planArtifact(settings: PlanSettings, places: Places): Promise<MavenPlan> {
  const { artifact, pom: given, sources, javadoc } = await selectAll(settings, places);
  for (const file of [artifact, sources, javadoc]) if (file !== undefined) await checkJavaArchive(file);
  const found = await findPom(artifact, { given, classifier: settings.classifier }, places);
  const isPomOnly = isPomFile(artifact);
  if (isPomOnly && settings.classifier !== undefined)
    throw new InputError(
      `${printable(artifact.path)} is a POM, which cannot have a classifier: leave out --classifier`,
    );
  const kind = isPomOnly ? undefined : kindOf(artifact, found.pom, settings.classifier);
  const plugin = kind === undefined ? {} : await pluginOf(artifact, found.pom, kind);
  const files = [
    ...(kind === undefined ? [] : [fromFile(artifact, kind)]),
    ...(sources === undefined ? [] : [fromFile(sources, { classifier: 'sources', extension: 'jar' })]),
    ...(javadoc === undefined ? [] : [fromFile(javadoc, { classifier: 'javadoc', extension: 'jar' })]),
    fromBytes(found.bytes, found.where, { extension: 'pom' }),
  ];
  checkKinds(files);
  return {
    pom: found.pom,
    plugin: plugin.plugin,
    files,
    totalBytes: files.reduce((sum, { size }) => sum + size, 0),
    warnings: [
      ...(isPomOnly && !pomPackagings.includes(found.pom.packaging)
        ? [`${found.where} has the packaging ${printable(found.pom.packaging)}, but only the POM is published`]
        : []),
      ...(plugin.warning === undefined ? [] : [plugin.warning]),
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

interface Selected {
  readonly artifact: SourceFile;
  readonly pom: SourceFile | undefined;
  readonly sources: SourceFile | undefined;
  readonly javadoc: SourceFile | undefined;
}

async function selectAll(settings: PlanSettings, places: Places): Promise<Selected> {
  const problems: string[] = [];
  const select = async (name: string, patterns: ArrayValue | undefined): Promise<SourceFile | undefined> => {
    if (patterns === undefined) return undefined;
    try {
      const { files } = await selectFiles(patterns, places);
      if (files.length === 1) return files[0];
      const listed = files.slice(0, 5).map(({ path }) => printable(path));
      const what = `${listed.join(', ')}${files.length > 5 ? ', …' : ''}`;
      const need =
        name === 'FILENAME'
          ? 'a run publishes one artifact; --sources FILE and --javadoc FILE add to it'
          : 'takes exactly one';
      problems.push(
        files.length === 0 ? `${name} matches no file` : `${name} matches ${files.length} files (${what}), but ${need}`,
      );
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push(name === 'FILENAME' ? error.message : `${name}: ${error.message}`);
    }
    return undefined;
  };
  const file = (path: string | undefined): ArrayValue | undefined =>
    path === undefined ? undefined : { form: 'items', items: [path] };
  const artifact = await select('FILENAME', settings.patterns);
  const pom = await select('--pom', file(settings.pom));
  const sources = await select('--sources', file(settings.sources));
  const javadoc = await select('--javadoc', file(settings.javadoc));
  if (artifact === undefined || problems.length > 0) throw new InputError(problems.join('\n'));
  return { artifact, pom, sources, javadoc };
}

/**
 * The file's own extension decides, as the user sees it. `mvn deploy:deploy-file` uses that of the POM's packaging, and
 * so publishes a zip as a jar by default.
 */
function kindOf(
  artifact: SourceFile,
  { artifactId, version, packaging }: Pom,
  classifier: string | undefined,
): FileKind {
  const name = basename(artifact.path);
  // The part of a version after its last dot is not an extension.
  const stem = `${artifactId}-${version}`;
  const rest = name.startsWith(stem) ? name.slice(stem.length) : name;
  const own = /\.((?:tar\.)?(?:[A-Za-z][A-Za-z0-9]*|7z))$/.exec(rest)?.[1];
  const handler = Object.hasOwn(handlers, packaging) ? handlers[packaging] : undefined;
  const extension = own ?? handler?.extension ?? packaging;
  if (!/^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(extension))
    throw new InputError(
      `${printable(artifact.path)} has no extension, and the packaging ${printable(packaging)} cannot be used as one`,
    );
  return { classifier: classifier ?? handler?.classifier, extension };
}

function fromFile(source: SourceFile, kind: FileKind): PlannedFile {
  return { kind, from: printable(source.path), size: source.size, body: fileBody(source) };
}

function fromBytes(bytes: Buffer, from: string, kind: FileKind): PlannedFile {
  return { kind, from, size: bytes.length, body: bytesBody(bytes) };
}
