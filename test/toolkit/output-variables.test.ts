import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { writeOutputVariables } from '../../pipe/toolkit/output-variables.ts';
import { createSecrets } from '../../pipe/toolkit/scrub.ts';
import { asNobody } from '../oci/as-nobody.ts';

const scrub = createSecrets(['hunter22']).scrub;

let root: string;
let at: (...names: readonly string[]) => string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'variables-'));
  at = (...names) => join(root, ...names);
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

describe('writeOutputVariables', () => {
  it.each([
    [50, []],
    [51, [expect.stringMatching(/^The run has 51 output variables, but Pipelines accepts only 50 of a step: /)]],
  ])('of %i variables, writes all, and warns if they are too many', async (count, warnings) => {
    const variables = Object.fromEntries(Array.from({ length: count }, (_, index) => [`A_${index}`, '1']));
    expect(await write(variables)).toEqual(warnings);
    expect((await readFile(at('variables'), 'utf8')).trim().split('\n')).toHaveLength(count);
  });

  it('returns a warning that names the variables, the file and its variable if they cannot be written', async () => {
    await mkdir(at('variables'));
    expect(await write({ A: '1', B: '2' })).toEqual([
      expect.stringMatching(
        /^The output variables \(A, B\) could not be written to \S+variables \(BITBUCKET_PIPELINES_VARIABLES_PATH\): EISDIR/,
      ),
    ]);
  });

  it('returns a warning that says what to do if this user may not write', async () => {
    await writeFile(at('variables'), '', { mode: 0o400 });
    await asNobody(async () => {
      expect(await write({ A: '1' })).toEqual([expect.stringMatching(/EACCES.*\. Give the user .* permission/)]);
    });
  });

  it('appends a line for each variable', async () => {
    await writeFile(at('variables'), 'THEIRS=1\n');
    await write({ UPLOAD_URL: 'https://x/?a=b c', UPLOAD_COUNT: '2' });
    await write({ EMPTY: '', LONG: 'x'.repeat(10_000) });
    expect(await readFile(at('variables'), 'utf8')).toBe(
      `THEIRS=1\nUPLOAD_URL=https://x/?a=b c\nUPLOAD_COUNT=2\nEMPTY=\nLONG=${'x'.repeat(10_000)}\n`,
    );
  });

  it('removes secrets', async () => {
    await write({ URL: 'https://x/hunter22', HEX: Buffer.from('hunter22').toString('hex') });
    expect(await readFile(at('variables'), 'utf8')).toBe('URL=https://x/***\nHEX=***\n');
  });

  it('starts a new line even if the last one has no line break', async () => {
    await writeFile(at('variables'), 'THEIRS=1');
    await write({ OURS: '2' });
    expect(await readFile(at('variables'), 'utf8')).toBe('THEIRS=1\nOURS=2\n');
  });

  it.each([
    ['a line feed', 'a\nPATH=/evil', 'has characters that are not printable'],
    ['a carriage return', 'a\rPATH=/evil', 'has characters that are not printable'],
    ['a NUL', 'a\0b', 'has characters that are not printable'],
    ['more than 10,000 characters', 'x'.repeat(10_001), 'has more than 10000 characters'],
    ['nothing', undefined, undefined],
  ])('omits a value with %s, and keeps the others', async (_, value, problem) => {
    const warnings = await write({ FIRST: '1', BAD: value, LAST: '3' });
    expect(warnings).toEqual(
      problem === undefined ? [] : [`The output variable BAD is left out: its value ${problem}`],
    );
    expect(await readFile(at('variables'), 'utf8')).toBe('FIRST=1\nLAST=3\n');
  });

  it.each([{}, { BITBUCKET_PIPELINES_VARIABLES_PATH: '' }])('does nothing outside Pipelines: %j', async (env) => {
    await writeOutputVariables(env, { A: '1' }, scrub);
    expect(await readdir(root)).toEqual([]);
  });
});

async function write(variables: Readonly<Record<string, string | undefined>>): Promise<readonly string[]> {
  return await writeOutputVariables({ BITBUCKET_PIPELINES_VARIABLES_PATH: at('variables') }, variables, scrub);
}
