import { describe, expect, it } from '@jest/globals';
import type { Environment } from '../../pipe/toolkit/environment.ts';
import { Problems } from '../../pipe/toolkit/problems.ts';
import { readVariables, requiredField, type VariableTable } from '../../pipe/toolkit/variable-table.ts';
import { problemMap } from './problem-map.ts';

const table = {
  TOKEN: { kind: 'string', usage: '', required: true, aliases: ['API_TOKEN', 'OLD_TOKEN'] },
  OWNER: { kind: 'string', usage: '', aliases: ['ACCOUNT'], fallbacks: ['BITBUCKET_WORKSPACE', 'BITBUCKET_OWNER'] },
  TYPE: { kind: 'string', usage: '', allowed: ['file', 'image'], default: 'file' },
  FILES: { kind: 'array', usage: '', required: true },
  ARGS: { kind: 'array', usage: '' },
  DEBUG: { kind: 'boolean', usage: '', default: 'false' },
  COLOUR: { kind: 'boolean', usage: '', default: 'true' },
} as const satisfies VariableTable;

const required: Environment = { TOKEN: 't', FILES: 'f' };

async function read(env: Environment): Promise<{ values: object; problems: object }> {
  const problems = new Problems();
  const values = await readVariables(table, { ...required, ...env }, problems);
  return { values, problems: problemMap(problems) };
}

it('returns each variable with its type and its default', async () => {
  expect(await read({})).toEqual({
    values: {
      TOKEN: 't',
      OWNER: undefined,
      TYPE: 'file',
      FILES: { form: 'string', value: 'f' },
      ARGS: undefined,
      DEBUG: false,
      COLOUR: true,
    },
    problems: {},
  });
});

it.each<[string, Environment, object]>([
  ['a text, trimmed', { OWNER: ' acme\n' }, { OWNER: 'acme' }],
  ['an alias', { ACCOUNT: 'acme' }, { OWNER: 'acme' }],
  ['an alias of the same value', { OWNER: 'acme', ACCOUNT: ' acme ' }, { OWNER: 'acme' }],
  ['an alias beside an empty variable', { TOKEN: '', OLD_TOKEN: 'o' }, { TOKEN: 'o' }],
  ['the first fallback that is set', { BITBUCKET_OWNER: 'b' }, { OWNER: 'b' }],
  ['an earlier fallback before a later one', { BITBUCKET_WORKSPACE: 'a', BITBUCKET_OWNER: 'b' }, { OWNER: 'a' }],
  ['a variable before its fallbacks', { OWNER: 'acme', BITBUCKET_WORKSPACE: 'a' }, { OWNER: 'acme' }],
  ['an allowed value', { TYPE: 'image' }, { TYPE: 'image' }],
  ['booleans', { DEBUG: 'Yes', COLOUR: 'off' }, { DEBUG: true, COLOUR: false }],
  ['an array', { ARGS: '[a, b]' }, { ARGS: { form: 'items', items: ['a', 'b'] } }],
])('reads %s', async (_, env, values) => {
  expect(await read(env)).toMatchObject({ values, problems: {} });
});

it.each<[string, Environment, Record<string, readonly unknown[]>]>([
  ['a missing text', { TOKEN: undefined }, { TOKEN: ['required field'] }],
  ['an empty text', { TOKEN: ' ' }, { TOKEN: ['required field (it is set, but empty)'] }],
  ['a missing array', { FILES: undefined }, { FILES: ['required field'] }],
  ['an array without items', { FILES: '[]' }, { FILES: ['required field (it is set, but empty)'] }],
  ['an array of none', { FILES: undefined, FILES_COUNT: '0' }, { FILES: ['required field'] }],
  [
    'an array whose count is missing, and does not call it missing too',
    { FILES: undefined, FILES_0: 'a' },
    { FILES_COUNT: ['required field, because FILES_0 is set'] },
  ],
  [
    'a value that is not allowed',
    { TYPE: 'files' },
    { TYPE: ['unallowed value files: use file, image (did you mean file?)'] },
  ],
  [
    'a reference that was not expanded, in place of a default and a fallback',
    { OWNER: '$OWNER', BITBUCKET_OWNER: 'b', TYPE: 'a$TYPE' },
    {
      OWNER: [expect.stringContaining('contains $OWNER, which was not expanded')],
      TYPE: [expect.stringContaining('contains $TYPE, which was not expanded')],
    },
  ],
  [
    'an alias that contradicts',
    { OWNER: 'acme', ACCOUNT: 'other' },
    { OWNER: ['contradicts ACCOUNT, which has a different value: set only one of them'] },
  ],
  [
    'two aliases that contradict each other, by the name that the user wrote',
    { TOKEN: undefined, API_TOKEN: 'a', OLD_TOKEN: 'b' },
    { API_TOKEN: ['contradicts OLD_TOKEN, which has a different value: set only one of them'] },
  ],
])('reports %s', async (_, env, problems) => {
  expect((await read(env)).problems).toEqual(problems);
});

it('reports all problems together, in the order of the table', async () => {
  const { problems } = await read({ TOKEN: '', FILES: '$FILES', TYPE: 'x', DEBUG: 'maybe', ARGS_0: 'a' });
  expect(Object.keys(problems)).toEqual(['TOKEN', 'TYPE', 'FILES', 'ARGS_COUNT', 'DEBUG']);
});

describe('requiredField', () => {
  it.each([
    [{}, 'required field'],
    [{ TOKEN: ' ' }, 'required field (it is set, but empty)'],
    [{ TOKENS: 'x' }, 'required field (TOKENS is set, did you mean TOKEN?)'],
    [{ TOKENS: 'x', TOKEN: '' }, 'required field (it is set, but empty)'],
    [{ BITBUCKET_TOKEN: 'x' }, 'required field'],
    [
      { TOKEN: '$DEPLOY_TOKEN' },
      'is a reference that was not expanded: is the variable that it names defined for this repository, workspace or deployment, or earlier in this step?',
    ],
  ])('%j: %s', (env, problem) => {
    expect(requiredField(env, 'TOKEN')).toBe(problem);
  });
});
