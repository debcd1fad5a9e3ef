/** Finds the POM of an artifact: with --pom, the artifact itself, in the jar, beside it, or in the working directory. */

import { basename, dirname, join, resolve } from 'node:path';
import { type Places, selectFiles } from '../../io/select-files.ts';
import { InputError } from '../../errors.ts';
import { readWhole } from '../../io/bounded-read.ts';
import { exists } from '../../io/exists.ts';
import { fileBody, type SourceFile } from '../../io/source-file.ts';
import { printable } from '../../toolkit/stdout.ts';
import { isJavaArchive, withArchiveMembers, withoutExtension } from './java-archive.ts';
import { type Pom, readPom } from './pom.ts';
import { maxXmlBytes } from './xml.ts';
import type { ZipMember } from '../../archive/zip.ts';

export interface FoundPom {
  readonly pom: Pom;
  /** Published unchanged. */
  readonly bytes: Buffer;
  /** For messages, such as `target/app.pom` or `META-INF/maven/com.acme/app/pom.xml in target/app.jar`. */
  readonly where: string;
}

const embeddedPom = /^META-INF\/maven\/(?:[^/]+\/)*pom\.xml$/;
const maxListed = 10;

/** Whether the name of the file is that of a POM. */
export function isPomFile({ path }: SourceFile): boolean {
  return path.endsWith('.pom') || basename(path) === 'pom.xml';
}

/**
 * Finds and reads the POM of an artifact.
 *
 * @param options.given the file of `--pom`
 * @throws InputError if there is no POM, or it cannot be used
 */
export async function findPom(
  artifact: SourceFile,
  options: { readonly given: SourceFile | undefined; readonly classifier: string | undefined },
  places: Places,
): Promise<FoundPom> {
  const { given, classifier } = options;
  if (isPomFile(artifact)) {
    if (given !== undefined) throw new InputError(`${printable(artifact.path)} is itself a POM: leave out --pom`);
    return await readPomFile(artifact);
  }
  if (given !== undefined) return await readPomFile(given);
  const embedded = isJavaArchive(artifact)
    ? await withArchiveMembers(
        artifact,
        (path) => embeddedPom.test(path),
        async (members) => await chooseEmbedded(artifact, classifier, members),
      )
    : undefined;
  if (embedded !== undefined) return embedded;
  const candidates = [...pathsBeside(artifact, classifier), 'pom.xml'];
  for (const path of candidates) {
    if (!(await exists(resolve(places.workingDirectory, path)))) continue;
    const { files } = await selectFiles({ form: 'items', items: [path] }, places);
    if (files[0] !== undefined) return await readPomFile(files[0]);
  }
  const tried = [...(isJavaArchive(artifact) ? ['META-INF/maven/**/pom.xml in it'] : []), ...candidates.map(printable)];
  throw new InputError(`${printable(artifact.path)} has no POM: looked for ${tried.join(', ')}. Name it with --pom`);
}

/** Reads a POM. @throws InputError if it is too large, or it cannot be used */
export async function readPomFile(file: SourceFile): Promise<FoundPom> {
  const where = printable(file.path);
  const bytes = await readWhole(fileBody(file).open(), maxXmlBytes);
  if (bytes === undefined)
    throw new InputError(`${where} is not a POM: it is larger than ${maxXmlBytes / 1024 / 1024} MB`);
  return { pom: readPom(bytes, where), bytes, where };
}

/** A jar that contains other jars has their POMs, too: its own is the one whose coordinates match the file's name. */
async function chooseEmbedded(
  artifact: SourceFile,
  classifier: string | undefined,
  members: readonly ZipMember[],
): Promise<FoundPom | undefined> {
  const read = async (member: ZipMember): Promise<FoundPom> => {
    const where = printable(`${member.path} in ${artifact.path}`);
    const bytes = await member.read(maxXmlBytes);
    return { pom: readPom(bytes, where), bytes, where };
  };
  const [first, second] = members;
  if (first === undefined) return undefined;
  if (second === undefined) return await read(first);
  const stem = withoutExtension(basename(artifact.path));
  const matching: FoundPom[] = [];
  for (const member of members) {
    if (!stem.startsWith(`${basename(dirname(member.path))}-`)) continue;
    const found = await read(member);
    const name = `${found.pom.artifactId}-${found.pom.version}`;
    if (stem === name || stem === `${name}-${classifier}`) matching.push(found);
  }
  const [only, another] = matching;
  if (only !== undefined && another === undefined) return only;
  const listed = members.slice(0, maxListed).map(({ path }) => printable(path));
  if (members.length > maxListed) listed.push(`${members.length - maxListed} more`);
  throw new InputError(
    `${printable(artifact.path)} contains ${members.length} POMs, and its file name does not show which one is its own: ${listed.join(', ')}. Name it with --pom`,
  );
}

/**
 * `target/app-1.0.pom` for `target/app-1.0.jar`, for `target/app-1.0.jar.asc`, and for `target/app-1.0-linux.tar.gz` with
 * the classifier `linux`.
 */
function pathsBeside({ path }: SourceFile, classifier: string | undefined): readonly string[] {
  const stem = basename(path).replace(/(?:\.tar)?\.[^.]*$/, '');
  const stems = [stem];
  // The part of a version after its last dot is not an extension.
  const shorter = stem.replace(/\.(?:[a-z][a-z0-9]*|7z)$/, '');
  if (shorter !== stem) stems.push(shorter);
  const suffix = `-${classifier}`;
  const ofClassifier = classifier === undefined ? [] : stems.filter((each) => each.endsWith(suffix));
  stems.push(...ofClassifier.map((each) => each.slice(0, -suffix.length)));
  return stems.map((each) => join(dirname(path), `${each}.pom`));
}
