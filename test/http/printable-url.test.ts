import { expect, it } from '@jest/globals';
import { printableUrl } from '../../pipe/http/printable-url.ts';

it.each([
  ['https://host:8443/a%20b/c', 'https://host:8443/a%20b/c'],
  ['https://user:secret@host/a', 'https://host/a'],
  ['https://host/a#secret', 'https://host/a'],
  ['https://host/a?page=2&pagelen=100', 'https://host/a?page=2&pagelen=100'],
  ['https://host/a?digest=sha256%3Aab&mount=x&from=y', 'https://host/a?digest=sha256%3Aab&mount=x&from=y'],
  ['https://host/a?scope=s&service=t&n=5&last=z', 'https://host/a?scope=s&service=t&n=5&last=z'],
  ['https://host/a?X-Amz-Signature=secret&page=2', 'https://host/a?X-Amz-Signature=***&page=2'],
  ['https://host/a?token=one&token=two', 'https://host/a?token=***'],
  ['https://host/a?Page=secret', 'https://host/a?Page=***'],
  ['https://host/a?secret', 'https://host/a?secret=***'],
])('%s is printed as %s', (url, printed) => {
  const given = new URL(url);
  expect(printableUrl(given)).toBe(printed);
  expect(given.href).toBe(url);
});
