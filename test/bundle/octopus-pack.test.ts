/** Takes the place of Octopus's pack pipe: its own examples work with only the image's name changed. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { type Ended, startBundle } from '../run-bundle.ts';

/** From "Bitbucket Pipelines - Pipes and integrating with Octopus Deploy", "Running the Pipe". */
const dockerRun = String.raw`
sudo docker run \
   -e ID="randomquotes-js" \
   -e FORMAT="Zip" \
   -e VERSION="1.0.0.0" \
   -e SOURCE_PATH="." \
   -e OUTPUT_PATH="./out" \
   -e DEBUG="false" \
   -v $(pwd):$(pwd) \
   -w $(pwd) \
 octopipes/pack:0.6.0
`;

/** From the same text, "Utilising the Pipe". */
const step = `
- step:
    name: Pack for Octopus
    script:
      - export VERSION=1.0.0.$BITBUCKET_BUILD_NUMBER
      - pipe: octopusdeploy/pack:0.6.0
        variables:
          ID: \${BITBUCKET_REPO_SLUG}
          FORMAT: 'Zip'
          VERSION: \${VERSION}
          SOURCE_PATH: '.'
          OUTPUT_PATH: './out'
          DEBUG: 'false'
    artifacts:
      - out/*.zip
`;

let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pack-'));
  for (const path of ['index.js', 'routes/api/quotes.js', '.gitignore', '.git/HEAD']) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), `content of ${path}`);
  }
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

async function run(env: Readonly<Record<string, string>>): Promise<Ended> {
  return await startBundle(env, { cwd: directory }).ended;
}

function expectPacked({ exitCode, output }: Ended, path: string): void {
  expect({ exitCode, output }).toEqual({
    exitCode: 0,
    output: expect.stringContaining(`✔ Packaging successful. Created package ${path}.\n`),
  });
  const names = readFileSync(join(directory, path)).toString('latin1');
  for (const name of ['index.js', 'routes/api/quotes.js', '.gitignore']) expect(names).toContain(name);
  expect(names).not.toContain('HEAD');
}

describe("an example of Octopus's pack pipe works", () => {
  it('with docker run', async () => {
    const env = Object.fromEntries(
      [...dockerRun.matchAll(/-e (\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
    );
    expect(Object.keys(env)).toHaveLength(6);
    expectPacked(await run(env), './out/randomquotes-js.1.0.0.0.zip');
  });

  it('in a pipeline', async () => {
    const [{ step: parsed }] = parse(step) as [{ step: { script: [string, { variables: Record<string, string> }] } }];
    const [exported, { variables }] = parsed.script;
    const shell: Record<string, string> = { BITBUCKET_BUILD_NUMBER: '42', BITBUCKET_REPO_SLUG: 'randomquotes-js' };
    const expand = (text: string): string =>
      text.replaceAll(/\$\{?(\w+)\}?/g, (_, name: string) => shell[name] ?? `$${name}`);
    const [, name = '', value = ''] = /^export (\w+)=(.*)$/.exec(exported) ?? [];
    shell[name] = expand(value);
    const env = Object.fromEntries(Object.entries(variables).map(([key, text]) => [key, expand(text)]));
    const pipelines = { ...shell, BITBUCKET_CLONE_DIR: directory, BITBUCKET_WORKSPACE: 'acme' };
    expectPacked(await run({ ...pipelines, ...env }), './out/randomquotes-js.1.0.0.42.zip');
  });

  it('with the words of Pipelines for an array', async () => {
    mkdirSync(join(directory, 'out'));
    writeFileSync(join(directory, 'out/app.1.0.0.nupkg'), 'other');
    const env = { ID: 'app', VERSION: '1.0.0', FORMAT: 'NuPkg', SOURCE_PATH: 'routes', OUTPUT_PATH: 'out' };
    const refused = await run(env);
    expect([refused.exitCode, refused.output]).toEqual([1, expect.stringContaining('exists with other content')]);
    const { exitCode } = await run({ ...env, EXTRA_ARGS_COUNT: '1', EXTRA_ARGS_0: '--overwrite' });
    expect([exitCode, existsSync(join(directory, 'out/app.1.0.0.nupkg'))]).toEqual([0, true]);
  });

  it.each(['ID', 'FORMAT', 'VERSION', 'SOURCE_PATH', 'OUTPUT_PATH'])('and without %s, says so', async (missing) => {
    const env = { ID: 'app', FORMAT: 'zip', VERSION: '1.0.0', SOURCE_PATH: '.', OUTPUT_PATH: 'out' };
    const { exitCode, output } = await run({ ...env, TYPE: 'octopus', [missing]: '' });
    // Only FORMAT has a default, which is that of most packages.
    expect(exitCode).toBe(missing === 'FORMAT' ? 0 : 1);
    if (missing !== 'FORMAT') expect(output).toContain('required field');
  });
});
