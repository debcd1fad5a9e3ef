import { describe, expect, it } from '@jest/globals';
import { createNpmClient } from '../../../pipe/destinations/npm/client.ts';
import { UnexpectedAnswerError } from '../../../pipe/errors.ts';
import { testClient } from '../../http/test-client.ts';
import { answer, serve } from '../../http/test-servers.ts';

describe("a package's metadata", () => {
  it.each([
    ['null', 'it is not an object'],
    ['[]', 'it is not an object'],
    ['[{"name":"lib"}]', 'it is not an object'],
    ['"lib"', 'it is not an object'],
    ['{}', 'name is missing'],
    ['{"name":["lib"]}', 'name is not a string'],
    ['{"name":"lib","versions":null}', 'versions is not an object'],
    ['{"name":"lib","versions":["1.0.0"]}', 'versions is not an object'],
    ['{"name":"lib","dist-tags":"1.0.0"}', 'dist-tags is not an object'],
    ['secret', "it is not valid JSON: Unexpected token 's'"],
    ['', 'it is not valid JSON: Unexpected end of JSON input'],
    ['['.repeat(101) + ']'.repeat(101), 'it is nested more than 100 levels deep'],
  ])('fails with a clear message if the registry sends %s', async (text, problem) => {
    await using server = await serve(answer(200, text));
    await using http = testClient();
    const reading = createNpmClient(http, server.url('/npm/')).read('@acme/lib');
    await expect(reading).rejects.toThrow(UnexpectedAnswerError);
    await expect(reading).rejects.toThrow(
      `${server.origin}/npm/@acme%2flib answered 200 with something that is not package metadata: ${problem}`,
    );
    await expect(reading).rejects.not.toThrow('secret');
  });

  it('ignores values of unexpected types', async () => {
    const versions = {
      '1.0.0': null,
      '1.0.1': { dist: ['x'] },
      '1.0.2': { dist: { integrity: 5, tarball: 'ftp://x' } },
    };
    const document = { name: 'lib', versions, 'dist-tags': { latest: '1.0.0', next: null } };
    await using server = await serve(answer(200, JSON.stringify(document)));
    await using http = testClient();
    const found = await createNpmClient(http, server.url()).read('lib');
    if (typeof found === 'string') throw new Error(found);
    expect([...found.tags]).toEqual([['latest', '1.0.0']]);
    for (const version of found.versions.values()) expect(version).toEqual({ isDeprecated: false });
  });
});
