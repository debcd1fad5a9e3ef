/** The examples in README.md, as parts of whole pipelines, and the project's own pipelines, checked by pipeline-check. */

import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readExamples } from '../docker-image/readme-examples.ts';
import { describeIf } from '../skip-unless.ts';
import { outputOf } from './run-command.ts';

const root = join(__dirname, '..', '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const examples = readExamples(readme);
const tool = join(process.env['RELEASE_TOOLS'] || join(root, '.venv'), 'bin', 'pipeline_check');

/** What cannot be avoided: a text gives a reason for each. */
const reasonsIn = (text: string): readonly string[] => text.match(/\bBB-\d{3}\b/g) ?? [];
const reasons = reasonsIn(readme);

let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'examples-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

/** The example as a whole pipeline. A step that it does not show has a limit, as README.md says. */
function wholePipeline(yaml: string): string {
  const indent = (text: string, columns: number): string => text.replace(/^(?=.)/gm, ' '.repeat(columns));
  if (yaml.startsWith('pipelines:')) return yaml;
  const start = 'pipelines:\n  default:\n';
  if (yaml.startsWith('- step:')) return start + indent(yaml, 4);
  const step = `${start}    - step:\n        max-time: 10\n`;
  return yaml.startsWith('- pipe:') ? `${step}        script:\n${indent(yaml, 10)}` : step + indent(yaml, 8);
}

/** The checks that the pipelines fail, with the number of the pipeline. */
async function failedChecks(pipelines: readonly string[]): Promise<readonly (readonly [id: string, index: number])[]> {
  const place = await mkdtemp(join(directory, 'pipelines-'));
  for (const [index, yaml] of pipelines.entries()) {
    await mkdir(join(place, String(index)));
    await writeFile(join(place, String(index), 'bitbucket-pipelines.yml'), yaml);
  }
  const report = join(place, 'report.json');
  await outputOf(
    tool,
    ['--pipeline=bitbucket', '--bitbucket-path=.', '--output=json', `--output-file=${report}`, '--fail-on=CRITICAL'],
    { cwd: place },
  );
  const { findings }: { findings: readonly { check_id: string; resource: string; passed: boolean }[] } = JSON.parse(
    await readFile(report, 'utf8'),
  );
  return findings
    .filter(({ passed }) => !passed)
    .map(({ check_id: id, resource }) => [id, Number(/(\d+)\/bitbucket-pipelines\.yml$/.exec(resource)?.[1])] as const);
}

describeIf(existsSync(tool), 'pipeline-check is not installed')('pipeline-check', () => {
  it('finds nothing in the examples but what README.md gives a reason for', async () => {
    const failed = await failedChecks(examples.map(({ yaml }) => wholePipeline(yaml)));
    const unexplained = failed.filter(([id]) => !reasons.includes(id));
    expect(unexplained.map(([id, index]) => [id, examples[index]?.title])).toEqual([]);
    // Nor does README.md give a reason without need.
    expect([...new Set(failed.map(([id]) => id))].toSorted()).toEqual([...reasons].toSorted());
    expect(new Set(failed.map(([, index]) => index)).size).toBe(examples.length);
  });

  it("finds nothing in this project's own pipelines but what they give a reason for", async () => {
    const own = await readFile(join(root, 'bitbucket-pipelines.yml'), 'utf8');
    const failed = await failedChecks([own]);
    expect(failed.map(([id]) => id).toSorted()).toEqual(reasonsIn(own).toSorted());
  });

  it('finds more in a step that has no limit', async () => {
    const yaml = 'pipelines:\n  default:\n    - step:\n        script: [make]\n';
    expect(await failedChecks([yaml])).toContainEqual(['BB-005', 0]);
  });
});
