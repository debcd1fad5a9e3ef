/** The parts of README.md that are made from the code and from its own headings. */

import { outputVariables } from '../../pipe/destinations/output-variables.ts';
import { options, variables } from '../../pipe/settings/variables.ts';
import type { OptionRow } from '../../pipe/toolkit/option-table.ts';
import type { VariableRow } from '../../pipe/toolkit/variable-table.ts';

/** The same README with these parts made anew. @throws Error if one is not there */
export function withGeneratedParts(readme: string): string {
  const variableRows = Object.entries<VariableRow>(variables).map(([name, { required, usage }]) => [
    required === true ? `${name} (*)` : name,
    usage,
  ]);
  const optionRows = Object.entries<OptionRow>(options).map(([name, { takes, placeholder = 'VALUE', usage }]) => {
    const value = { flag: '', value: ` ${placeholder}`, optional: `[=${placeholder}]` }[takes];
    return [`\`${name}${value}\``, usage];
  });
  const outputRows = Object.entries(outputVariables).map(([name, { appliesTo, usage }]) => [
    `\`${name}\``,
    appliesTo.map((type) => `\`${type}\``).join(', '),
    usage,
  ]);
  const withTables = [
    [['Variable', 'Usage'], variableRows] as const,
    [['Option', 'Usage'], optionRows] as const,
    [['Output variable', 'Of', 'Usage'], outputRows] as const,
  ].reduce((text, [header, rows]) => withTable(text, header, rows), readme);
  return withContents(withTables);
}

function withTable(readme: string, header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = readme.split('\n');
  const start = lines.indexOf(line(header));
  const end = lines.findIndex((each, index) => index > start && !each.startsWith('|'));
  if (start === -1) throw new Error(`README.md has no table of ${header.join(', ')}`);
  return [...lines.slice(0, start + 2), ...rows.map(line), ...lines.slice(end)].join('\n');
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
}

/** Lists all headings below it. Bitbucket shows no HTML, and puts its own prefix before the anchors of headings. */
function withContents(readme: string): string {
  const title = '## Contents\n\n';
  const start = readme.indexOf(title);
  const end = readme.indexOf('\n## ', start + title.length);
  if (start === -1 || end === -1) throw new Error('README.md has no contents');
  const headings = [...withoutCode(readme.slice(end)).matchAll(/^(##+) (.+)$/gm)];
  const list = headings.map(([, marks = '', text = '']) => {
    return `${'    '.repeat(marks.length - 2)}- [${text}](${anchorOf(text)})\n`;
  });
  return readme.slice(0, start + title.length) + list.join('') + readme.slice(end);
}

/** `#markdown-header-a-token-and-where-to-store-it` */
export function anchorOf(heading: string): string {
  const words = heading.toLowerCase().replaceAll(/[^\w\s-]/g, '');
  return `#markdown-header-${words.trim().replaceAll(/[\s-]+/g, '-')}`;
}

/** Without blocks of code, which may have lines that look like headings. */
export function withoutCode(readme: string): string {
  return readme.replaceAll(/^```[^]*?^```$/gm, '');
}
