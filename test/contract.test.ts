import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { parseMetadata } from '../pipe/toolkit/metadata.ts';
import type { OptionRow } from '../pipe/toolkit/option-table.ts';
import type { VariableRow } from '../pipe/toolkit/variable-table.ts';
import { options, packagesVariables, secretVariables, variables } from '../pipe/settings/variables.ts';

const root = join(__dirname, '..');
const read = (name: string): string => readFileSync(join(root, name), 'utf8');

const readme = read('README.md');
const pipe = parse(read('pipe.yml')) as {
  readonly name: string;
  readonly image: string;
  readonly repository: string;
  readonly variables: readonly { readonly name: string; readonly default?: string }[];
};
const variableRows = Object.entries<VariableRow>(variables);
const optionRows = Object.entries<OptionRow>(options);

/** The cells of each row of the README's table with this header. */
function table(...header: readonly string[]): readonly (readonly string[])[] {
  const lines = readme.split('\n');
  const start = lines.findIndex((line) => cells(line).join() === header.join());
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'));
  expect({ header, start }).not.toEqual({ header, start: -1 });
  return lines.slice(start + 2, end).map(cells);
}

/** A bar within a cell is written `\|`. */
function cells(line: string): readonly string[] {
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll(String.raw`\|`, '|'));
}

describe("README's", () => {
  it('table of variables is the table of the code', () => {
    expect(table('Variable', 'Usage')).toEqual(
      variableRows.map(([name, { required, usage }]) => [required === true ? `${name} (*)` : name, usage]),
    );
    expect(readme).toMatch(/\|\n\n_\(\*\) = required variable\._\n/);
  });

  it('table of options is the table of the code', () => {
    expect(table('Option', 'Usage')).toEqual(
      optionRows.map(([name, { takes, placeholder = 'VALUE', usage }]) => {
        const value = { flag: '', value: ` ${placeholder}`, optional: `[=${placeholder}]` }[takes];
        return [`\`${name}${value}\``, usage];
      }),
    );
  });

  it('snippet has every variable, the optional ones as comments', () => {
    const snippet = /^## YAML Definition\n[^#]*?```yaml\n(.*?)```/ms.exec(readme)?.[1] ?? '';
    const shown = [...snippet.matchAll(/^ {4}(# )?([A-Z_]+): /gm)].map(([, comment, name]) => [
      name,
      comment === undefined,
    ]);
    expect(shown).toHaveLength(variableRows.length);
    expect(Object.fromEntries(shown)).toEqual(
      Object.fromEntries(variableRows.map(([name, { required }]) => [name, required === true])),
    );
  });

  it('titles are those that every pipe has, in their order', () => {
    expect(readme).toMatch(new RegExp(`^# Bitbucket Pipelines Pipe: ${pipe.name}\n\n.+\n`));
    const usual = ['YAML Definition', 'Variables', 'Prerequisites', 'Examples', 'Support', 'License'];
    const titles = [...readme.matchAll(/^## (.+)$/gm)].map(([, title]) => title ?? '');
    expect(titles.filter((title) => usual.includes(title))).toEqual(usual);
  });
});

describe('pipe.yml', () => {
  it('has the variables of the code', () => {
    const own = Object.values<string>(packagesVariables);
    expect(pipe.variables.map(({ name }) => name)).toEqual([...variableRows.map(([name]) => name), ...own]);
    for (const name of own) expect(pipe.variables).toContainEqual({ name, default: `\${${name}}` });
  });

  it('has no default that the code does not have', () => {
    for (const { name, default: value } of pipe.variables) {
      const row = variableRows.find(([known]) => known === name)?.[1];
      // What the step has, and a pipe is not given by itself.
      if (Object.values<string>(packagesVariables).includes(name)) continue;
      const known = [row?.default, ...(row?.fallbacks ?? []).map((fallback) => `\${${fallback}}`), undefined];
      expect([name, known]).toEqual([name, expect.arrayContaining([value])]);
    }
  });

  it('has no default for a variable with another name, which would contradict what a user sets by that', () => {
    const withAliases = variableRows.filter(([, { aliases = [] }]) => aliases.length > 0).map(([name]) => name);
    const withDefaults = pipe.variables.filter((variable) => variable.default !== undefined).map(({ name }) => name);
    expect(withDefaults.filter((name) => withAliases.includes(name))).toEqual([]);
  });

  it('names the one version and the one image that package.json and README name', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    const metadata = parseMetadata(read('pipe.yml'));
    expect(metadata?.version).toBe(version);
    const [account] = pipe.image.split('/');
    const mentions = readme.match(new RegExp(`${account}/[a-z-]+:[\\w.-]+`, 'g')) ?? [];
    expect(mentions.length).toBeGreaterThanOrEqual(2);
    expect([...new Set([...mentions, pipe.image, `${metadata?.repositoryPath}:${version}`])]).toEqual([pipe.image]);
  });
});

describe('the tables of the code', () => {
  it('have a usage for every row, which fits into a cell', () => {
    for (const [name, { usage }] of [...variableRows, ...optionRows])
      expect([name, usage]).toEqual([name, expect.stringMatching(/^[A-Z][^\n|]+\.$/)]);
  });

  it('mark as secret whatever may hold a token, under any name', () => {
    const names = variableRows
      .filter(([, { secret }]) => secret === true)
      .flatMap(([name, row]) => [name, ...(row.aliases ?? [])]);
    expect(names).toEqual(expect.arrayContaining(['TOKEN']));
    expect(secretVariables).toEqual(expect.arrayContaining(names));
  });
});
