import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { planPublication } from '../../../pipe/destinations/maven/plan.ts';
import { InputError } from '../../../pipe/errors.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'maven-plan-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

it('refuses a FILENAME that matches two files of the same name', async () => {
  for (const name of ['a', 'b']) {
    await mkdir(join(directory, name));
    await writeFile(join(directory, name, 'app.jar'), '');
  }
  const settings = {
    patterns: { form: 'string', value: '*/app.jar' },
    pom: undefined,
    sources: undefined,
    javadoc: undefined,
    classifier: undefined,
    attachments: [],
  } as const;
  const planning = planPublication(settings, { workingDirectory: directory });
  await expect(planning).rejects.toThrow(InputError);
  await expect(planning).rejects.toThrow(
    /^FILENAME matches 2 files \(a\/app\.jar, b\/app\.jar\), but a run publishes one artifact/,
  );
});
