import { expect, it } from '@jest/globals';
import { formatReference, parseReference, registryApi } from '../../../pipe/oci/registry/reference.ts';

const defaults = { host: 'crg.apkg.io', workspace: 'Acme' };

it.each([
  ['app', 'crg.apkg.io/acme/app:latest'],
  ['app:1.2.3', 'crg.apkg.io/acme/app:1.2.3'],
  ['other/app', 'crg.apkg.io/other/app:latest'],
  ['localhost/app', 'localhost/app:latest'],
  [`app:${'x'.repeat(128)}`, `crg.apkg.io/acme/app:${'x'.repeat(128)}`],
  ['app:_x', 'crg.apkg.io/acme/app:_x'],
  ['localhost:5000/app', 'localhost:5000/app:latest'],
  ['Registry.Example/team/app:v1', 'registry.example/team/app:v1'],
  ['registry.example:8443/a/b/c__d/e-f.g:X_Y.z-1', 'registry.example:8443/a/b/c__d/e-f.g:X_Y.z-1'],
])('%s is %s', (text, expected) => {
  const reference = parseReference(text, defaults);
  expect(typeof reference === 'string' ? reference : formatReference(reference)).toBe(expected);
});

it.each([
  ['App', 'is not a valid part of an image name'],
  ['app:', 'is not a valid tag'],
  ['app:-x', 'is not a valid tag'],
  ['app:.x', 'is not a valid tag'],
  [`app:${'x'.repeat(129)}`, 'is not a valid tag'],
  ['app@sha256:abc', 'names a digest'],
  ['me:secret@registry.example/app', 'must not contain credentials'],
  ['https://me:secret@registry.example/app', 'must not contain credentials'],
  ['https://registry.example/app', 'must not begin with a scheme: write registry.example/app'],
  ['https://', 'must not begin with a scheme: write host/workspace/name:tag'],
  ['a//b', 'is not a valid part of an image name'],
  ['a..b', 'is not a valid part of an image name'],
  ['_a', 'is not a valid part of an image name'],
  ['a b', 'is not a valid part of an image name'],
  ['x'.repeat(256), 'characters long'],
])('%s is refused', (text, expected) => {
  expect(parseReference(text, defaults)).toContain(expected);
});

it.each([
  ['https://crg.apkg.io', 'https://crg.apkg.io'],
  ['http://localhost:5000', 'http://localhost:5000'],
  ['https://docker.io', 'https://registry-1.docker.io'],
  ['http://index.docker.io', 'https://registry-1.docker.io'],
])('the API of %s is at %s', (registry, origin) => {
  expect(registryApi(new URL(registry)).origin).toBe(origin);
});
