/** Tests that need what not every machine has. */

import { describe, it } from '@jest/globals';

type Declare<Body> = (name: string, body: Body) => void;

/** The reason goes into the name: ci-scripts/jest-skips-reporter.cjs prints both when the run ends. */
export function itIf(condition: boolean, reason: string): Declare<() => void | Promise<void>> {
  return condition ? it : (name, body) => it.skip(`${name} [skipped: ${reason}]`, body);
}

export function describeIf(condition: boolean, reason: string): Declare<() => void> {
  return condition ? describe : (name, body) => describe.skip(`${name} [skipped: ${reason}]`, body);
}
