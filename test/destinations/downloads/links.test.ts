import { expect, it } from '@jest/globals';
import { downloadLink, downloadsPage } from '../../../pipe/destinations/downloads/links.ts';

const target = { workspace: 'acme', repository: 'app' };

it.each([
  ['https://api.bitbucket.org/2.0', 'https://bitbucket.org/acme/app/downloads/'],
  ['https://gateway.example/bitbucket', 'https://bitbucket.org/acme/app/downloads/'],
  ['http://127.0.0.1:8080/2.0', 'http://127.0.0.1:8080/2.0/repositories/acme/app/downloads/'],
])('published through %s, the page is %s', (apiUrl, page) => {
  expect(downloadsPage({ ...target, apiUrl: new URL(apiUrl) })).toBe(page);
});

it('encodes a name with special characters as one path segment', () => {
  const link = downloadLink({ ...target, apiUrl: new URL('https://api.bitbucket.org/2.0') }, 'a b/c?d#e%22".zip');
  expect(link).toBe('https://bitbucket.org/acme/app/downloads/a%20b%2Fc%3Fd%23e%2522%22.zip');
});
