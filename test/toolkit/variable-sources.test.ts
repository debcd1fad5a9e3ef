import { expect, it } from '@jest/globals';
import { describeSources } from '../../pipe/toolkit/variable-sources.ts';
import type { VariableTable } from '../../pipe/toolkit/variable-table.ts';

const table: VariableTable = {
  TOKEN: { kind: 'string', usage: '', secret: true, aliases: ['OLD_TOKEN'] },
  OWNER: { kind: 'string', usage: '', fallbacks: ['BITBUCKET_OWNER'] },
  FILES: { kind: 'array', usage: '' },
  DEBUG: { kind: 'boolean', usage: '', default: 'false' },
};

it.each([
  [{}, ['DEBUG: "false", the default']],
  [{ TOKEN: 'abc', DEBUG: 'true' }, ['TOKEN: set (secret)', 'DEBUG: "true"']],
  [{ OLD_TOKEN: 'abc', DEBUG: 'true' }, ['TOKEN: set (secret), from OLD_TOKEN', 'DEBUG: "true"']],
  [{ OWNER: 'a', BITBUCKET_OWNER: 'b', DEBUG: 'no' }, ['OWNER: "a"', 'DEBUG: "no"']],
  [{ BITBUCKET_OWNER: 'b', DEBUG: 'no' }, ['OWNER: "b", from BITBUCKET_OWNER', 'DEBUG: "no"']],
  [{ FILES_COUNT: '2', FILES_0: 'a', FILES_1: 'b c', DEBUG: 'no' }, ['FILES: "a", "b c"', 'DEBUG: "no"']],
])('%j', (env, lines) => {
  expect(describeSources(table, env)).toEqual(lines);
});
