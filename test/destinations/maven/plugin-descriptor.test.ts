import { expect, it } from '@jest/globals';
import { useSandbox } from '../../run-pipe.ts';
import { acme, descriptor, jar, pluginJar } from './artifacts.ts';
import { expectSuccess, publish, write } from './published.ts';

const fixture = useSandbox();
const plugin = { ...acme, artifactId: 'acme-maven-plugin', packaging: 'maven-plugin' };
const index = 'com/acme/maven-metadata.xml';

it('is META-INF/maven/plugin.xml, not a file of another name', async () => {
  await write(fixture, { 'app.jar': jar(plugin, [{ name: 'plugin.xml', content: descriptor(plugin) }]) });
  expectSuccess(await publish(fixture, 'app.jar'));
  expect([...fixture.sandbox.maven.files.keys()]).not.toContain(index);
  fixture.sandbox.reset();
  await write(fixture, { 'app.jar': pluginJar(descriptor(plugin), plugin) });
  expectSuccess(await publish(fixture, 'app.jar'));
  expect([...fixture.sandbox.maven.files.keys()]).toContain(index);
});
