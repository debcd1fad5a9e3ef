/** Deploys a jar of 10 MB, compared with `mvn deploy:deploy-file`, start-up included; and one of 1 GiB in flat memory. */

import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plainJar, pomText } from '../../destinations/maven/artifacts.ts';
import { type RemoteSandbox, startRemoteSandbox } from '../../sandbox/remote-sandbox.ts';
import { medianPeakBytes, medianWallMs } from '../contest.ts';
import { makeSparseFile } from '../inputs.ts';
import type { Command } from '../measure.ts';
import { type Bench, ratio, type Row } from '../row.ts';
import { megabytes } from '../table.ts';
import { plainEnvironment, withCompileCache } from '../uploads.ts';

const mebibyte = 1024 * 1024;
const jarBytes = 10_000_000;
const maxPeakMegabytes = 160;
let count = 0;

/** Writes a POM with an unused version, since a release is never replaced. */
async function writePom(bench: Bench, name: string): Promise<void> {
  const pom = pomText({ groupId: 'com.acme', artifactId: 'app', version: `1.${count++}` });
  await writeFile(join(bench.directory, name), pom);
}

function pipe(bench: Bench, { mavenUrl }: RemoteSandbox, filename: string): () => Promise<Command> {
  return async () => {
    await writePom(bench, filename.replace(/\.[^.]*$/, '.pom'));
    return withCompileCache(bench, {
      argv: [process.execPath, bench.bundlePath],
      env: { ...plainEnvironment(), TYPE: 'maven', REGISTRY: mavenUrl, FILENAME: filename },
      workingDirectory: bench.directory,
    });
  };
}

function maven(bench: Bench, { mavenUrl }: RemoteSandbox): () => Promise<Command> {
  return async () => {
    await writePom(bench, 'app.pom');
    const goal = ['deploy:deploy-file', '-DrepositoryId=here', '-Dfile=app.jar', '-DpomFile=app.pom'];
    return {
      argv: ['mvn', '--batch-mode', '--quiet', ...goal, `-Durl=${mavenUrl}`],
      env: plainEnvironment(),
      workingDirectory: bench.directory,
    };
  };
}

export const mavenDeploy: Row = {
  id: 'maven-deploy',
  async measure(bench) {
    await writeFile(join(bench.directory, 'app.jar'), plainJar(randomBytes(jarBytes)));
    const largeBytes = (bench.isQuick ? 256 : 1024) * mebibyte;
    await makeSparseFile(join(bench.directory, 'large.bin'), largeBytes);
    const sandbox = await startRemoteSandbox({
      discardContent: true,
      maven: { authentication: 'none', namesDigests: true },
    });
    try {
      const { missing } = bench.peers.maven;
      const scores = await bench.compete([
        { name: 'the pipe', command: pipe(bench, sandbox, 'app.jar') },
        {
          name: 'mvn deploy:deploy-file',
          command: missing === undefined ? maven(bench, sandbox) : undefined,
          missing,
        },
        { name: `the pipe, ${largeBytes / mebibyte} MiB`, command: pipe(bench, sandbox, 'large.bin') },
      ]);
      const [pipeScore, mavenScore, largeScore] = scores;
      return {
        title: `A jar of ${jarBytes / 1_000_000} MB to a Maven repository`,
        scores,
        targets: [
          {
            claim: "Maven artifact: the pipe's time / mvn's",
            actual: ratio(medianWallMs(pipeScore), medianWallMs(mavenScore)),
            relation: '≤',
            limit: 0.5,
          },
          {
            claim: "Maven artifact: the pipe's memory / mvn's",
            actual: ratio(medianPeakBytes(pipeScore), medianPeakBytes(mavenScore)),
            relation: '≤',
            limit: 0.5,
          },
          {
            claim: `Maven artifact of ${largeBytes / mebibyte} MiB: peak memory`,
            actual: megabytes(medianPeakBytes(largeScore)),
            relation: '≤',
            limit: maxPeakMegabytes,
            unit: 'MB',
          },
        ],
      };
    } finally {
      await sandbox.close();
    }
  },
};
