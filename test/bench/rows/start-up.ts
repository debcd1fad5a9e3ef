/** Measures the time from the start to a validation error: the fixed cost of the pipe. */

import { medianWallMs } from '../contest.ts';
import type { Command } from '../measure.ts';
import { type Bench, ratio, type Row } from '../row.ts';
import { plainEnvironment, withCompileCache } from '../uploads.ts';

/** These runs are short, so many are needed. */
const minRounds = 21;

export const startUp: Row = {
  id: 'start-up',
  async measure(bench) {
    const pipe = { ...command(bench, [process.execPath, bench.bundlePath]), exitCode: 1, prints: 'Validation errors' };
    const { program, missing } = bench.peers.python;
    const scores = await bench.compete(
      [
        {
          name: 'the pipe, with its compile cache as in the image',
          command: withCompileCache(bench, pipe),
        },
        { name: 'the pipe, without', command: pipe },
        { name: 'node -e 0', command: command(bench, [process.execPath, '-e', '0']) },
        {
          name: 'python -c "import requests, yaml"',
          missing,
          command: program === undefined ? undefined : command(bench, [program, '-c', 'import requests, yaml']),
        },
      ],
      { rounds: bench.isQuick ? bench.rounds : Math.max(bench.rounds, minRounds) },
    );
    const [cached, uncached, node, python] = scores.map(medianWallMs);
    return {
      title: 'Start-up to a validation error',
      scores,
      targets: [
        { claim: "start-up: the pipe's time / node's", actual: ratio(cached, node), relation: '≤', limit: 3 },
        {
          claim: "start-up without compile cache: the pipe's time / node's",
          actual: ratio(uncached, node),
          relation: '≤',
          limit: 3,
        },
        { claim: "start-up: the pipe's time / Python's", actual: ratio(cached, python), relation: '<', limit: 0.5 },
      ],
    };
  },
};

function command(bench: Bench, argv: readonly string[]): Command {
  return { argv, env: plainEnvironment(), workingDirectory: bench.directory };
}
