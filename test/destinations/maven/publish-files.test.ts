import { expect, it } from '@jest/globals';
import { type Entry, type FileTools, publishFile } from '../../../pipe/destinations/maven/publish-files.ts';

it('does not read a file that is there already once the run is stopped', async () => {
  let isRead = false;
  const entry = {
    wanted: {
      name: 'app-1.0.jar',
      size: 1,
      checksums: async () => {
        isRead = true;
        return await Promise.reject(new Error('not needed'));
      },
    },
    identical: { lackingChecksums: [] },
    action: 'not sent',
  } as unknown as Entry;
  const tools = { signal: AbortSignal.abort(new Error('stopped')) } as FileTools;
  await expect(publishFile(entry, tools)).rejects.toThrow('stopped');
  expect({ isRead, action: entry.action }).toEqual({ isRead: false, action: 'not sent' });
});
