/** Finds the POM of an artifact: given, the artifact itself, in the jar, beside it, or in the working directory. */

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
  /** As they are published: nothing in a POM is rewritten. */
  readonly bytes: Buffer;
  /** For a person, such as `target/app.pom` or `META-INF/maven/com.acme/app/pom.xml in target/app.jar`. */
  readonly where: string;
}

const pomInside = /^META-INF\/maven\/(?:[^/]+\/)*pom\.xml$/;
const maxListed = 10;

export function isPomFile({ path }: SourceFile): boolean {
  return path.endsWith('.pom') || basename(path) === 'pom.xml';
}

/** @throws InputError where there is no POM, or none that can be used */
export async function findPom(
  artifact: SourceFile,
  { given, classifier }: { readonly given: SourceFile | undefined; readonly classifier: string | undefined },
  places: Places,
): Promise<FoundPom> {
  const itself = isPomFile(artifact) ? artifact : undefined;
  if (given !== undefined && itself !== undefined)
    throw new InputError(`${printable(artifact.path)} is a POM itself: leave --pom out`);
  const file = given ?? itself;
  if (file !== undefined) return await readPomFile(file);
  const inside = isJavaArchive(artifact)
    ? await withArchiveMembers(
        artifact,
        (path) => pomInside.test(path),
        async (members) => await chooseInside(artifact, classifier, members),
      )
    : undefined;
  if (inside !== undefined) return inside;
  const candidates = [...pathsBeside(artifact, classifier), 'pom.xml'];
  for (const path of candidates) {
    if (!(await exists(resolve(places.workingDirectory, path)))) continue;
    const { files } = await selectFiles({ form: 'items', items: [path] }, places);
    if (files[0] !== undefined) return await readPomFile(files[0]);
  }
  const looked = `${isJavaArchive(artifact) ? 'there is none in its META-INF/maven, and ' : ''}no ${candidates.map(printable).join(', no ')}`;
  throw new InputError(`${printable(artifact.path)} has no POM: ${looked}. Name it with --pom`);
}

async function readPomFile(file: SourceFile): Promise<FoundPom> {
  const where = printable(file.path);
  const bytes = await readWhole(fileBody(file).open(), maxXmlBytes);
  if (bytes === undefined)
    throw new InputError(`${where} is not a POM: it is longer than ${maxXmlBytes / 1024 / 1024} MB`);
  return { pom: readPom(bytes, where), bytes, where };
}

/** A jar that holds others holds their POMs, too: its own is the one whose coordinates are the file's name. */
async function chooseInside(
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
    `${printable(artifact.path)} holds ${members.length} POMs, and the file's name does not tell which is its own: ${listed.join(', ')}. Name it with --pom`,
  );
}

/** `target/app-1.0.pom` of `target/app-1.0.jar`, and of `target/app-1.0-linux.tar.gz` with that classifier. */
function pathsBeside({ path }: SourceFile, classifier: string | undefined): readonly string[] {
  const stem = basename(path).replace(/(?:\.tar)?\.[^.]*$/, '');
  const stems = [stem];
  if (classifier !== undefined && stem.endsWith(`-${classifier}`)) stems.push(stem.slice(0, -classifier.length - 1));
  return stems.map((each) => join(dirname(path), `${each}.pom`));
}
