/** The pipe reads the coordinates of POMs as Maven 3 does: real ones from Maven Central, and ones in odd encodings. */

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { readPom } from '../../pipe/destinations/maven/pom.ts';
import { mapConcurrently } from '../../pipe/io/map-concurrently.ts';
import { acme, pomText } from '../destinations/maven/artifacts.ts';
import { poms } from './maven-central-poms.ts';
import { debianMaven } from './maven-tools.ts';

jest.setTimeout(180_000);

const execute = promisify(execFile);
const central = 'https://repo.maven.apache.org/maven2/';
let root = '';

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'maven-poms-'));
});

afterAll(async () => await rm(root, { recursive: true, force: true }));

async function download(coordinates: string): Promise<Buffer> {
  const [groupId = '', artifactId = '', version = ''] = coordinates.split(':');
  const url = `${central}${groupId.replaceAll('.', '/')}/${artifactId}/${version}/${artifactId}-${version}.pom`;
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(url);
      if (response.ok) return Buffer.from(await response.arrayBuffer());
      throw new Error(`${url} answers ${response.status}`);
    } catch (error) {
      if (attempt === 4) throw error;
    }
  }
}

/** Reads the files as `deploy:deploy-file` does. Without a strict check of elements, as for a POM in a repository. */
const reader = `
  import java.io.File;
  import org.apache.maven.model.Model;
  import org.apache.maven.model.io.xpp3.MavenXpp3Reader;
  import org.codehaus.plexus.util.ReaderFactory;

  public class Reader {
    public static void main(String[] files) throws Exception {
      for (String file : files) {
        try {
          Model model = new MavenXpp3Reader().read(ReaderFactory.newXmlReader(new File(file)), false);
          String groupId = model.getGroupId() == null ? model.getParent().getGroupId() : model.getGroupId();
          String version = model.getVersion() == null ? model.getParent().getVersion() : model.getVersion();
          System.out.println(groupId + ":" + model.getArtifactId() + ":" + version + ":" + model.getPackaging());
        } catch (Exception error) {
          System.out.println("failed: " + error.getMessage().split("\\n")[0]);
        }
      }
    }
  }`;

/** What Maven reads in each POM, with properties as they are. */
async function readWithMaven(contents: readonly Buffer[]): Promise<readonly string[]> {
  const directory = await mkdtemp(join(root, 'read-'));
  const files = contents.map((_, index) => join(directory, `${index}.pom`));
  await Promise.all(files.map(async (file, index) => await writeFile(file, contents[index] ?? '')));
  await mkdir(join(directory, 'source'));
  const source = join(directory, 'source', 'Reader.java');
  await writeFile(source, reader);
  const [, mavenHome = ''] = /^Maven home: (.*)$/m.exec(await debianMaven(directory, '--version')) ?? [];
  const args = ['-cp', join(mavenHome, 'lib', '*'), source, ...files];
  const { stdout } = await execute('java', args, { maxBuffer: 2 ** 24 });
  return stdout.trimEnd().split('\n');
}

function readWithPipe(content: Buffer): string {
  const { groupId, artifactId, version, packaging } = readPom(content, 'pom.xml');
  return `${groupId}:${artifactId}:${version}:${packaging}`;
}

/** POMs in the encodings that Maven reads, with what it accepts of what is not valid. */
function oddPoms(): readonly Buffer[] {
  const pom = (name: string, encoding = 'UTF-8'): string =>
    pomText({ ...acme, packaging: 'war', more: `<name>${name}</name>` }).replace('UTF-8', encoding);
  const wide = Buffer.from(pom('\u00f8', 'UTF-16'), 'utf16le');
  return [
    ...['ISO-8859-1', 'ISO8859_1', 'windows-1252', 'Cp1252', 'latin1', 'ISO-8859-15', 'US-ASCII', 'ASCII', 'UTF8'].map(
      (encoding) => Buffer.from(pom('\u00f8', encoding), 'latin1'),
    ),
    Buffer.from(pom('\u00f8'), 'latin1'),
    wide,
    Buffer.from(wide).swap16(),
    Buffer.from(`\ufeff${pom('\u00f8', 'UTF-16')}`, 'utf16le'),
    Buffer.from(`\ufeff${pom('\u00f8')}`),
    Buffer.from(`\n${pom('\u00f8')}`),
    Buffer.from(pom('Laugst&oslash;l &nbsp;&hellip;')),
    Buffer.from(pom('\u0002')),
  ];
}

it('reads what Maven reads', async () => {
  const real = await mapConcurrently(poms, 8, download);
  expect(real.length).toBeGreaterThan(100);
  const contents = [...real, ...oddPoms()];
  const ours = contents.map(readWithPipe);
  const theirs = await readWithMaven(contents);
  const fromUrls = ours.slice(0, real.length).map((line) => line.split(':').slice(0, 3).join(':'));
  expect(fromUrls).toEqual(poms);
  // Reading alone resolves no properties.
  const isResolved = theirs.map((line) => !line.includes('${'));
  expect(isResolved.filter(Boolean).length).toBeGreaterThan(100);
  expect(ours.filter((_, index) => isResolved[index])).toEqual(theirs.filter((_, index) => isResolved[index]));
  expect(new Set(theirs.slice(real.length))).toEqual(new Set(['com.acme:app:1.0:war']));
});
