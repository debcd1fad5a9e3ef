import { expect, it } from '@jest/globals';
import { cutOff } from '../../../pipe/archive/tar/scan.ts';

it.each([
  [700, 188],
  [512, 0],
  [100, 0],
])('says how much of a member an archive has that ends at byte %d', (end, there) => {
  const member = { name: 'a', kind: 'file', linkName: '', size: 1000, position: 512 } as const;
  expect(cutOff('app.tar', member, end).message).toBe(
    `app.tar is cut off: it has only ${there} of the 1000 bytes of a`,
  );
});
