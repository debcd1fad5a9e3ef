/** Skips tests that need something that not every machine has. */

import { describe, it } from '@jest/globals';

type Declare<Body> = (name: string, body: Body) => void;

/** `it`, or a skipped test with the reason in its name: ci-scripts/jest-skips-reporter.cjs prints both after the run. */
export function itIf(condition: boolean, reason: string): Declare<() => void | Promise<void>> {
  return condition ? it : (name, body) => it.skip(`${name} [skipped: ${reason}]`, body);
}

/** The same for `describe`. */
export function describeIf(condition: boolean, reason: string): Declare<() => void> {
  return condition ? describe : (name, body) => describe.skip(`${name} [skipped: ${reason}]`, body);
}
