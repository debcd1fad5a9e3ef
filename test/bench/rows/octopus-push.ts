/** Pushes a package to an Octopus server in half of the time and memory of Octopus's own client for Node.js. */

import { copyFile, link } from 'node:fs/promises';
import { join } from 'node:path';
import { type RemoteSandbox, startRemoteSandbox } from '../../sandbox/remote-sandbox.ts';
import { tokens } from '../../sandbox/tokens.ts';
import { medianPeakBytes, medianWallMs } from '../contest.ts';
import { makeRandomFile } from '../inputs.ts';
import type { Command } from '../measure.ts';
import { type Bench, ratio, type Row } from '../row.ts';
import { plainEnvironment, withCompileCache } from '../uploads.ts';

const packageBytes = 10_000_000;
const content = 'content.bin';
let count = 0;

/** Links the content to the name of an unused version, since a version is never replaced. */
async function newPackage({ directory }: Bench): Promise<string> {
  const filename = `app.1.0.${count++}.zip`;
  // Not every file system has links.
  const [from, to] = [join(directory, content), join(directory, filename)];
  await link(from, to).catch(async () => await copyFile(from, to));
  return filename;
}

function pipe(bench: Bench, { octopusUrl }: RemoteSandbox): () => Promise<Command> {
  return async () => {
    const filename = await newPackage(bench);
    const env = { TYPE: 'octopus', REGISTRY: octopusUrl, FILENAME: filename, TOKEN: tokens.octopusKey };
    return withCompileCache(bench, {
      argv: [process.execPath, bench.bundlePath],
      env: { ...plainEnvironment(), ...env },
      workingDirectory: bench.directory,
    });
  };
}

function client(bench: Bench, module: string, { octopusUrl }: RemoteSandbox): () => Promise<Command> {
  return async () => ({
    argv: [
      process.execPath,
      join(import.meta.dirname, '..', 'peers', 'push-package.cjs'),
      module,
      octopusUrl,
      await newPackage(bench),
    ],
    env: { ...plainEnvironment(), TOKEN: tokens.octopusKey },
    workingDirectory: bench.directory,
  });
}

export const octopusPush: Row = {
  id: 'octopus-push',
  async measure(bench) {
    await makeRandomFile(join(bench.directory, content), packageBytes);
    const sandbox = await startRemoteSandbox({ discardContent: true });
    try {
      const { program, missing } = bench.peers.octopusClient;
      const scores = await bench.compete([
        { name: 'the pipe', command: pipe(bench, sandbox) },
        {
          name: "Octopus's client for Node.js",
          command: program === undefined ? undefined : client(bench, program, sandbox),
          missing,
        },
      ]);
      const [pipeScore, clientScore] = scores;
      return {
        title: `A package of ${packageBytes / 1_000_000} MB to an Octopus server`,
        scores,
        notes: ['The pipe also compares the package with what the server has, before and after.'],
        targets: [
          {
            claim: "Octopus package: the pipe's time / the client's",
            actual: ratio(medianWallMs(pipeScore), medianWallMs(clientScore)),
            relation: '≤',
            limit: 0.5,
          },
          {
            claim: "Octopus package: the pipe's peak memory / the client's",
            actual: ratio(medianPeakBytes(pipeScore), medianPeakBytes(clientScore)),
            relation: '≤',
            limit: 0.5,
          },
        ],
      };
    } finally {
      await sandbox.close();
    }
  },
};
