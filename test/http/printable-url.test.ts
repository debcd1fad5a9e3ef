import { expect, it } from '@jest/globals';
import { grantsIn, printableUrl } from '../../pipe/http/printable-url.ts';

it.each([
  ['https://host:8443/a%20b/c', 'https://host:8443/a%20b/c'],
  ['https://user:secret@host/a', 'https://host/a'],
  ['https://host/a#secret', 'https://host/a'],
  ['https://host/a?page=2&pagelen=100', 'https://host/a?page=2&pagelen=100'],
  ['https://host/a?digest=sha256%3Aab&mount=x&from=y', 'https://host/a?digest=sha256%3Aab&mount=x&from=y'],
  ['https://host/a?scope=s&service=t&n=5&last=z', 'https://host/a?scope=s&service=t&n=5&last=z'],
  ['https://host/-/stage?package=lib&page=0&perPage=100', 'https://host/-/stage?package=lib&page=0&perPage=100'],
  [
    'https://host/pipelines?target.branch=main&status=PASSED&sort=-created_on',
    'https://host/pipelines?target.branch=main&status=PASSED&sort=-created_on',
  ],
  ['https://host/commits/a?exclude=b&fields=next', 'https://host/commits/a?exclude=b&fields=next'],
  ['https://host/a?X-Amz-Signature=secret&page=2', 'https://host/a?X-Amz-Signature=***&page=2'],
  ['https://host/a?token=one&token=two', 'https://host/a?token=***'],
  ['https://host/a?Page=secret', 'https://host/a?Page=***'],
  ['https://host/a?secret', 'https://host/a?secret=***'],
])('%s is printed as %s', (url, printed) => {
  const given = new URL(url);
  expect(printableUrl(given)).toBe(printed);
  expect(given.href).toBe(url);
});

it('finds what grants access in a presigned URL, and neither names nor dates', () => {
  const names = 'response-content-disposition=attachment%3B+filename%3Dlong-file-name.zip&X-Amz-Date=20261126T000000Z';
  const url = `https://store/a?${names}&X-Amz-Signature=0123456789abcdef0123&X-Amz-Security-Token=IQoJb3Jp%2FZ2luX2Vj`;
  expect(grantsIn(new URL(url))).toEqual(['0123456789abcdef0123', 'IQoJb3Jp/Z2luX2Vj']);
  expect(grantsIn(new URL('https://host/a?token=short&page=2'))).toEqual([]);
});
