import { expect, it } from '@jest/globals';
import { fileSystemAdvice } from '../../pipe/toolkit/file-system-advice.ts';

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: failed`), { code });
}

it.each([
  ['ENOSPC', /^Make room on the disk: .*TMPDIR/],
  ['EDQUOT', /^Make room/],
  ['EROFS', /inside the clone/],
  ['EACCES', /chmod -R a\+rX/],
  ['EPERM', /chmod/],
])('%s has advice, also as a cause', (code, advice) => {
  expect(fileSystemAdvice(failure(code))).toMatch(advice);
  expect(fileSystemAdvice(new Error('cannot be written', { cause: failure(code) }))).toMatch(advice);
});

it.each([failure('ENOENT'), failure('toString'), new Error('x', { cause: 'y' }), undefined])('%s has none', (error) => {
  expect(fileSystemAdvice(error)).toBeUndefined();
});
