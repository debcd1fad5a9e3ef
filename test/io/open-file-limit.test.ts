import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from '@jest/globals';
import { maxItemsAtOnce } from '../../pipe/io/open-file-limit.ts';
import { outputOf } from '../release/run-command.ts';

it.each([
  [34, 1],
  [37, 1],
  [38, 2],
  [61, 9],
  [62, 10],
])('of %s files, 32 are reserved, and each item takes 3: %s items', async (files, items) => {
  const module = pathToFileURL(join(__dirname, '..', '..', 'pipe', 'io', 'open-file-limit.ts')).href;
  const program =
    'import(process.argv[1]).then(async ({ maxItemsAtOnce }) => process.stdout.write(String(await maxItemsAtOnce())))';
  const command = ['ulimit -n "$0" && exec "$@"', String(files), process.execPath, '-e', program, module];
  expect(await outputOf('sh', ['-c', ...command])).toBe(String(items));
});

it('there is always room for an item', async () => {
  expect(await maxItemsAtOnce()).toBeGreaterThanOrEqual(1);
});
