import { expect, it } from '@jest/globals';
import { formatReference, parseReference, registryUrl } from '../../../pipe/oci/registry/reference.ts';

const defaults = { host: 'crg.apkg.io', workspace: 'Acme' };

it.each([
  ['app', 'crg.apkg.io/acme/app:latest'],
  ['app:1.2.3', 'crg.apkg.io/acme/app:1.2.3'],
  ['other/app', 'crg.apkg.io/other/app:latest'],
  ['localhost/app', 'localhost/app:latest'],
  ['localhost:5000/app', 'localhost:5000/app:latest'],
  ['registry.example/team/app:v1', 'registry.example/team/app:v1'],
  ['registry.example:8443/a/b/c__d/e-f.g:X_Y.z-1', 'registry.example:8443/a/b/c__d/e-f.g:X_Y.z-1'],
])('%s is %s', (text, expected) => {
  const reference = parseReference(text, defaults);
  expect(typeof reference === 'string' ? reference : formatReference(reference)).toBe(expected);
});

it.each([
  ['App', 'is no part of an image name'],
  ['app:', 'is no tag'],
  ['app:-x', 'is no tag'],
  [`app:${'x'.repeat(129)}`, 'is no tag'],
  ['app@sha256:abc', 'names a digest'],
  ['a//b', 'is no part of an image name'],
  ['a..b', 'is no part of an image name'],
  ['_a', 'is no part of an image name'],
  ['a b', 'is no part of an image name'],
  ['x'.repeat(256), 'characters long'],
])('%s is refused', (text, expected) => {
  expect(parseReference(text, defaults)).toContain(expected);
});

it.each([
  ['crg.apkg.io', false, 'https://crg.apkg.io'],
  ['localhost:5000', false, 'http://localhost:5000'],
  ['127.0.0.1:5000', false, 'http://127.0.0.1:5000'],
  ['registry.lan:5000', false, 'https://registry.lan:5000'],
  ['registry.lan:5000', true, 'http://registry.lan:5000'],
  ['docker.io', false, 'https://registry-1.docker.io'],
  ['index.docker.io', true, 'https://registry-1.docker.io'],
])('%s with plain http allowed: %s is reached at %s', (host, allows, expected) => {
  expect(registryUrl(host, allows).origin).toBe(expected);
});
