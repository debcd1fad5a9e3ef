/** Appends output variables for later steps to the file that Pipelines names. */

import { appendFile, readFile } from 'node:fs/promises';
import type { Environment } from './environment.ts';
import { fileSystemAdvice } from './file-system-advice.ts';
import { OpenFilesError, openPatiently } from './open-files.ts';
import type { Scrub } from './scrub.ts';
import { escapeUnprintable } from './stdout.ts';
import { withinLimit } from './write-limit.ts';

/** The variable that names the file. */
export const outputVariablesPath = 'BITBUCKET_PIPELINES_VARIABLES_PATH';

/** Pipelines accepts 50 output variables of 100 KB in total per step; one pipe should not use up that limit. */
const maxValueCharacters = 10_000;
const maxVariables = 50;

/**
 * Appends `NAME=value` lines; outside Pipelines, does nothing. Secrets are removed from the values. The format has no escapes,
 * so a value that is not printable, such as one with a line break, which could inject another variable, is omitted, and so is
 * one that is too long.
 *
 * @returns warnings: about variables that are omitted, or about the file, if it cannot be written
 */
export async function writeOutputVariables(
  env: Environment,
  variables: Readonly<Record<string, string | undefined>>,
  scrub: Scrub,
): Promise<readonly string[]> {
  const path = env[outputVariablesPath];
  if (!path) return [];
  const lines: string[] = [];
  const warnings: string[] = [];
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined) continue;
    const safe = scrub(value);
    const problem = problemWith(safe);
    if (problem === undefined) lines.push(`${name}=${safe}\n`);
    else warnings.push(`The output variable ${name} is left out: its value ${problem}`);
  }
  if (lines.length > maxVariables)
    warnings.push(
      `The run has ${lines.length} output variables, but Pipelines accepts only ${maxVariables} of a step: publish fewer items in one run, or read the result from --output`,
    );
  try {
    await withinLimit(appendLines(path, lines.join('')), path);
  } catch (error) {
    const names = lines.map((line) => line.replace(/=[^]*/, '')).join(', ');
    const advice = fileSystemAdvice(error);
    const reason = `${(error as Error).message}${advice === undefined ? '' : `. ${advice}`}`;
    warnings.push(
      `The output variables (${names}) could not be written to ${path} (${outputVariablesPath}): ${reason}`,
    );
  }
  return warnings;
}

function problemWith(value: string): string | undefined {
  if (value.length > maxValueCharacters) return `has more than ${maxValueCharacters} characters`;
  return escapeUnprintable(value) === value ? undefined : 'has characters that are not printable';
}

async function appendLines(path: string, lines: string): Promise<void> {
  const before = await openPatiently(path, async () => await readFile(path, 'utf8')).catch((error: unknown) => {
    if (error instanceof OpenFilesError) throw error;
    return '';
  });
  const separator = before === '' || before.endsWith('\n') ? '' : '\n';
  await openPatiently(path, async () => await appendFile(path, separator + lines));
}
