/** What a terminal shows while an image is sent whose size is not known in advance. */

import { EventEmitter } from 'node:events';
import { expect, it } from '@jest/globals';
import { run } from '../../../pipe/run.ts';
import { tar } from '../../archive/tar/tar-writer.ts';
import { answer, send, startEngine } from '../../oci/engine/fake-engine.ts';
import { config, digestsOf, layer, legacyEntries, sha256 } from '../../oci/fixtures.ts';
import { imageEnvironment } from '../../oci/registry/images.ts';
import { useSandbox } from '../../run-pipe.ts';

const fixture = useSandbox();

it('of an image of a Docker Engine, only what has been sent', async () => {
  const contents = [layer('base', 3000), layer('app', 500)];
  const Id = sha256(config(contents));
  const RootFS = { Type: 'layers', Layers: digestsOf(contents) };
  const engine = await startEngine({
    '/images/acme/app:v1/json': answer({ Id, Os: 'linux', Architecture: 'amd64', RootFS }),
    '/images/acme/app:v1/get': send(tar(legacyEntries(contents))),
  });
  // In the process of the run, whose bar is due before.
  fixture.sandbox.inject({ step: 'commit', action: { kind: 'delay', ms: 500 } });
  let text = '';
  const exitCode = await run(
    { ...imageEnvironment(fixture, undefined), DOCKER_HOST: engine.host, WORKSPACE: 'acme', REPOSITORY: 'app' },
    {
      stdout: { write: (chunk) => (text += chunk), isTTY: true, columns: 100 },
      signals: new EventEmitter(),
      workingDirectory: fixture.directory,
      nodeVersion: process.version,
      metadataPaths: [],
    },
  );
  await engine.close();
  expect([exitCode, text]).toEqual([0, expect.stringMatching(/\r\u001B\[K[\d.]+ k?B sent, /)]);
  expect(text).not.toMatch(/ %| of [\d.]+ k?B|NaN/);
});
