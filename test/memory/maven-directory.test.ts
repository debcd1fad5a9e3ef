import { mkdtemp, open, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { plainJar } from '../destinations/maven/artifacts.ts';
import { app, type Files, inDirectory, staged, withChecksumFiles } from '../destinations/maven/staged.ts';
import { writeFiles } from '../interruptions/write-files.ts';
import { startBundle } from '../run-bundle.ts';
import { startRemoteSandbox } from '../sandbox/remote-sandbox.ts';

it('a directory of 200 artifacts, one of them with 512 MiB, takes at most 140 MB', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'maven-memory-'));
  const maven = { authentication: 'none', namesDigests: true } as const;
  const sandbox = await startRemoteSandbox({ maven, maxFileBytes: 1024 ** 3, discardContent: true });
  try {
    const artifacts = Array.from({ length: 200 }, (_, index) =>
      staged({ ...app, artifactId: `app${index}` }, { '.jar': plainJar() }),
    );
    const files: Files = withChecksumFiles(Object.assign({}, ...artifacts) as Files);
    await writeFiles(directory, inDirectory('staging', files));
    const large = join(directory, 'staging/com/acme/app0/1.0/app0-1.0-data.bin');
    await (await open(large, 'w')).close();
    await truncate(large, 512 * 1024 ** 2);
    const env = { TYPE: 'maven', FILENAME: 'staging', REGISTRY: sandbox.mavenUrl };
    const { exitCode, peakBytes } = await startBundle(env, { cwd: directory }).ended;
    expect(exitCode).toBe(0);
    expect(peakBytes).toBeLessThan(140e6);
  } finally {
    await sandbox.close();
    await rm(directory, { recursive: true });
  }
}, 120_000);
