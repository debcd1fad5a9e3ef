/** Images of several platforms: what the log says of each. */

import { describe, expect, it } from '@jest/globals';
import { imageEnvironment, writePlatforms } from '../../oci/registry/images.ts';
import { useSandbox } from '../../run-pipe.ts';

describe('an image of two platforms', () => {
  const fixture = useSandbox({ registry: { packages: ['acme/app'] } });

  it('names the platform of each layer', async () => {
    const file = await writePlatforms(fixture, ['amd64', 'arm64']);
    const { exitCode, output } = await fixture.runPipe(imageEnvironment(fixture, file));
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringContaining('✔ Published ') });
    const lines = output.match(/^INFO: .*layer \d of \d/gm) ?? [];
    expect(lines.length).toBeGreaterThan(2);
    expect(new Set(lines).size).toBe(lines.length);
    for (const line of lines) expect(line).toMatch(/^INFO: linux\/\w+, layer \d of \d$/);
  });

  it('is named in full if its manifest is refused', async () => {
    const file = await writePlatforms(fixture, ['amd64', 'arm64']);
    fixture.sandbox.inject({ step: 'manifest-put', times: 50, action: { kind: 'status', status: 413 } });
    const { exitCode, output } = await fixture.runPipe(imageEnvironment(fixture, file));
    expect(exitCode).toBe(1);
    expect(output).toMatch(/^✖ 127\.0\.0\.1:\d+\/acme\/app@sha256:\w{64} could not be uploaded: /m);
  });
});
