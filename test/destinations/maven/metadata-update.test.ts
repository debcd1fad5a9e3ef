/** A repository may show metadata only some time after it was written, or never. */

import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { createMavenClient } from '../../../pipe/destinations/maven/client.ts';
import { addPlugin, hasPlugin } from '../../../pipe/destinations/maven/group-plugins.ts';
import { formatMetadata, type Metadata } from '../../../pipe/destinations/maven/metadata.ts';
import { updateMetadata } from '../../../pipe/destinations/maven/metadata-update.ts';
import { ChecksumPublisher } from '../../../pipe/destinations/maven/stored-files.ts';
import { createLog } from '../../../pipe/toolkit/log.ts';
import { testClient } from '../../http/test-client.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';

const path = 'com/acme/maven-metadata.xml';
const plugin = { name: 'Acme', prefix: 'acme', artifactId: 'app' };
let sandbox: Sandbox | undefined;
beforeEach(async () => {
  sandbox = await startSandbox({ maven: { authentication: 'none' } });
  sandbox.maven.put('com/acme/app/maven-metadata.xml', 'of the plugin');
});
afterEach(async () => await sandbox?.close());

/** @param missing how many reads after the write find nothing; -1: all */
async function update(missing: number, limitMs = 10_000): Promise<{ isConfirmed: boolean; output: string }> {
  if (sandbox === undefined) throw new Error('the sandbox exists only during a test');
  if (missing !== 0) {
    const action = { kind: 'status', status: 404 } as const;
    sandbox.inject({ server: 'maven', method: 'GET', path: `${path}$`, skip: 1, times: missing, action });
  }
  await using http = testClient();
  const client = createMavenClient(http, new URL(sandbox.mavenUrl));
  let output = '';
  const lines = {
    line: (line: string) => void (output += line),
    status: () => undefined,
    isTerminal: false,
    width: 79,
  };
  const log = createLog(lines, { isDebug: false, isColoured: false });
  const change = {
    directory: 'com/acme/',
    format: (known: Metadata): string => formatMetadata(addPlugin(known, plugin)),
    isApplied: (known: Metadata): boolean => hasPlugin(known, plugin),
    onWritten: (): void => undefined,
  };
  const checksums = new ChecksumPublisher(client, log);
  const { signal } = new AbortController();
  const tools = { client, checksums, log, signal, patience: { baseMs: 10, limitMs, signal } };
  return { isConfirmed: await updateMetadata(change, tools), output };
}

const writes = (): number =>
  sandbox?.requests.filter((request) => request.method === 'PUT' && request.path.endsWith('.xml')).length ?? 0;

it.each([0, 1, 3])('writes metadata once and confirms it, after %d reads that find nothing', async (missing) => {
  expect(await update(missing)).toEqual({ isConfirmed: true, output: '' });
  expect(writes()).toBe(1);
});

it('warns of metadata that the repository never shows', async () => {
  const { isConfirmed, output } = await update(-1, 150);
  expect(isConfirmed).toBe(false);
  expect(output).toMatch(/^WARNING: http:.*com\/acme\/maven-metadata\.xml was written, but cannot be read back: /);
  expect(writes()).toBe(1);
});
