/** Steps that publish files of one version of a Python package at once. */

import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { lib, sdist, sdistName, wheel, wheelName } from '../destinations/pypi/packages.ts';
import type { Ended, Variables } from '../run-bundle.ts';
import { arrayVariables, useSandbox } from '../run-pipe.ts';
import { tokens } from '../sandbox/tokens.ts';
import { runSteps, stepCount } from './run-steps.ts';

describe.each(['pypi', 'pypiserver', 'other'] as const)('an index that answers as %s', (dialect) => {
  const fixture = useSandbox({ pypi: { dialect } });

  /** Publishes the file of each step. */
  async function publish(
    fileOf: (index: number) => { readonly name: string; readonly content: Buffer },
    ...args: readonly string[]
  ): Promise<readonly Ended[]> {
    return await runSteps(
      fixture.directory,
      async ({ index, directory }) => {
        const { name, content } = fileOf(index);
        await writeFile(join(directory, name), content);
        return {
          TYPE: 'pypi',
          REGISTRY: fixture.sandbox.pypiUrl,
          USERNAME: tokens.packagesUser,
          TOKEN: tokens.packagesToken,
          FILENAME: name,
          ...(arrayVariables('EXTRA_ARGS', [...args, '--output', 'result.json']) as Variables),
        };
      },
      { servers: () => fixture.sandbox },
    );
  }

  function sha256Of(filename: string): string | undefined {
    return fixture.sandbox.pypi.projects.get(lib.name)?.get(filename)?.content.sha256;
  }

  it('gets the files of all steps', async () => {
    const fileOf = (index: number): { name: string; content: Buffer } =>
      index === 0
        ? { name: sdistName(lib), content: sdist() }
        : { name: wheelName(lib, `cp3${index}-abi3-linux_x86_64`), content: contentOf(index) };
    expect(failures(await publish(fileOf))).toEqual([]);
    for (const index of indexes) {
      const { name, content } = fileOf(index);
      expect([name, sha256Of(name)]).toEqual([name, sha256(content)]);
    }
    expect(fixture.sandbox.violations).toEqual([]);
  });

  it('has one file that all of them publish, and none of them fails', async () => {
    const content = contentOf(0);
    expect(failures(await publish(() => ({ name: wheelName(lib), content })))).toEqual([]);
    expect(sha256Of(wheelName(lib))).toBe(sha256(content));
    expect(fixture.sandbox.violations).toEqual([]);
  });

  it('has the content of the one step that succeeds, if all have other content', async () => {
    const steps = await publish((index) => ({ name: wheelName(lib), content: contentOf(index) }));
    const winners = indexes.filter((index) => steps[index]?.exitCode === 0);
    expect(winners.map((index) => sha256(contentOf(index)))).toEqual([sha256Of(wheelName(lib))]);
    for (const output of failures(steps)) expect(output).toMatch(/with other content/);
    expect(fixture.sandbox.violations).toEqual([]);
  });

  it('with --skip-existing, it is the step whose content stays that says so', async () => {
    const steps = await publish((index) => ({ name: wheelName(lib), content: contentOf(index) }), '--skip-existing');
    expect(failures(steps)).toEqual([]);
    const uploaded: string[] = [];
    for (const index of indexes) {
      const text = await readFile(join(fixture.directory, `step-${index}`, 'result.json'), 'utf8');
      const { items } = JSON.parse(text) as { items: readonly { action: string }[] };
      if (items[0]?.action === 'uploaded') uploaded.push(sha256(contentOf(index)));
    }
    expect(uploaded).toEqual([sha256Of(wheelName(lib))]);
  });
});

const indexes = Array.from({ length: stepCount }, (_, index) => index);

/** A wheel of which only one file differs between the steps. */
function contentOf(index: number): Buffer {
  return wheel(lib, { 'acme_lib/step.py': `step = ${index}\n` });
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function failures(steps: readonly Ended[]): readonly string[] {
  return steps.filter(({ exitCode }) => exitCode !== 0).map(({ output }) => output);
}
