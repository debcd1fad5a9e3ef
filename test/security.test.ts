/** SECURITY.md names only tests that exist, and is found from README.md and CONTRIBUTING.md. */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from '@jest/globals';

const root = join(__dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

it('every row of SECURITY.md on defences names tests, and all of them exist', () => {
  const text = read('SECURITY.md');
  const paths = [...text.matchAll(/`(test\/[^`]+)`/g)].map(([, path = '']) => path);
  expect(paths.length).toBeGreaterThan(20);
  expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  const [, table = ''] = /^## Who could do what\n([^#]*)/m.exec(text) ?? [];
  const rows = table.split('\n').filter((line) => line.startsWith('|'));
  expect(rows.length).toBeGreaterThan(10);
  expect(rows.slice(2).filter((row) => !row.includes('`test/'))).toEqual([]);
});

it.each(['problem', 'request'])('the template of a %s links to the existing SECURITY.md', (name) => {
  const path = join('.github', 'ISSUE_TEMPLATE', `${name}.md`);
  const [link = ''] = /(?<=\]\()[^)]*SECURITY\.md(?=\))/.exec(read(path)) ?? [];
  expect(existsSync(join(root, dirname(path), link))).toBe(true);
});

it.each(['README.md', 'CONTRIBUTING.md'])('%s links to SECURITY.md', (name) => {
  expect(read(name)).toContain('[SECURITY.md](SECURITY.md)');
});
