import { expect, it } from '@jest/globals';
import { useSandbox } from '../../run-pipe.ts';
import { acme, descriptor, pluginJar } from './artifacts.ts';
import { publish, write } from './published.ts';

const fixture = useSandbox();
const plugin = { ...acme, artifactId: 'acme-maven-plugin', packaging: 'maven-plugin' };

it.each([
  ['is unconfirmed if it cannot be read back', 404, 'sent, but not confirmed by the server'],
  ['is published if it can', undefined, 'published'],
])('metadata %s', async (_, status, state) => {
  await write(fixture, { 'app.jar': pluginJar(descriptor(plugin), plugin) });
  const versions = 'com/acme/acme-maven-plugin/maven-metadata.xml';
  if (status !== undefined)
    fixture.sandbox.inject({ method: 'GET', path: `${versions}$`, times: -1, action: { kind: 'status', status } });
  const refused = { kind: 'status', status: 403 } as const;
  fixture.sandbox.inject({ method: 'PUT', path: 'com/acme/maven-metadata.xml$', times: -1, action: refused });
  const { exitCode, output } = await publish(fixture, 'app.jar');
  expect([exitCode, output]).toEqual([1, expect.stringContaining(`  ${versions}: ${state}`)]);
});
