/** Uploads a file to Downloads, reads it back, and deletes an older one. */

import { arrayVariables } from '../../run-pipe.ts';
import { tokens } from '../../sandbox/tokens.ts';
import type { Protocol } from './protocol.ts';

const content = Buffer.from('the content of the file');
const collection = /\/downloads(?:\?|$)/;
const item = /\/downloads\/[^/]+$/;

export const file: Protocol = {
  name: 'file',
  sandbox: {},
  requests: [
    { name: 'POST', method: 'POST', path: collection, hasBody: true },
    { name: 'GET item', method: 'GET', path: item, follows: true },
    { name: 'GET content', server: 'side', method: 'GET', path: /^\/sandbox-uploads\//, follows: true, reads: true },
    { name: 'GET list', method: 'GET', path: collection, reads: true },
    { name: 'DELETE', method: 'DELETE', path: item },
  ],
  files: { 'app.bin': content },
  origins: ({ apiUrl, contentOrigin }) => ({ main: new URL(apiUrl).origin, side: contentOrigin }),
  environment: (_, origin) => ({
    TOKEN: tokens.accessToken,
    WORKSPACE: 'acme',
    REPOSITORY: 'app',
    API_URL: `${origin}/2.0`,
    FILENAME: 'app.bin',
    ...arrayVariables('EXTRA_ARGS', ['--verify=content', '--keep', '1', '--keep-pattern', 'old-*.bin']),
  }),
  seed(sandbox) {
    sandbox.put('old-1.bin', 'older', new Date('2026-01-01'));
    sandbox.put('old-2.bin', 'old', new Date('2026-01-02'));
    sandbox.put('app.bin', 'the former content', new Date('2026-01-03'));
  },
  async find({ downloads }) {
    const names = [...downloads.keys()];
    const found = await downloads.get('app.bin')?.content();
    const isNew = found?.equals(content) === true;
    const isOld = found?.toString() === 'the former content';
    return await Promise.resolve({
      stored: isNew ? (names.includes('old-1.bin') ? 'part' : 'all') : 'nothing',
      problems: [
        ...(isNew || isOld ? [] : ['app.bin is broken']),
        ...(names.includes('old-2.bin') ? [] : ['old-2.bin is lost']),
        ...(isNew || names.includes('old-1.bin') ? [] : ['old-1.bin is deleted before anything was published']),
      ],
    });
  },
};
