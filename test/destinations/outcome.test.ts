import { expect, it } from '@jest/globals';
import { failedAction } from '../../pipe/destinations/outcome.ts';
import { FileChangedError, NetworkError, StalledError } from '../../pipe/errors.ts';
import { refused } from './refused.ts';

it.each([
  ['refused after all was sent', refused(413), true, 'failed'],
  ['a server error after all was sent: it may have stored it', refused(502), true, 'unconfirmed'],
  ['a server error before all was sent', refused(502), false, 'failed'],
  ['reset after all was sent', new NetworkError('reset', 'ECONNRESET'), true, 'unconfirmed'],
  ['reset before all was sent', new NetworkError('reset', 'ECONNRESET'), false, 'failed'],
  ['no answer after all was sent', new StalledError('stalled'), true, 'unconfirmed'],
  ['a changed file, whose last byte is never sent', new FileChangedError('changed'), false, 'failed'],
])('%s', (_, error, wasSentWhole, expected) => {
  expect(failedAction(error, wasSentWhole)).toBe(expected);
});
