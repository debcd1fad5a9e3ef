import { describe, expect, it } from '@jest/globals';
import { readSettings } from '../../pipe/read-settings.ts';
import { readServerUrl, type ServerUrlRules } from '../../pipe/settings/server-url.ts';
import type { Environment } from '../../pipe/toolkit/environment.ts';
import { Problems, ValidationError } from '../../pipe/toolkit/problems.ts';
import { problemMap } from '../toolkit/problem-map.ts';

const example = 'https://server.example/';

function read(address: string, rules: Partial<ServerUrlRules> = {}): string | undefined {
  const problems = new Problems();
  const url = readServerUrl(address, { variable: 'REGISTRY', example, path: 'with a slash', ...rules }, problems);
  expect(url === undefined).toBe(!problems.isEmpty);
  return url?.href ?? problemMap(problems)['REGISTRY']?.join();
}

describe('the URL for', () => {
  it.each([
    ['https://server.example', 'https://server.example/'],
    ['HTTPS://Server.Example:8443/a/b', 'https://server.example:8443/a/b/'],
    ['server.example', 'https://server.example/'],
    ['server.example:5000/a/', 'https://server.example:5000/a/'],
    ['https://localhost:5000', 'https://localhost:5000/'],
    ['localhost', 'http://localhost/'],
    ['localhost:5000', 'http://localhost:5000/'],
    ['127.0.0.1:5000/a', 'http://127.0.0.1:5000/a/'],
    ['[::1]:5000', 'http://[::1]:5000/'],
    ['http://[::1]/', 'http://[::1]/'],
    ['http://127.0.0.1', 'http://127.0.0.1/'],
    ['bücher.example', 'https://xn--bcher-kva.example/'],
    ['server.example/@scope/', 'https://server.example/@scope/'],
    ['server.example:65535', 'https://server.example:65535/'],
  ])('%s is %s', (address, href) => {
    expect(read(address, { allowsPlainHttp: false })).toBe(href);
  });

  it.each([
    ['http://server.example/a', 'http://server.example/a/'],
    ['server.example', 'http://server.example/'],
    ['https://server.example', 'https://server.example/'],
    ['crg.apkg.io', 'https://crg.apkg.io/'],
    ['apkg.io', 'https://apkg.io/'],
    ['http://npm.apkg.io/acme', 'is plain http, which exposes credentials on the network: use https'],
  ])('%s is %s with --plain-http', (address, href) => {
    expect(read(address, { allowsPlainHttp: true })).toBe(href);
  });

  it.each<[ServerUrlRules['path'], string, string]>([
    ['with a slash', 'https://server.example/a', 'https://server.example/a/'],
    ['without a slash', 'https://server.example/a//', 'https://server.example/a'],
    ['without a slash', 'https://server.example', 'https://server.example/'],
    ['none', 'https://server.example//', 'https://server.example/'],
    ['none', 'https://server.example/a', `must be a host without a path, such as ${example}`],
  ])('a path %s: %s is %s', (path, address, expected) => {
    expect(read(address, { path })).toBe(expected);
  });
});

it.each<[boolean | undefined, string]>([
  [undefined, 'use https'],
  [false, 'use https, or allow http with --plain-http'],
])('plain http is refused if --plain-http is %s', (allowsPlainHttp, advice) => {
  expect(read('http://server.example', { ...(allowsPlainHttp !== undefined && { allowsPlainHttp }) })).toBe(
    `is plain http, which exposes credentials on the network: ${advice}`,
  );
});

const registry = { TYPE: 'npm', FILENAME: 'x', BITBUCKET_WORKSPACE: 'acme' };
const variables: readonly [string, string, Environment][] = [
  ['API_URL', 'file', { FILENAME: 'x', TOKEN: 'x', WORKSPACE: 'acme', REPOSITORY: 'app' }],
  ['REGISTRY', 'image', { IMAGE: 'team/app' }],
  ['REGISTRY', 'npm', registry],
  ['REGISTRY', 'maven', { ...registry, TYPE: 'maven' }],
  ['REGISTRY', 'octopus', { ...registry, FILENAME: 'a.1.0.zip', TYPE: 'octopus', TOKEN: 'API-X' }],
];

describe.each(variables)('%s for TYPE %s', (variable, _, env) => {
  const secret = 'hunter22';
  const credentials = /^must not contain credentials: set USERNAME and TOKEN instead$/;
  const invalid = /^is not a valid URL: use one such as \S+/;

  it.each([
    [`https://:${secret}@server.example`, credentials],
    [`https://user:${secret}@server.example`, credentials],
    [`https://${secret}@server.example`, credentials],
    [`http://user:${secret}@localhost:5000`, credentials],
    [`user:${secret}@server.example`, credentials],
    [`:${secret}@server.example:5000`, credentials],
    [`ftp://user:${secret}@server.example`, credentials],
    ['https://server.example?x=y', /^must not have a query or a fragment$/],
    ['https://server.example/?', /^must not have a query or a fragment$/],
    ['server.example#x', /^must not have a query or a fragment$/],
    ['ftp://server.example', /^must be an https:\/\/ or http:\/\/ URL, such as \S+/],
    ['file:///etc/passwd', /^must be an https:\/\/ or http:\/\/ URL/],
    ['unix:///run/x.sock', /^must be an https:\/\/ or http:\/\/ URL/],
    ['https://', invalid],
    ['https:///server.example', invalid],
    ['https:/server.example', invalid],
    ['https:server.example', invalid],
    ['//server.example', invalid],
    ['/2.0', invalid],
    ['https://server.example\\x', invalid],
    ['server .example', invalid],
    ['server.example/a b', invalid],
    ['https://server.example/a\tb', invalid],
    ['server.example\nother.example', invalid],
    ['server.example:65536', invalid],
    ['https://server.example:0', invalid],
    ['https://server.example:http', invalid],
    ['server.example:', invalid],
    ['https://256.1.1.1', invalid],
    ['[::1', invalid],
    ['http://server.example', /^is plain http, which exposes credentials on the network: use https/],
  ])('%s is refused with the same message', async (address, problem) => {
    const error: unknown = await readSettings({ ...env, [variable]: address }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ValidationError);
    const { message } = error as ValidationError;
    expect(message).not.toContain(secret);
    expect(problemMap(message.replace('Validation errors:\n', ''))).toEqual({
      [variable]: [expect.stringMatching(problem) as unknown],
    });
  });

  it.each([
    ['server.example', 'https://server.example/'],
    ['localhost:5000', 'http://localhost:5000/'],
    ['https://localhost:5000', 'https://localhost:5000/'],
  ])('%s is %s', async (address, href) => {
    const settings = await readSettings({ ...env, [variable]: address });
    const read = 'apiUrl' in settings ? settings.apiUrl : 'registry' in settings ? settings.registry : undefined;
    expect(read?.href).toBe(href);
  });
});
