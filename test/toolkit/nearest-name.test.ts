import { expect, it } from '@jest/globals';
import { options, variables } from '../../pipe/settings/variables.ts';
import { nearestName } from '../../pipe/toolkit/nearest-name.ts';

const variableNames = Object.keys(variables);
const optionNames = Object.keys(options);

it.each([
  ['EXTRA_ARG', 'EXTRA_ARGS'],
  ['EXTRAARGS', 'EXTRA_ARGS'],
  ['EXTRA-ARGS', 'EXTRA_ARGS'],
  ['ETXRA_ARGS', 'EXTRA_ARGS'],
  ['FILE_NAME', 'FILENAME'],
  ['FILENAMES', 'FILENAME'],
  ['FIELNAME', 'FILENAME'],
  ['Filename', 'FILENAME'],
  ['TOKENS', 'TOKEN'],
  ['TOKE', 'TOKEN'],
  ['token', 'TOKEN'],
  ['USER_NAME', 'USERNAME'],
  ['TYP', 'TYPE'],
  ['TYPES', 'TYPE'],
  ['IMGAE', 'IMAGE'],
  ['IMAGES', 'IMAGE'],
  ['TAG', 'TAGS'],
  ['WORKSPCE', 'WORKSPACE'],
  ['WORK_SPACE', 'WORKSPACE'],
  ['REPOSITORIES', 'REPOSITORY'],
  ['REGISTERY', 'REGISTRY'],
  ['APIURL', 'API_URL'],
  ['DEBUGG', 'DEBUG'],
])('%s stands for the variable %s', (given, meant) => {
  expect(nearestName(given, variableNames)).toBe(meant);
});

it.each([
  ['--Keep', '--keep'],
  ['-keep', '--keep'],
  ['keep', '--keep'],
  ['\u2014keep', '--keep'],
  ['--keep5', '--keep'],
  ['--checksum', '--checksums'],
  ['--noclobber', '--no-clobber'],
  ['--no_clobber', '--no-clobber'],
  ['--no-clober', '--no-clobber'],
  ['--skip_existing', '--skip-existing'],
  ['--retry', '--retries'],
  ['--dryrun', '--dry-run'],
  ['--compresion', '--compression'],
  ['--platfrom', '--platform'],
  ['--dist-tags', '--dist-tag'],
  ['--skip-exist', '--skip-existing'],
])('%s stands for the option %s', (given, meant) => {
  expect(nearestName(given, optionNames)).toBe(meant);
});

it.each([
  '--help',
  '-h',
  '--version',
  '-v',
  '--verbose',
  '--',
  '',
  'dist/app.zip',
  '5',
  '--force',
  '--delete',
  'true',
  'latest',
  '--tag',
  '--quiet',
  '--force',
  '--acl',
])('%j is not near any option', (given) => {
  expect(nearestName(given, optionNames)).toBeUndefined();
});

it('takes the nearest of several', () => {
  expect(nearestName('--keep-patterns', ['--keep', '--keep-patterm', '--keep-pattern'])).toBe('--keep-pattern');
});

it.each([variableNames, optionNames])('no name of the pipe is near another', (...names) => {
  for (const name of names)
    expect([
      name,
      nearestName(
        name,
        names.filter((other) => other !== name),
      ),
    ]).toEqual([name, undefined]);
});
