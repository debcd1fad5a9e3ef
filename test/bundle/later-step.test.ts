/** The README's example of a step that deploys what an earlier step pushed: each step as a process of its own. */

import { existsSync, readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { parse } from 'yaml';
import type { Environment } from '../../pipe/toolkit/environment.ts';
import { readExamples } from '../docker-image/readme-examples.ts';
import type { PipeEntry } from '../local-pipe/pipe-entries.ts';
import { pipeEnvironment } from '../local-pipe/pipe-variables.ts';
import { outputOf } from '../release/run-command.ts';
import { type Ended, startBundle } from '../run-bundle.ts';
import { expectSuccess, useOneOfEach } from './one-of-each.ts';

const root = join(__dirname, '..', '..');
const uploads = useOneOfEach();
const [example] = readExamples(readFileSync(join(root, 'README.md'), 'utf8')).filter(({ title }) =>
  title.includes('deploys the digest'),
);

interface Step {
  readonly name: string;
  readonly 'output-variables'?: readonly string[];
  readonly script: readonly (string | object)[];
}

/** Runs a step's entry, with further variables for the sandbox. @returns its output variables, as Pipelines passes them on */
async function runEntry(
  { name, 'output-variables': listed = [] }: Step,
  step: Environment,
  more: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const entry = example?.entries.find((each) => each.step === name) as PipeEntry;
  const path = join(uploads.directory, 'output-variables');
  await rm(path, { force: true });
  const given = { ...entry, variables: { ...entry.variables, ...more } };
  const inStep = { ...step, BITBUCKET_PIPELINES_VARIABLES_PATH: path };
  const env = pipeEnvironment(given, readFileSync(join(root, 'pipe.yml'), 'utf8'), inStep);
  const ended: Ended = await startBundle(env as Record<string, string>, { cwd: uploads.directory }).ended;
  expectSuccess(ended);
  expect(existsSync(path)).toBe(true);
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
  const all = Object.fromEntries(lines.map((line) => /^(\w+)=(.*)$/.exec(line)?.slice(1) ?? [line, '']));
  return Object.fromEntries(listed.map((variable) => [variable, all[variable] ?? '']));
}

it('deploys the digest that the first step pushed', async () => {
  const pipeline = parse(example?.yaml ?? '') as {
    readonly pipelines: { readonly default: readonly { readonly step: Step }[] };
  };
  const [push, deploy] = pipeline.pipelines.default.map(({ step }) => step);
  if (push === undefined || deploy === undefined) throw new Error('the example has two steps');
  const { sandbox, origins, directory } = uploads;
  const target = { BITBUCKET_WORKSPACE: 'acme', BITBUCKET_REPO_SLUG: 'app' };

  const passedOn = await runEntry(push, target, uploads.variables('image', origins.image));
  const digest = sandbox.registry.repositories.get('acme/app')?.tags.get('1.0');
  const pulled = `${new URL(origins.image).host}/acme/app@${digest}`;
  expect(passedOn).toEqual({ IMAGE_PULL_REFERENCE: pulled });

  await writeFile(join(directory, 'deployment.yaml'), 'image: IMAGE\n');
  const later = { ...target, ...passedOn, REPOSITORY_ACCESS_TOKEN: sandbox.tokens.accessToken };
  const commands = deploy.script.filter((line) => typeof line === 'string');
  for (const command of commands)
    await outputOf('sh', ['-c', command], { cwd: directory, env: { ...process.env, ...later } });
  await runEntry(deploy, later, { API_URL: sandbox.apiUrl });
  expect(await sandbox.downloads.get('deployment.yaml')?.content()).toEqual(Buffer.from(`image: ${pulled}\n`));
  expect(sandbox.violations).toEqual([]);
});
