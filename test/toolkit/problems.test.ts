import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { Problems, ValidationError } from '../../pipe/toolkit/problems.ts';

function collect(entries: readonly (readonly [variable: string, problem: string])[]): Problems {
  const problems = new Problems();
  for (const [variable, problem] of entries) problems.add(variable, problem);
  return problems;
}

it('is empty until a problem is added', () => {
  const problems = new Problems();
  expect([problems.isEmpty, problems.has('A'), problems.toString()]).toEqual([true, false, '']);
  problems.add('A', 'required field');
  expect([problems.isEmpty, problems.has('A'), problems.has('B')]).toEqual([false, true, false]);
});

it('prints a list for each variable, as the toolkits do', () => {
  const problems = collect([
    ['TOKEN', 'required field'],
    ['DEBUG', 'must be of boolean type'],
    ['TOKEN', 'another: problem'],
    ['TOKEN', 'required field'],
  ]);
  expect(problems.toString()).toBe("TOKEN:\n- required field\n- 'another: problem'\nDEBUG:\n- must be of boolean type");
  expect(String(new ValidationError(problems))).toBe(`ValidationError: Validation errors:\n${problems.toString()}`);
});

describe('is valid YAML without control characters, whatever a value contains', () => {
  const hostile = [
    `it's "quoted"`,
    'a: b',
    'a:',
    ': ',
    ' # comment',
    '#',
    '- item',
    '? key',
    '[a, b]',
    '{a: b}',
    '&anchor',
    '*alias',
    '!tag',
    '| block',
    '> folded',
    '%directive',
    '@at',
    '`tick`',
    '---',
    '...',
    'back\\slash \\n',
    'line\nbreak',
    'line\r\nbreak',
    'ERROR:\n- forged',
    'tab\there',
    'nul\0',
    '\u001B[31mred\u001B[0m',
    '\u007F',
    '\u009B31m',
    '\u0085',
    '\u2028 \u2029',
    '\uFEFF',
    '\u202Eevil',
    'ünï漢🎉',
    ' spaces ',
    '',
    '~',
    'null',
    '1.10',
  ];
  const frames = [
    (value: string) => `unallowed value ${value}: use file`,
    (value: string) => `must be a number, not ${value}`,
    (value: string) => `must be a number, not ${JSON.stringify(value)}`,
    (value: string) => `${value} is no slug`,
    (value: string) => `${JSON.stringify(value)} is no slug`,
  ];

  it.each(hostile)('%j', (value) => {
    const texts = frames.map((frame) => frame(value));
    const printed = collect(texts.map((text) => ['NAME', text] as const)).toString();
    expect(parse(printed)).toEqual({ NAME: texts });
    expect(printed.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(printed.split('\n')).toHaveLength(frames.length + 1);
  });
});
