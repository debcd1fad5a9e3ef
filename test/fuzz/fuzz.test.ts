/** Runs every fuzzer for a moment, each in a process of its own. By hand, for longer: `npm run test:fuzz -- --minutes 10`. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { targetNames } from './target-names.ts';

// Always the same cases, so that a change is judged and not its luck. Longer runs choose a seed and print it.
const seed = process.env['FUZZ_SEED'] ?? '1';
const seconds = process.env['FUZZ_SECONDS'] ?? '1';

it.each(targetNames)('%s', (name) => {
  const program = [join(__dirname, 'main.ts'), '--seconds', seconds, '--seed', seed, name];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', ...program],
    {
      encoding: 'utf8',
    },
  );
  expect({ status, output: stdout + stderr }).toEqual({
    status: 0,
    output: expect.stringMatching(/^[\w-]+: \d+ cases/),
  });
  process.stdout.write(stdout);
});
