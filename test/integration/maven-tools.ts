/** Runs Maven: Debian's, or a release of Maven 3.9 with its deploy plugin. */

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** As on the command line of `mvn`; downloads stay in the local repository. */
const mavenArtifact = 'org.apache.maven:apache-maven:3.9.11:zip:bin';
const unpackGoal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack';
const deployPlugin = { artifactId: 'maven-deploy-plugin', version: '3.1.4' } as const;

const execute = promisify(execFile);

/** A group for this run only, so that its files in the local repository can be identified and removed. */
export interface OwnGroup {
  /** An artifact of this name in the group com.acme shares the metadata file of this group. */
  readonly name: string;
  readonly groupId: string;
  /** The directory of the group in the local repository. */
  readonly kept: string;
  readonly removeKept: () => Promise<void>;
}

export function ownGroup(): OwnGroup {
  const name = `t${randomBytes(4).toString('hex')}`;
  const kept = join(homedir(), '.m2', 'repository', 'com', 'acme', name);
  return { name, groupId: `com.acme.${name}`, kept, removeKept: () => rm(kept, { recursive: true, force: true }) };
}

/** Runs Maven in a directory. @returns its output */
export type Maven = (cwd: string, ...args: readonly string[]) => Promise<string>;

function mavenAt(executable: string): Maven {
  return async (cwd, ...args) => {
    try {
      return (await execute(executable, ['--batch-mode', ...args], { cwd })).stdout;
    } catch (error) {
      // Maven reports errors on standard output.
      throw new Error(`${executable} failed:\n${(error as { stdout?: string }).stdout ?? ''}`, { cause: error });
    }
  };
}

export const debianMaven: Maven = mavenAt('mvn');

/** Downloads and unpacks Maven into a directory. */
export async function installMaven(directory: string): Promise<{ readonly mvn: Maven; readonly home: string }> {
  await mkdir(directory, { recursive: true });
  await debianMaven(directory, '--quiet', unpackGoal, `-Dartifact=${mavenArtifact}`, `-DoutputDirectory=${directory}`);
  // The plugin may also leave a directory of marker files.
  const name = (await readdir(directory)).find((each) => each.startsWith('apache-maven-'));
  const home = join(directory, name ?? 'absent');
  return { mvn: mavenAt(join(home, 'bin', 'mvn')), home };
}

/** The parameters of one `deploy:deploy-file`. */
export type Deployment = Readonly<Record<string, string>>;

/** Runs the deployments in sequence in one Maven process: starting it for each would take longer than all of them. */
export async function deployFiles(mvn: Maven, directory: string, deployments: readonly Deployment[]): Promise<void> {
  const executions = deployments.map((deployment, index) => {
    const fields = Object.entries(deployment).map(([name, value]) => `<${name}>${value}</${name}>`);
    return [
      `<execution><id>e${index}</id><phase>validate</phase><goals><goal>deploy-file</goal></goals>`,
      `<configuration>${fields.join('')}</configuration></execution>`,
    ].join('\n');
  });
  const pom = [
    '<project><modelVersion>4.0.0</modelVersion><groupId>deployer</groupId><artifactId>deployer</artifactId>',
    '<version>1</version><packaging>pom</packaging><build><plugins><plugin>',
    `<artifactId>${deployPlugin.artifactId}</artifactId><version>${deployPlugin.version}</version><executions>`,
    ...executions,
    '</executions></plugin></plugins></build></project>',
  ];
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'pom.xml'), pom.join('\n'));
  await mvn(directory, '--quiet', 'validate');
}
