/** Runs the pipe in several steps at once, as parallel steps of a pipeline do: each a process of its own, in a directory of its own. */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Ended, startBundle, type StartOptions, type Variables } from '../run-bundle.ts';

/** How many steps run at once, unless a test needs another number: `STEPS=20 npm run test:steps` for more. */
export const stepCount = Number(process.env['STEPS'] ?? 6);

export interface Step {
  /** From 0. */
  readonly index: number;
  /** Its working directory. */
  readonly directory: string;
}

/**
 * Starts all steps, and waits for all of them.
 *
 * @param prepare writes what a step publishes into its directory, and returns its variables; no step starts before all are prepared
 */
export async function runSteps(
  directory: string,
  prepare: (step: Step) => Variables | Promise<Variables>,
  { count = stepCount, servers }: { readonly count?: number } & Pick<StartOptions, 'servers'> = {},
): Promise<readonly Ended[]> {
  const steps = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const own = join(directory, `step-${index}`);
      await mkdir(own, { recursive: true });
      return { directory: own, env: await prepare({ index, directory: own }) };
    }),
  );
  return await Promise.all(
    steps.map(async (step, index) => {
      // As Bitbucket Pipelines numbers them.
      const numbers = { BITBUCKET_PARALLEL_STEP: `${index}`, BITBUCKET_PARALLEL_STEP_COUNT: `${count}` };
      const { ended } = startBundle({ ...numbers, ...step.env }, { cwd: step.directory, ...(servers && { servers }) });
      return await ended;
    }),
  );
}
