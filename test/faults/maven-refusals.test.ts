/** A Maven repository that refuses one of the files for good, and accepts everything else. */

import { describe, expect, it } from '@jest/globals';
import { jar, pomText } from '../destinations/maven/artifacts.ts';
import { expectSuccess, publish, puts, stored, write } from '../destinations/maven/published.ts';
import { useSandbox } from '../run-pipe.ts';

const fixture = useSandbox();
const statuses = [400, 403, 404, 405, 409, 412, 413, 415, 422];

function refuse(path: string, status: number): void {
  const action = { kind: 'status', status, body: '{"errors":[{"message":"Not this one"}]}' } as const;
  fixture.sandbox.inject({ server: 'maven', method: 'PUT', path, times: attempts(status), action });
}

/** A 400 may be for the condition of the request: the file is sent again without it. */
function attempts(status: number): number {
  return status === 400 ? 2 : 1;
}

describe.each(statuses)('%d', (status) => {
  it('for the jar ends the run before anything refers to it', async () => {
    await write(fixture, { 'app-1.0.jar': jar() });
    refuse('app-1.0.jar$', status);
    const { exitCode, output } = await publish(fixture, 'app-1.0.jar', [], { DEBUG: 'false' });
    expect({ exitCode, output }).toEqual({
      exitCode: 1,
      output: expect.stringMatching(
        new RegExp(
          `^✖ app-1\\.0\\.jar could not be uploaded: .*\\n {2}PUT \\S+/app-1\\.0\\.jar: ${status} .*Not this one`,
          'm',
        ),
      ),
    });
    expect(output).toMatch(
      / {2}app-1\.0\.jar: NOT published\n {2}app-1\.0\.pom: not attempted\n {2}com\/acme\/app\/maven-metadata\.xml: not attempted\n/,
    );
    expect(puts(fixture)).toEqual(Array(attempts(status)).fill('app-1.0.jar'));
    expect(stored(fixture)).toEqual([]);
  });

  it('for the POM ends the run before the version is listed, and a second run completes it', async () => {
    await write(fixture, { 'app-1.0.jar': jar() });
    refuse('app-1.0.pom$', status);
    const { exitCode, output } = await publish(fixture, 'app-1.0.jar', [], { DEBUG: 'false' });
    expect({ exitCode, output }).toEqual({
      exitCode: 1,
      output: expect.stringMatching(
        new RegExp(
          `^✖ app-1\\.0\\.pom could not be uploaded: .*\\n {2}PUT \\S+/app-1\\.0\\.pom: ${status} .*Not this one`,
          'm',
        ),
      ),
    });
    expect(output).toMatch(
      / {2}app-1\.0\.jar: published, \S+\n {2}app-1\.0\.pom: NOT published\n {2}com\/acme\/app\/maven-metadata\.xml: not attempted\n/,
    );
    expect(stored(fixture)).toEqual(['com/acme/app/1.0/app-1.0.jar']);
    expectSuccess(await publish(fixture, 'app-1.0.jar'));
    expect(stored(fixture)).toHaveLength(3);
    expect(puts(fixture).filter((name) => name === 'app-1.0.jar')).toHaveLength(1);
  });

  it('for the POM, which it has stored all the same, is a success', async () => {
    await write(fixture, { 'app-1.0.jar': jar() });
    const action = { kind: 'other-status', status } as const;
    fixture.sandbox.inject({ server: 'maven', method: 'PUT', path: 'app-1.0.pom$', action });
    const ended = await publish(fixture, 'app-1.0.jar');
    if (status === 413) expect(ended.exitCode).toBe(1);
    else {
      expectSuccess(ended);
      expect(stored(fixture)).toHaveLength(3);
    }
  });
});

describe('a wrong checksum of metadata that lists the version already', () => {
  const path = 'com/acme/app/maven-metadata.xml.sha1';

  it.each([
    [403, 0],
    [401, 1],
  ])('which cannot be replaced, because of %d', async (status, expected) => {
    await write(fixture, { 'app-1.0.jar': jar() });
    expectSuccess(await publish(fixture, 'app-1.0.jar'));
    fixture.sandbox.maven.put(path, '0'.repeat(40), { withChecksums: false });
    const action = { kind: 'status', status, body: 'no' } as const;
    fixture.sandbox.inject({ server: 'maven', method: 'PUT', path: 'xml.sha1$', times: -1, action });
    const ended = await publish(fixture, 'app-1.0.jar', [], {}, { allowsViolations: true });
    expect({ exitCode: ended.exitCode, output: ended.output }).toEqual({
      exitCode: expected,
      output: expect.stringMatching(
        expected === 0
          ? /^WARNING: A checksum of \S+\/com\/acme\/app\/maven-metadata\.xml is wrong: .* 403 /m
          : /^✖ maven-metadata\.xml\.sha1 could not be uploaded: .*\n {2}PUT .* 401 /m,
      ),
    });
  });

  it('is replaced', async () => {
    await write(fixture, { 'app-1.0.jar': jar() });
    expectSuccess(await publish(fixture, 'app-1.0.jar'));
    fixture.sandbox.maven.put(path, '0'.repeat(40), { withChecksums: false });
    expectSuccess(await publish(fixture, 'app-1.0.jar', [], {}, { allowsViolations: true }));
    expect(puts(fixture).slice(-1)).toEqual(['maven-metadata.xml.sha1']);
  });
});

it('a file whose connection breaks before all of it is sent is not published', async () => {
  // Larger than the system's socket buffers.
  const file = Buffer.alloc(12 * 1024 ** 2, 'pipe');
  await write(fixture, { 'app-1.0.tar.gz': file, 'pom.xml': pomText() });
  fixture.sandbox.inject({ server: 'maven', method: 'PUT', times: -1, action: { kind: 'reset', afterBytes: 1000 } });
  const { exitCode, output } = await publish(fixture, 'app-1.0.tar.gz', ['--pom', 'pom.xml', '--retries', '0']);
  expect({ exitCode, output }).toEqual({
    exitCode: 1,
    output: expect.stringMatching(/^ {2}app-1\.0\.tar\.gz: NOT published$/m),
  });
});
