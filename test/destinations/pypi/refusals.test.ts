import { expect, it } from '@jest/globals';
import { saysAccountIsRefused } from '../../../pipe/destinations/pypi/refusals.ts';
import { refused } from '../refused.ts';

it.each<[boolean, number, string]>([
  [true, 403, 'Invalid or non-existent authentication information. See https://pypi.org/help/#invalid-auth'],
  [true, 403, 'Invalid API Token: malformed or no macaroon'],
  [true, 403, "The user 'dev' isn't allowed to upload to project 'acme-lib'."],
  [true, 403, 'You are not authorized to publish here'],
  [true, 403, 'Wrong user name or password'],
  [true, 403, 'Bad credentials'],
  [true, 403, 'no permission to submit'],
  [false, 403, 'Forbidden'],
  [false, 403, 'The name tokenize is reserved'],
  [false, 403, "Not enough permissions to delete/overwrite artifact 'acme_lib'"],
  [false, 400, 'Invalid classifier: Topic :: Security :: Token'],
])('an account is refused: %s, by %d %s', (expected, status, reason) => {
  expect(saysAccountIsRefused(refused(status, { reason }))).toBe(expected);
});
