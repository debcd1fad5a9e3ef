/** The README's picture is the log of a real run of the bundle, which publishes an image to the sandbox: `npm run readme` draws it anew. */

import { spawn } from 'node:child_process';
import { repositoryPath } from '../own-names.ts';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { tar } from '../archive/tar/tar-writer.ts';
import { layer } from '../oci/fixtures.ts';
import { noise, writeLayout } from '../oci/registry/images.ts';
import { expectGenerated } from '../readme/generated.ts';
import { drawTerminal } from '../readme/terminal-picture.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { tokens } from '../sandbox/tokens.ts';

type Variables = Readonly<Record<string, string>>;

let directory = '';
let sandbox: Sandbox | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pipe-picture-'));
  sandbox = await startSandbox({ registry: { packages: ['acme/shop'] } });
});
afterEach(async () => {
  await sandbox?.close();
  await rm(directory, { recursive: true });
});

async function publish(layers: readonly Buffer[], variables: Variables): Promise<string> {
  const bundle = join(__dirname, '..', '..', 'dist', 'pipe.js');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', bundle], {
    cwd: directory,
    // With colours, as in Pipelines.
    env: {
      REGISTRY: sandbox?.registryUrl ?? '',
      USERNAME: tokens.packagesUser,
      TOKEN: tokens.packagesToken,
      FILENAME: await writeLayout({ directory }, layers, 'image'),
      ...variables,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  const [exitCode] = (await once(child, 'close')) as [number];
  expect({ exitCode, output: exitCode === 0 ? '' : output }).toEqual({ exitCode: 0, output: '' });
  return output;
}

/** Without what differs from run to run: the address, the time taken, and the order of layers, which are sent at the same time. */
function settled(output: string): readonly string[] {
  const lines = output
    .replaceAll(new URL(sandbox?.registryUrl ?? '').host, 'crg.apkg.io')
    .replaceAll(/\bin [\d.]+ m?s\b/g, 'in 1.2 s')
    .trimEnd()
    .split('\n');
  const isLayer = (line: string): boolean => /layer \d+ of \d+/.test(line);
  const sorted = lines.filter(isLayer).toSorted();
  return lines.map((line) => (isLayer(line) ? (sorted.shift() ?? line) : line));
}

it('is up to date', async () => {
  const base = tar([{ name: 'usr/lib/base.bin', content: noise(3_000_000) }]);
  await publish([base], { IMAGE: 'acme/shop:1.3' });
  const layers = [base, tar([{ name: 'app/server.bin', content: noise(700_000) }]), layer('config', 4000)];
  const shown = { IMAGE: 'acme/shop:1.4', TAGS: 'latest', EXTRA_ARGS: "['--reuse', '1.3']" };
  const output = await publish(layers, shown);
  const variables = Object.entries(shown).map(([name, value]) => `  ${name}: ${value}`);
  const entry = [`- pipe: ${repositoryPath}`, ...variables].map((line) => `\u001B[90m${line}\u001B[0m`);
  await expectGenerated('test/readme/run.svg', drawTerminal([...entry, '', ...settled(output)]));
});
