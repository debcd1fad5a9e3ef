/** A repository may show metadata only some time after it was written, or never, and others write it at the same time. */

import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { createMavenClient } from '../../../pipe/destinations/maven/client.ts';
import { addPlugin, hasPlugin } from '../../../pipe/destinations/maven/group-plugins.ts';
import { emptyMetadata, formatMetadata, type Metadata } from '../../../pipe/destinations/maven/metadata.ts';
import { MetadataUpdate } from '../../../pipe/destinations/maven/metadata-update.ts';
import { createReadBack } from '../../../pipe/http/read-back.ts';
import { ChecksumPublisher } from '../../../pipe/destinations/maven/stored-files.ts';
import { HttpError, VerificationError } from '../../../pipe/errors.ts';
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

function started(): Sandbox {
  if (sandbox === undefined) throw new Error('the sandbox exists only during a test');
  return sandbox;
}

const listOf = (...prefixes: readonly string[]): string =>
  formatMetadata(prefixes.reduce((known, prefix) => addPlugin(known, { ...plugin, prefix }), emptyMetadata));

type Fault = Parameters<Sandbox['inject']>[0];
const reads = (fault: Pick<Fault, 'action' | 'skip' | 'times'>): void =>
  started().inject({ server: 'maven', method: 'GET', path: `${path}$`, ...fault });
const showing = (content: string): Fault['action'] => ({ kind: 'replace-content', content });
const absent = { kind: 'status', status: 404 } as const;
const conflict = { kind: 'status', status: 409 } as const;

async function update(limitMs = 10_000): Promise<{ isConfirmed: boolean; output: string }> {
  await using http = testClient();
  const client = createMavenClient(http, new URL(started().mavenUrl));
  let output = '';
  const lines = {
    line: (line: string) => void (output += line),
    verdict: () => undefined,
    status: () => undefined,
    isTerminal: false,
    width: 79,
  };
  const log = createLog(lines, { isDebug: false });
  const change = {
    directory: 'com/acme/',
    format: (known: Metadata): string => formatMetadata(addPlugin(known, plugin)),
    isApplied: (known: Metadata): boolean => hasPlugin(known, plugin),
    onSentWhole: (): void => undefined,
    onWritten: (): void => undefined,
  };
  const { signal } = new AbortController();
  const patience = { baseMs: 10, limitMs, signal };
  const readBack = createReadBack(patience);
  const checksums = new ChecksumPublisher(client, log, readBack);
  const update = new MetadataUpdate(change, { client, checksums, log, signal, readBack, patience });
  return { isConfirmed: await update.write(), output };
}

const writes = (): number =>
  started().requests.filter(({ method, path: written }) => method === 'PUT' && written.endsWith('.xml')).length;
const stored = async (): Promise<string | undefined> => (await started().maven.files.get(path)?.content())?.toString();

it.each([0, 1, 3])('writes metadata once and confirms it, after %d reads that find nothing', async (missing) => {
  if (missing > 0) reads({ skip: 1, times: missing, action: absent });
  expect(await update()).toEqual({ isConfirmed: true, output: '' });
  expect(writes()).toBe(1);
});

it('warns of metadata that the repository never shows', async () => {
  reads({ skip: 1, times: -1, action: absent });
  const { isConfirmed, output } = await update(150);
  expect(isConfirmed).toBe(false);
  expect(output).toMatch(/^WARNING: http:.*com\/acme\/maven-metadata\.xml was written, but cannot be read back: /);
  expect(writes()).toBe(1);
});

it('waits while the repository shows what was there before, and writes once', async () => {
  started().maven.put(path, listOf('old'));
  reads({ skip: 1, times: 3, action: showing(listOf('old')) });
  expect(await update()).toEqual({ isConfirmed: true, output: '' });
  expect(writes()).toBe(1);
  expect(await stored()).toBe(listOf('old', 'acme'));
});

it('warns if the repository goes on showing what was there before', async () => {
  started().maven.put(path, listOf('old'));
  reads({ times: -1, action: showing(listOf('old')) });
  const { isConfirmed, output } = await update(150);
  expect(isConfirmed).toBe(false);
  expect(output).toMatch(/^WARNING: .* was written, but the repository still shows the earlier version/);
  expect(writes()).toBe(1);
});

it('merges and writes again what another publisher has written in between, even if it is no longer shown', async () => {
  reads({ skip: 1, action: showing(listOf('other')) });
  reads({ action: absent });
  expect(await update()).toEqual({ isConfirmed: true, output: '' });
  expect(writes()).toBe(2);
  expect(await stored()).toBe(listOf('other', 'acme'));
});

it('fails if others replace it each time', async () => {
  for (let index = 0; index < 10; index++) reads({ skip: 1 + index, action: showing(listOf(`other${index}`)) });
  await expect(update()).rejects.toThrow(VerificationError);
  expect(writes()).toBe(10);
});

it('writes again after a conflict, and accepts what the repository made itself', async () => {
  started().inject({ server: 'maven', method: 'PUT', path: `${path}$`, action: conflict });
  expect(await update()).toEqual({ isConfirmed: true, output: '' });
  expect(writes()).toBe(2);
  started().reset();
  started().maven.put(path, listOf('acme'));
  reads({ action: absent });
  started().inject({ server: 'maven', method: 'PUT', path: `${path}$`, action: conflict });
  expect(await update()).toEqual({ isConfirmed: true, output: '' });
  expect(writes()).toBe(1);
});

it('publishes its checksum again after a conflict, and fails with the refusal if that stays', async () => {
  const refuse = (times: number): void =>
    started().inject({ server: 'maven', method: 'PUT', path: `${path}.sha1$`, times, action: conflict });
  refuse(1);
  expect(await update(300)).toEqual({ isConfirmed: true, output: '' });
  expect([...started().maven.files.keys()]).toContain(`${path}.sha1`);
  started().reset();
  started().maven.put('com/acme/app/maven-metadata.xml', 'of the plugin');
  refuse(-1);
  await expect(update(300)).rejects.toThrow(HttpError);
});

it('refuses at once if the account may not write', async () => {
  const action = { kind: 'status', status: 403 } as const;
  started().inject({ server: 'maven', method: 'PUT', path: `${path}$`, times: -1, action });
  await expect(update()).rejects.toThrow(/403/);
  expect(writes()).toBe(1);
});

it('writes no checksums of what is answered by 200 and not stored, and warns', async () => {
  started().maven.put(path, listOf('old'));
  started().inject({ server: 'maven', method: 'PUT', path: `${path}$`, action: { kind: 'status', status: 200 } });
  const { isConfirmed, output } = await update(150);
  expect(isConfirmed).toBe(false);
  expect(output).toMatch(/^WARNING: .* was written, but the repository still shows the earlier version/);
  expect(started().requests.filter(({ method }) => method === 'PUT')).toHaveLength(1);
  expect(started().violations).toEqual([]);
});

it('writes the checksums of what is answered by 200 and shown later', async () => {
  started().inject({ server: 'maven', method: 'PUT', path: `${path}$`, action: { kind: 'other-status', status: 200 } });
  reads({ skip: 1, times: 2, action: absent });
  expect(await update()).toEqual({ isConfirmed: true, output: '' });
  expect([...started().maven.files.keys()]).toContain(`${path}.sha512`);
});
