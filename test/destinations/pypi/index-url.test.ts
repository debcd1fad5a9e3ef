import { expect, it } from '@jest/globals';
import { simpleIndexes, uploadUrlProblem } from '../../../pipe/destinations/pypi/index-url.ts';

it.each([
  ['https://pypi.apkg.io/acme', ['https://pypi.apkg.io/acme/simple/']],
  ['https://upload.pypi.org/legacy/', ['https://pypi.org/simple/']],
  ['https://test.pypi.org/legacy/', ['https://test.pypi.org/simple/']],
  ['https://warehouse.example/legacy/', ['https://warehouse.example/simple/']],
  ['https://pkgs.dev.azure.com/o/_packaging/f/pypi/upload', ['https://pkgs.dev.azure.com/o/_packaging/f/pypi/simple/']],
  ['http://localhost:8080', ['http://localhost:8080/simple/', 'http://localhost:8080/+simple/']],
  [
    'http://localhost:3141/root/dev/',
    ['http://localhost:3141/root/dev/simple/', 'http://localhost:3141/root/dev/+simple/'],
  ],
])('what is uploaded to %s can be read at %j', (registry, indexes) => {
  expect(simpleIndexes(new URL(registry)).map(({ href }) => href)).toEqual(indexes);
});

it.each([
  [
    'https://pypi.org/simple/',
    /^must be the address that PyPI accepts uploads at: https:\/\/upload\.pypi\.org\/legacy\/$/,
  ],
  ['https://pypi.org/', /must be the address that PyPI accepts uploads at/],
  ['https://upload.pypi.org/legacy', /must be the address that PyPI accepts uploads at/],
  ['https://test.pypi.org/simple/', /must be the address that TestPyPI accepts uploads at/],
  ['https://index.example/simple', /is the address that pip reads/],
  ['https://index.example/root/dev/+simple/', /is the address that pip reads/],
  ['https://upload.pypi.org/legacy/', undefined],
  ['https://test.pypi.org/legacy/', undefined],
  ['https://index.example/', undefined],
])('the problem with %s is %s', (address, problem) => {
  const found = uploadUrlProblem(new URL(address));
  expect(found).toEqual(problem === undefined ? undefined : expect.stringMatching(problem));
});
