import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { parseMetadata } from '../pipe/toolkit/metadata.ts';
import type { OptionRow } from '../pipe/toolkit/option-table.ts';
import type { VariableRow } from '../pipe/toolkit/variable-table.ts';
import {
  oidcTokenVariable,
  options,
  packagesVariables,
  secretVariables,
  type Type,
  types,
  variables,
} from '../pipe/settings/variables.ts';
import { imagePath, repositoryPath } from './own-names.ts';
import { expectGenerated } from './readme/generated.ts';
import { anchorOf, withGeneratedParts, withoutCode } from './readme/readme.ts';

const root = join(__dirname, '..');
const read = (name: string): string => readFileSync(join(root, name), 'utf8');

const readme = read('README.md');
const pipe = parse(read('pipe.yml')) as {
  readonly name: string;
  readonly image: string;
  readonly repository: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly variables: readonly { readonly name: string; readonly default?: string }[];
};
const variableRows = Object.entries<VariableRow>(variables);
const optionRows = Object.entries<OptionRow>(options);

describe("README's", () => {
  it('tables are those in the code, and its contents are its headings', async () => {
    await expectGenerated('README.md', withGeneratedParts(readme));
    expect(readme).toMatch(/\|\n\n_\(\*\) = required variable\._\n/);
  });

  it('troubleshooting quotes messages of the pipe, or of Bitbucket as the sandbox plays it', () => {
    const [, section = ''] = /^## Troubleshooting\n(.*?)^## /ms.exec(readme) ?? [];
    const quotes = [...section.matchAll(/^\| `([^`]+)`/gm)].flatMap(([, message = '']) => message.split(' … '));
    expect(quotes.length).toBeGreaterThan(5);
    const sources = ['pipe', 'test/sandbox'].flatMap((directory) =>
      readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => read(join(directory, name))),
    );
    for (const quote of quotes) {
      const words = quote.replace(/^\d{3}$| …$/, '');
      expect({ words, isKnown: sources.some((text) => text.includes(words)) }).toEqual({ words, isKnown: true });
    }
  });

  it('links lead to headings', () => {
    const text = withoutCode(readme);
    const anchors = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
    expect(new Set(anchors).size).toBe(anchors.length);
    for (const [, anchor] of text.matchAll(/\]\((#[^)]+)\)/g)) expect(anchors).toContain(anchor);
  });

  it('snippet has every variable, with the optional ones as comments', () => {
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

  it('titles are those of every pipe, in their usual order', () => {
    expect(readme).toMatch(new RegExp(`^# Bitbucket Pipelines Pipe: ${pipe.name}\n\n.+\n`));
    const usual = ['YAML Definition', 'Variables', 'Prerequisites', 'Examples', 'Support', 'License'];
    const titles = [...readme.matchAll(/^## (.+)$/gm)].map(([, title]) => title ?? '');
    expect(titles.filter((title) => usual.includes(title))).toEqual(usual);
  });
});

describe('pipe.yml', () => {
  it('has the variables in the code', () => {
    const own = [...Object.values<string>(packagesVariables), oidcTokenVariable];
    expect(pipe.variables.map(({ name }) => name)).toEqual([...variableRows.map(([name]) => name), ...own]);
    for (const name of own) expect(pipe.variables).toContainEqual({ name, default: `\${${name}}` });
  });

  it('names what each TYPE publishes', () => {
    const words: Readonly<Record<Type, string>> = {
      file: 'files',
      image: 'images',
      npm: 'npm',
      maven: 'Maven',
      pypi: 'Python',
      octopus: 'Octopus',
    };
    const tags: Readonly<Record<Type, string>> = {
      file: 'files',
      image: 'containers',
      npm: 'npm',
      maven: 'maven',
      pypi: 'python',
      octopus: 'octopus',
    };
    for (const type of types) {
      for (const text of [pipe.description, JSON.parse(read('package.json')).description, read('Dockerfile')])
        expect(text).toMatch(new RegExp(`\\b${words[type]}\\b`));
      expect(pipe.tags).toContain(tags[type]);
    }
  });

  it('has only defaults that the code has, too', () => {
    for (const { name, default: value } of pipe.variables) {
      const row = variableRows.find(([known]) => known === name)?.[1];
      // Variables of the step that Pipelines does not pass to pipes by itself.
      if ([...Object.values<string>(packagesVariables), oidcTokenVariable].includes(name)) continue;
      const known = [row?.default, ...(row?.fallbacks ?? []).map((fallback) => `\${${fallback}}`), undefined];
      expect([name, known]).toEqual([name, expect.arrayContaining([value])]);
    }
  });

  it('has no default for a variable with aliases, which would contradict an alias that the user sets', () => {
    const withAliases = variableRows.filter(([, { aliases = [] }]) => aliases.length > 0).map(([name]) => name);
    const withDefaults = pipe.variables.filter((variable) => variable.default !== undefined).map(({ name }) => name);
    expect(withDefaults.filter((name) => withAliases.includes(name))).toEqual([]);
  });

  it('names the same version and image as package.json and README', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    const metadata = parseMetadata(read('pipe.yml'));
    expect(metadata?.version).toBe(version);
    // The path of the repository and that of the image may be the same.
    for (const path of new Set([repositoryPath, imagePath])) {
      const mentions = readme.match(new RegExp(`${path}:[\\w.-]+`, 'g')) ?? [];
      expect(mentions.length).toBeGreaterThanOrEqual(2);
      expect(new Set(mentions)).toEqual(new Set([`${path}:${version}`]));
    }
    expect([pipe.image, metadata?.repositoryPath]).toEqual([`${imagePath}:${version}`, repositoryPath]);
  });
});

describe('the tables in the code', () => {
  it('have a usage text for every row that fits into a table cell', () => {
    for (const [name, { usage }] of [...variableRows, ...optionRows])
      expect([name, usage]).toEqual([name, expect.stringMatching(/^[A-Z][^\n|]+\.$/)]);
  });

  it('mark as secret every variable that may contain a token, aliases included', () => {
    const names = variableRows
      .filter(([, { secret }]) => secret === true)
      .flatMap(([name, row]) => [name, ...(row.aliases ?? [])]);
    expect(names).toEqual(expect.arrayContaining(['TOKEN']));
    expect(secretVariables).toEqual(expect.arrayContaining(names));
  });
});
