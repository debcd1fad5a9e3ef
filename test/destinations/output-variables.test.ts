import { expect, it } from '@jest/globals';
import type { Action } from '../../pipe/destinations/outcome.ts';
import { countSkipped, overallAction } from '../../pipe/destinations/output-variables.ts';

it.each<[readonly Action[], string, string]>([
  [['skipped', 'uploaded', 'reused'], 'uploaded', '1'],
  [['skipped', 'reused', 'skipped'], 'reused', '2'],
  [['skipped'], 'skipped', '1'],
  [['uploaded'], 'uploaded', '0'],
])('of %j, UPLOAD_ACTION is %s, and UPLOAD_SKIPPED_COUNT is %s', (actions, action, skipped) => {
  const items = actions.map((each) => ({ action: each }));
  expect([overallAction(items), countSkipped(items)]).toEqual([action, skipped]);
});
